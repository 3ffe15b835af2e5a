#include <algorithm>
#include <bit>
#include <limits>

#include <fmt/format.h>

#include "message_index.hpp"
#include "scan.hpp"

namespace labrelay::hl7 {
namespace {

constexpr bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_alphanumeric(char c) {
    return is_upper(c) || (c >= 'a' && c <= 'z') || is_digit(c);
}
constexpr bool is_blank(char c) {
    return c == ' ' || c == '\0';
}

/// What can be a delimiter: visible ASCII that is no letter or digit. The quotation mark is not,
/// because
/// `""` would no longer be the explicit null.
constexpr bool can_delimit(char c) {
    return c > ' ' && c < 0x7f && !is_alphanumeric(c) && c != '"';
}

bool is_blank_text(std::string_view text) {
    for (const char c : text) {
        if (!is_blank(c) && c != '\r' && c != '\n') {
            return false;
        }
    }
    return true;
}

/// MSH-1 and MSH-2 (HL7 v2 chapter 2.5.4). Offsets are those of `text`, which begins with MSH.
Result<Delimiters> read_delimiters(std::string_view text) {
    constexpr std::size_t kField = 3;
    if (text.size() <= kField || !can_delimit(text[kField])) {
        return fail(Code::delimiters_bad, {"MSH-1", kField});
    }
    Delimiters delimiters{text[kField], 0, 0, 0, 0, 0};
    char* const levels[] = {&delimiters.component, &delimiters.repetition, &delimiters.escape,
                            &delimiters.subcomponent, &delimiters.truncation};
    std::size_t at = kField + 1;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == delimiters.field || c == '\r' || c == '\n') {
            break;
        }
        const std::size_t level = at - kField - 1;
        const std::string_view before = text.substr(kField, at - kField);
        if (level >= std::size(levels) || !can_delimit(c) || before.find(c) != before.npos) {
            return fail(Code::delimiters_bad, {"MSH-2", at});
        }
        *levels[level] = c;
    }
    if (at == kField + 1) {
        return fail(Code::delimiters_bad, {"MSH-2", at});
    }
    return delimiters;
}

/// What ends MSH ends all segments. CR always ends a segment, with a LF that follows it; LF only
/// where MSH ends with it, otherwise it is text.
LineEnd read_line_end(std::string_view text) {
    const std::size_t end = find_line_end(text);
    if (end == text.size()) {
        return LineEnd::none;
    }
    if (text[end] == '\n') {
        return LineEnd::lf;
    }
    return end + 1 < text.size() && text[end + 1] == '\n' ? LineEnd::crlf : LineEnd::cr;
}

/// Goes once over the text and writes the index. Line ends come with the number of field separators
/// before them, so that separators need not be looked at one by one.
class Scanner {
public:
    Scanner(MessageIndex& index, const ParseOptions& options)
        : index_(index), text_(index.text), options_(options) {}

    std::optional<Error> run() {
        index_.separators = OffsetList(text_.size() / 4 + kBlock);
        index_.segments.reserve(text_.size() / 64 + 4);
        for (std::size_t begin = 0; begin < text_.size(); begin += kBlock) {
            if (!scan(begin)) {
                return error_;
            }
        }
        if (!end_of_text()) {
            return error_;
        }
        index_names();
        add_findings();
        return std::nullopt;
    }

private:
    bool scan(std::size_t begin) {
        BlockMasks masks;
        const char field = index_.notation.delimiters.field;
        if (text_.size() - begin >= kBlock) {
            masks = scan_block(text_.data() + begin, field);
        } else {
            std::array<char, kBlock> tail{};
            text_.copy(tail.data(), tail.size(), begin);
            masks = scan_block(tail.data(), field);
        }
        const std::size_t separators_before = index_.separators.size();
        index_.separators.reserve_more(kBlock);
        for (std::uint64_t bits = masks.fields; bits != 0; bits &= bits - 1) {
            const auto bit = static_cast<unsigned>(std::countr_zero(bits));
            index_.separators.push_reserved(static_cast<std::uint32_t>(begin + bit));
        }
        for (std::uint64_t bits = masks.line_ends; bits != 0; bits &= bits - 1) {
            const auto bit = static_cast<unsigned>(std::countr_zero(bits));
            const std::uint64_t below = (std::uint64_t{1} << bit) - 1;
            const auto separators =
                separators_before + static_cast<unsigned>(std::popcount(masks.fields & below));
            if (!line_break(begin + bit, separators)) {
                return false;
            }
        }
        return true;
    }

    bool line_break(std::size_t at, std::size_t separators) {
        if (text_[at] == '\n') {
            if (at == line_begin_ && at > 0 && text_[at - 1] == '\r') {
                line_begin_ = at + 1;  // the second half of CRLF
                return true;
            }
            if (at == line_begin_) {
                return line(at, at + 1, separators);
            }
            if (index_.line_end != LineEnd::lf) {
                note_break_in_text(at);
                return true;
            }
        }
        return line(at, at + 1, separators);
    }

    bool end_of_text() {
        std::size_t end = text_.size();
        while (end > line_begin_ && text_[end - 1] == '\0') {
            --end;
        }
        if (end > line_begin_ && !line(end, text_.size(), index_.separators.size())) {
            return false;
        }
        if (end < text_.size()) {
            trailing_ = std::min(trailing_, end);
        }
        return true;
    }

    /// One line without its end. `next`: where the next begins.
    bool line(std::size_t end, std::size_t next, std::size_t separators) {
        const std::string_view content = text_.substr(line_begin_, end - line_begin_);
        const std::size_t begin = line_begin_;
        const std::size_t first_separator = separator_begin_;
        line_begin_ = next;
        separator_begin_ = separators;
        ++line_number_;
        if (content.empty() || (is_blank(content.front()) && is_blank_text(content))) {
            trailing_ = std::min(trailing_, begin);
            return true;
        }
        if (trailing_ < begin) {
            blank_line_ = std::min(blank_line_, trailing_);
            trailing_ = Place::kNoOffset;
        }
        return segment(begin, content, first_separator, separators - first_separator);
    }

    /// Three letters or digits, a letter first, and the separator or nothing after them, with
    /// blanks between.
    bool could_be_name(std::string_view line) const {
        const std::string_view after = line.substr(std::min<std::size_t>(line.size(), 3));
        const std::size_t next = after.find_first_not_of(' ');
        return line.size() >= 3 && is_alphanumeric(line[0]) && !is_digit(line[0]) &&
               is_alphanumeric(line[1]) && is_alphanumeric(line[2]) &&
               (next == after.npos || after[next] == index_.notation.delimiters.field);
    }

    /// Where the source allows it: blanks before a name are left out, lower case becomes upper
    /// case.
    std::string_view repair_name(std::size_t& begin, std::string_view content) {
        const std::size_t blanks = std::min(content.find_first_not_of(' '), content.size());
        const std::string_view line = content.substr(blanks);
        if (!could_be_name(line)) {
            return content;
        }
        const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
        const bool padded = blanks > 0 || (line.size() > 3 && line[3] == ' ');
        if (!padded && std::none_of(line.begin(), line.begin() + 3, lower)) {
            return content;
        }
        begin += blanks;
        for (std::size_t at = begin; at < begin + 3; ++at) {
            char& c = index_.text[at];
            c = lower(c) ? static_cast<char>(c - ('a' - 'A')) : c;
        }
        repaired_name_ = std::min(repaired_name_, begin);
        return line;
    }

    /// Where the source allows it: the line belongs to the segment before it, its line end to the
    /// field. Not where it looks like a segment whose name is wrong.
    bool join(std::size_t begin, std::string_view content, std::size_t separator_count) {
        const bool looks_like_segment =
            content.size() > 3 && content[3] == index_.notation.delimiters.field &&
            std::all_of(content.begin(), content.begin() + 3, is_alphanumeric);
        if (index_.segments.size() < 2 || looks_like_segment) {
            return false;
        }
        MessageIndex::SegmentEntry& before = index_.segments.back();
        before.end = static_cast<std::uint32_t>(begin + content.size());
        before.separator_count += static_cast<std::uint32_t>(separator_count);
        joined_line_ = std::min(joined_line_, begin);
        return true;
    }

    bool segment(std::size_t begin, std::string_view content, std::size_t first_separator,
                 std::size_t separator_count) {
        std::size_t padding = 0;
        if (options_.loose_segment_names) {
            content = repair_name(begin, content);
            padding = std::min(content.find_first_not_of(' ', 3), content.size());
            padding = content.size() > 3 ? padding - 3 : 0;
        }
        const bool has_id = content.size() >= 3 && is_upper(content[0]) &&
                            (is_upper(content[1]) || is_digit(content[1])) &&
                            (is_upper(content[2]) || is_digit(content[2]));
        if (has_id && begin > 0 && pack_name(content) == kMsh) {
            return refuse(Code::msh_repeated, {"MSH[2]", begin});
        }
        const std::size_t separator = 3 + padding;
        if (!has_id || (content.size() > separator &&
                        content[separator] != index_.notation.delimiters.field)) {
            if (options_.join_broken_lines && join(begin, content, separator_count)) {
                return true;
            }
            return refuse(Code::segment_id_bad, {"", begin});
        }
        if (index_.segments.size() >= options_.max_segments) {
            return refuse(Code::too_many_segments, {"", begin});
        }
        MessageIndex::SegmentEntry entry;
        entry.begin = static_cast<std::uint32_t>(begin);
        entry.end = static_cast<std::uint32_t>(begin + content.size());
        entry.first_separator = static_cast<std::uint32_t>(first_separator);
        entry.separator_count = static_cast<std::uint32_t>(separator_count);
        entry.name = index_.names.add(pack_name(content));
        entry.occurrence = ++index_.names.entries()[entry.name].count;
        index_.segments.push_back(entry);
        return true;
    }

    /// A LF inside a segment. Where a segment name follows, a segment may be hidden in the text.
    void note_break_in_text(std::size_t at) {
        break_in_text_ = std::min(break_in_text_, at);
        const std::string_view rest = text_.substr(at + 1, 4);
        if (rest.size() == 4 && rest[3] == index_.notation.delimiters.field && is_upper(rest[0]) &&
            is_alphanumeric(rest[1]) && is_alphanumeric(rest[2])) {
            hidden_segment_ = std::min(hidden_segment_, at);
        }
    }

    void index_names() {
        std::uint32_t first = 0;
        std::vector<NameTable::Entry>& names = index_.names.entries();
        for (NameTable::Entry& name : names) {
            name.first = first;
            first += name.count;
        }
        index_.positions.resize(index_.segments.size());
        for (std::size_t i = 0; i < index_.segments.size(); ++i) {
            const auto& entry = index_.segments[i];
            index_.positions[names[entry.name].first + entry.occurrence - 1] =
                static_cast<std::uint32_t>(i + 1);
        }
    }

    void add_findings() {
        const auto place = [&](std::size_t offset) { return Place{"", offset}; };
        if (break_in_text_ != Place::kNoOffset) {
            index_.findings.push_back(
                {Code::line_break_in_text, Severity::note, place(break_in_text_), "", ""});
        }
        if (hidden_segment_ != Place::kNoOffset) {
            index_.findings.push_back({Code::line_break_in_text, Severity::hold,
                                       place(hidden_segment_), "a segment name follows it", ""});
        }
        if (repaired_name_ != Place::kNoOffset) {
            index_.findings.push_back(
                {Code::segment_name_repaired, Severity::note, place(repaired_name_), "", ""});
        }
        if (joined_line_ != Place::kNoOffset) {
            index_.findings.push_back(
                {Code::line_joined, Severity::warning, place(joined_line_), "", ""});
        }
        if (blank_line_ != Place::kNoOffset) {
            index_.findings.push_back(
                {Code::blank_line, Severity::note, place(blank_line_), "", ""});
        }
        if (trailing_ != Place::kNoOffset) {
            index_.findings.push_back(
                {Code::trailing_bytes, Severity::note, place(trailing_), "", ""});
        }
    }

    bool refuse(Code code, Place place) {
        error_ = Error{code, std::move(place), fmt::format("line {}", line_number_)};
        return false;
    }

    MessageIndex& index_;
    std::string_view text_;
    ParseOptions options_;
    std::optional<Error> error_;
    std::size_t line_begin_ = 0;
    std::size_t separator_begin_ = 0;
    std::size_t line_number_ = 0;
    std::size_t break_in_text_ = Place::kNoOffset;
    std::size_t hidden_segment_ = Place::kNoOffset;
    std::size_t blank_line_ = Place::kNoOffset;
    std::size_t repaired_name_ = Place::kNoOffset;
    std::size_t joined_line_ = Place::kNoOffset;
    std::size_t trailing_ = Place::kNoOffset;  ///< first blank after the last segment so far
};

/// What cannot be a message at all.
std::optional<Error> refuse_outright(std::string_view text) {
    if (is_blank_text(text)) {
        return Error{Code::message_empty, {"", 0}, {}};
    }
    if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
        return Error{Code::frame_too_large, {"", std::numeric_limits<std::uint32_t>::max()}, {}};
    }
    const std::string_view id = text.substr(0, 3);
    if (id != "MSH") {
        return Error{Code::msh_missing, {"", 0}, {}};
    }
    return std::nullopt;
}

}  // namespace

Result<Message> Message::parse(std::string text, const ParseOptions& options) {
    if (std::optional<Error> error = refuse_outright(text)) {
        return tl::unexpected(*std::move(error));
    }
    Result<Delimiters> delimiters = read_delimiters(text);
    if (!delimiters) {
        return tl::unexpected(std::move(delimiters).error());
    }
    auto index = std::make_unique<MessageIndex>();
    index->text = std::move(text);
    index->notation = {*delimiters, options.charset};
    index->line_end = read_line_end(index->text);
    if (std::optional<Error> error = Scanner(*index, options).run()) {
        return tl::unexpected(*std::move(error));
    }
    find_order_oddities(*index);
    Message message(std::move(index));
    for (Finding& finding : message.index_->findings) {
        if (finding.place.text.empty() && finding.code != Code::trailing_bytes &&
            finding.code != Code::blank_line) {
            finding.place = message.place_of(finding.place.offset);
        }
    }
    return message;
}

}  // namespace labrelay::hl7
