#include "labrelay/hl7/batch.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "scan.hpp"

namespace labrelay::hl7 {
namespace {

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
constexpr std::size_t kSegmentName = 3;
constexpr std::size_t kControlId = 11;

bool is_separator(char c) {
    const bool alphanumeric =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return c > ' ' && c < 0x7f && c != '"' && !alphanumeric;
}

enum class LineKind : std::uint8_t { msh, fhs, bhs, bts, fts, other, blank };

LineKind kind_of(std::string_view line) {
    if (line.find_first_not_of(std::string_view(" \t\r\n\0", 5)) == line.npos) {
        return LineKind::blank;
    }
    const std::string_view name = line.substr(0, kSegmentName);
    const bool has_fields = line.size() > kSegmentName && is_separator(line[kSegmentName]);
    if (has_fields && name == "MSH") {
        return LineKind::msh;
    }
    if (has_fields && name == "FHS") {
        return LineKind::fhs;
    }
    if (has_fields && name == "BHS") {
        return LineKind::bhs;
    }
    const bool trailer = has_fields || line.find_first_not_of(' ', kSegmentName) == line.npos;
    if (trailer && name == "BTS") {
        return LineKind::bts;
    }
    if (trailer && name == "FTS") {
        return LineKind::fts;
    }
    return LineKind::other;
}

/// A field by HL7's number; of a header, field 1 is the separator.
std::string_view field_of(std::string_view segment, std::size_t number, bool header) {
    if (segment.size() <= kSegmentName) {
        return {};
    }
    std::string_view found;
    const std::size_t wanted = header ? number - 1 : number;
    std::size_t piece_number = 0;
    for_each_piece(segment, segment[kSegmentName], [&](std::string_view piece, std::size_t) {
        if (piece_number++ == wanted) {
            found = piece;
        }
    });
    return found;
}

std::optional<std::size_t> number_in(std::string_view text) {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(number) : std::nullopt;
}

/// Goes once over the lines and writes the batch.
class BatchReader {
public:
    explicit BatchReader(std::string_view bytes) : bytes_(bytes) {}

    Batch read(std::size_t begin) && {
        batch_.marked = begin != 0;
        // What ends the first segment decides, as it does for a message.
        const std::size_t first_end = begin + find_line_end(bytes_.substr(begin));
        const bool lines_end_with_lf = first_end < bytes_.size() && bytes_[first_end] == '\n';
        while (begin < bytes_.size()) {
            const std::string_view rest = bytes_.substr(begin);
            std::size_t end =
                lines_end_with_lf ? find_line_end(rest) : std::min(rest.find('\r'), rest.size());
            const std::string_view content = rest.substr(0, end);
            if (end < rest.size()) {
                end += rest.substr(end, 2) == "\r\n" ? 2U : 1U;
            }
            line(begin, content);
            begin += end;
        }
        close_member(bytes_.size());
        return std::move(batch_);
    }

private:
    void line(std::size_t begin, std::string_view content) {
        switch (kind_of(content)) {
            case LineKind::msh:
                close_member(begin);
                open_member(begin);
                return;
            case LineKind::fhs:
                close_member(begin);
                if (batch_.file_header.empty()) {
                    batch_.file_header = std::string(content);
                }
                batches_ = 0;
                open_.clear();
                return;
            case LineKind::bhs:
                close_member(begin);
                open_group(std::string(content));
                return;
            case LineKind::bts:
                close_member(begin);
                end_group(begin, content);
                return;
            case LineKind::fts:
                close_member(begin);
                open_.clear();
                compare(begin, content, "FTS-1", {batches_, batches_});
                return;
            case LineKind::other:
                if (!member_) {
                    open_member(begin);
                    add(Code::batch_broken, Severity::warning, "", begin, "no MSH");
                }
                return;
            case LineKind::blank:
                return;
        }
    }

    void open_group(std::string header) {
        open_.push_back(batch_.groups.size());
        batch_.groups.push_back({std::move(header), 0, 0});
        ++batches_;
    }
    void end_group(std::size_t begin, std::string_view content) {
        if (open_.empty()) {
            add(Code::batch_broken, Severity::warning, "BTS", begin, "no BHS before it");
            compare(begin, content, "BTS-1", {0, 0});
            return;
        }
        const BatchGroup& group = batch_.groups[open_.back()];
        compare(begin, content, "BTS-1", {group.members, group.members + group.nested});
        open_.pop_back();
    }
    void open_member(std::size_t begin) {
        if (open_.empty()) {
            open_group({});
        }
        ++batch_.groups[open_.back()].members;
        for (std::size_t outer = 0; outer + 1 < open_.size(); ++outer) {
            ++batch_.groups[open_[outer]].nested;
        }
        member_ = BatchMember{begin, 0, open_.back()};
    }
    void close_member(std::size_t end) {
        if (member_) {
            member_->size = end - member_->offset;
            batch_.members.push_back(*member_);
            member_.reset();
        }
    }

    struct Expected {
        std::size_t own;
        std::size_t with_nested;
    };
    void compare(std::size_t begin, std::string_view trailer, std::string_view place,
                 Expected expected) {
        const std::string_view written = field_of(trailer, 1, false);
        if (written.find_first_not_of(' ') == written.npos) {
            return;
        }
        const std::optional<std::size_t> number = number_in(written);
        if (number != expected.own && number != expected.with_nested) {
            add(Code::batch_count_wrong, Severity::hold, place, begin,
                fmt::format("{} are there", expected.own));
        }
    }
    void add(Code code, Severity severity, std::string_view place, std::size_t offset,
             std::string detail) {
        if (batch_.findings.size() < kMaxFindings || severity == Severity::hold) {
            batch_.findings.push_back(
                {code, severity, {std::string(place), offset}, std::move(detail), {}});
        }
    }

    static constexpr std::size_t kMaxFindings = 100;

    std::string_view bytes_;
    Batch batch_;
    std::optional<BatchMember> member_;
    std::vector<std::size_t> open_;  ///< groups that no BTS has ended, outermost first
    std::size_t batches_ = 0;        ///< since FHS
};

/// Whether a line after the first is an MSH: the marks of one are looked for before lines are.
bool has_second_msh(std::string_view bytes) {
    const std::size_t end = find_line_end(bytes);
    const bool lf = end < bytes.size() && bytes[end] == '\n';
    for (std::size_t at = bytes.find("MSH", end); at != bytes.npos;
         at = bytes.find("MSH", at + 3)) {
        const char before = bytes[at - 1];
        const bool at_line_start =
            before == '\r' || (before == '\n' && (lf || bytes[at - 2] == '\r'));
        if (at_line_start && at + 3 < bytes.size() && is_separator(bytes[at + 3])) {
            return true;
        }
    }
    return false;
}

/// The reply's own header: sender and receiver swapped, ours and their control id.
std::string reply_header(std::string_view header, std::string_view reply_id, Instant time) {
    const auto field = [&](std::size_t number) { return field_of(header, number, true); };
    const char separator = header[kSegmentName];
    const std::string_view fields[] = {field(2), field(5), field(6), field(3), field(4)};
    std::string text(header.substr(0, kSegmentName));
    for (const std::string_view value : fields) {
        text += separator;
        text += value;
    }
    fmt::format_to(std::back_inserter(text), "{0}{1}{0}{0}{0}{0}{2}", separator, to_hl7(time),
                   reply_id);
    if (const std::string_view theirs = field(kControlId); !theirs.empty()) {
        text += separator;
        text += theirs;
    }
    text += '\r';
    return text;
}

std::string trailer(std::string_view name, std::string_view header, std::size_t count) {
    return fmt::format("{}{}{}\r", name, header[kSegmentName], count);
}

/// The first header that says who sent the batch.
std::string_view main_header(const Batch& batch) {
    for (const BatchGroup& group : batch.groups) {
        if (!group.header.empty()) {
            return group.header;
        }
    }
    return batch.file_header;
}

}  // namespace

bool Batch::enveloped() const {
    return !main_header(*this).empty();
}

Code Batch::hold() const {
    const auto found = std::find_if(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.severity == Severity::hold;
    });
    return found == findings.end() ? Code::none : found->code;
}

std::optional<Batch> split_batch(std::string_view bytes) {
    const std::size_t mark = bytes.substr(0, 3) == kUtf8Mark ? kUtf8Mark.size() : 0;
    const std::string_view body = bytes.substr(mark);
    const LineKind first = kind_of(body.substr(0, find_line_end(body)));
    const bool enveloped = first == LineKind::fhs || first == LineKind::bhs;
    if (!enveloped && !(first == LineKind::msh && has_second_msh(body))) {
        return std::nullopt;
    }
    return BatchReader(bytes).read(mark);
}

std::string build_batch_reply(const Batch& batch, std::string_view reply_id, Instant time,
                              const std::vector<BatchReplyPart>& parts) {
    std::vector<BatchReplyPart> sorted =
        parts;  // a nested group stands between its outer's members
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.group < b.group; });
    std::string reply;
    if (!batch.file_header.empty()) {
        reply += reply_header(batch.file_header, reply_id, time);
    }
    std::size_t at = 0;
    std::size_t batches = 0;
    for (std::size_t number = 0; number < batch.groups.size(); ++number) {
        const std::string& header = batch.groups[number].header;
        if (!header.empty()) {
            reply += reply_header(header, reply_id, time);
            ++batches;
        }
        std::size_t count = 0;
        for (; at < sorted.size() && sorted[at].group == number; ++at) {
            reply += sorted[at].ack;
            ++count;
        }
        if (!header.empty()) {
            reply += trailer("BTS", header, count);
        }
    }
    if (!batch.file_header.empty()) {
        reply += trailer("FTS", batch.file_header, batches);
    }
    return reply;
}

std::string header_for_whole(const Batch& batch) {
    const std::string_view header = main_header(batch);
    if (header.empty()) {
        return {};
    }
    std::string text = "MSH";
    for (std::size_t number = 2; number <= 7; ++number) {
        text += header[kSegmentName];
        text += field_of(header, number, true);
    }
    const char separator = header[kSegmentName];
    return fmt::format("{0}{1}{1}{1}{2}{1}P{1}2.5.1\r", text, separator, batch_control_id(batch));
}

std::string_view batch_control_id(const Batch& batch) {
    for (const BatchGroup& group : batch.groups) {
        if (const auto id = field_of(group.header, kControlId, true); !id.empty()) {
            return id;
        }
    }
    return field_of(batch.file_header, kControlId, true);
}

}  // namespace labrelay::hl7
