#include "labrelay/hl7/header.hpp"

#include <algorithm>
#include <array>

#include "labrelay/hl7/escape.hpp"
#include "scan.hpp"

namespace labrelay::hl7 {
namespace {

constexpr std::string_view kSegmentEnds = "\r\n\x0b\x1c";

std::string_view without_mark(std::string_view bytes) {
    constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
    if (bytes.substr(0, kUtf8Mark.size()) == kUtf8Mark) {
        bytes.remove_prefix(kUtf8Mark.size());
    }
    return bytes;
}

/// The header line; of one that is too long what stands before the last separator in its first
/// 4 KiB, because the field after it is cut.
std::string_view readable_line(std::string_view bytes) {
    const std::string_view head = bytes.substr(0, kMaxHeaderBytes + 1);
    const std::size_t end = std::min(head.find_first_of(kSegmentEnds), head.size());
    std::string_view line = head.substr(0, end);
    if (end > kMaxHeaderBytes) {
        line = line.substr(0, std::max(line.rfind(line[3]), std::size_t{3}));
    }
    return line;
}

struct Version {
    std::string_view text;
    int number;
};

constexpr std::array kVersions{
    Version{"2.1", 210},   Version{"2.2", 220},   Version{"2.3", 230},   Version{"2.3.1", 231},
    Version{"2.4", 240},   Version{"2.5", 250},   Version{"2.5.1", 251}, Version{"2.6", 260},
    Version{"2.7", 270},   Version{"2.7.1", 271}, Version{"2.8", 280},   Version{"2.8.1", 281},
    Version{"2.8.2", 282}, Version{"2.9", 290},   Version{"2.9.1", 291},
};

/// The pieces of a header line whose delimiters need not be sound.
class LooseHeader {
public:
    explicit LooseHeader(std::string_view line) {
        if (line.size() < 4 || line.substr(0, 3) != "MSH") {
            return;
        }
        delimiters_.field = line[3];
        for_each_piece(line, line[3], [&](std::string_view piece, std::size_t) {
            if (count_ < fields_.size()) {
                fields_[count_++] = piece;
            }
        });
        const std::string_view encoding = fields_[1];
        char* const levels[] = {&delimiters_.component, &delimiters_.repetition,
                                &delimiters_.escape, &delimiters_.subcomponent};
        for (std::size_t i = 0; i < std::size(levels); ++i) {
            *levels[i] = i < encoding.size() ? encoding[i] : '\0';
        }
    }

    /// Field by HL7's number, as sent.
    std::string field(std::size_t number) const {
        return number - 1 < count_ ? std::string(fields_[number - 1]) : std::string();
    }
    std::string component(std::size_t number, std::size_t component) const {
        std::string text;
        std::size_t at = 0;
        const std::string whole = field(number);
        const std::string_view first =
            std::string_view(whole).substr(0, end_of(whole, delimiters_.repetition));
        for_each_piece(first, delimiters_.component, [&](std::string_view piece, std::size_t) {
            if (++at == component) {
                text =
                    unescape(piece.substr(0, end_of(piece, delimiters_.subcomponent)), delimiters_);
            }
        });
        return text == "\"\"" ? std::string() : text;
    }

private:
    static std::size_t end_of(std::string_view text, char separator) {
        return separator == 0 ? text.npos : text.find(separator);
    }

    Delimiters delimiters_;
    std::array<std::string_view, 22> fields_{};
    std::size_t count_ = 0;
};

}  // namespace

Header read_header(const Message& message) {
    const Segment msh = message.header();
    const auto text = [&](std::size_t field, std::size_t component = 1) {
        return msh.field(field).component(component).text();
    };
    Header header;
    header.sending_application = text(3);
    header.sending_facility = text(4);
    header.receiving_application = text(5);
    header.receiving_facility = text(6);
    header.time = text(7);
    header.message_code = text(9, 1);
    header.trigger_event = text(9, 2);
    header.structure = text(9, 3);
    header.control_id = std::string(msh.field(10).raw());
    header.processing_id = text(11);
    header.processing_mode = text(11, 2);
    header.version = text(12);
    header.sequence_number = text(13);
    header.continuation = text(14);
    header.accept_ack = text(15);
    header.application_ack = text(16);
    header.charset = text(18);
    header.profile = text(21);
    return header;
}

bool header_too_long(std::string_view bytes) {
    bytes = without_mark(bytes);
    return bytes.substr(0, 3) == "MSH" && bytes.size() > kMaxHeaderBytes &&
           bytes.substr(0, kMaxHeaderBytes + 1).find_first_of(kSegmentEnds) == bytes.npos;
}

Header read_header_of_unreadable(std::string_view bytes) {
    const LooseHeader loose(readable_line(without_mark(bytes)));
    Header header;
    header.sending_application = loose.component(3, 1);
    header.sending_facility = loose.component(4, 1);
    header.receiving_application = loose.component(5, 1);
    header.receiving_facility = loose.component(6, 1);
    header.time = loose.component(7, 1);
    header.message_code = loose.component(9, 1);
    header.trigger_event = loose.component(9, 2);
    header.structure = loose.component(9, 3);
    header.control_id = loose.field(10);
    header.processing_id = loose.component(11, 1);
    header.processing_mode = loose.component(11, 2);
    header.version = loose.component(12, 1);
    header.sequence_number = loose.component(13, 1);
    header.continuation = loose.component(14, 1);
    header.accept_ack = loose.component(15, 1);
    header.application_ack = loose.component(16, 1);
    header.charset = loose.component(18, 1);
    header.profile = loose.component(21, 1);
    return header;
}

int version_number(std::string_view msh12) {
    while (!msh12.empty() && msh12.front() == ' ') {
        msh12.remove_prefix(1);
    }
    while (!msh12.empty() && msh12.back() == ' ') {
        msh12.remove_suffix(1);
    }
    if (!msh12.empty() && (msh12.front() == 'V' || msh12.front() == 'v')) {
        msh12.remove_prefix(1);
    }
    for (;;) {
        const auto* const found =
            std::find_if(kVersions.begin(), kVersions.end(),
                         [&](const Version& version) { return version.text == msh12; });
        if (found != kVersions.end()) {
            return found->number;
        }
        if (msh12.size() < 2 || msh12.substr(msh12.size() - 2) != ".0") {
            return 0;
        }
        msh12.remove_suffix(2);
    }
}

}  // namespace labrelay::hl7
