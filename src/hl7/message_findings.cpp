#include <algorithm>

#include "labrelay/hl7/escape.hpp"
#include "message_index.hpp"

namespace labrelay::hl7 {
namespace {

constexpr std::size_t kMaxEscapeFindings = 100;

/// Position of the first segment of that name; 0 where there is none.
std::size_t first_position(const MessageIndex& index, std::string_view id) {
    const NameTable::Entry* name = index.names.find(pack_name(id));
    return name == nullptr ? 0 : index.positions[name->first];
}

void add(MessageIndex& index, std::size_t position, std::string detail) {
    const auto& segment = index.segments[position - 1];
    index.findings.push_back({Code::segment_unexpected,
                              Severity::warning,
                              {std::string(index.id_of(segment)), segment.begin},
                              std::move(detail),
                              ""});
}

/// The first bytes of MSH-9: ORU, or OUL^R22.
std::string_view message_type(const MessageIndex& index, std::size_t length) {
    const auto& header = index.segments.front();
    constexpr std::size_t kType = 9;
    if (header.separator_count < kType - 1) {
        return {};
    }
    const std::size_t begin = index.separators[header.first_separator + kType - 2] + std::size_t{1};
    return std::string_view(index.text).substr(begin, length);
}

}  // namespace

void find_order_oddities(MessageIndex& index) {
    const std::size_t pid = first_position(index, "PID");
    const std::size_t obr = first_position(index, "OBR");
    const std::size_t obx = first_position(index, "OBX");
    const std::size_t spm = first_position(index, "SPM");
    const bool is_oru = message_type(index, 3) == "ORU";
    const std::string_view type = message_type(index, 7);
    const bool specimen_leads = type.size() == 7 && type.substr(0, 3) == "OUL" &&
                                (type.ends_with("R22") || type.ends_with("R23"));
    if (obx != 0 && (obr == 0 || obx < obr) && is_oru) {
        add(index, obx, "before any OBR");
    }
    if (is_oru && spm != 0 && obx != 0 && spm < obx) {
        add(index, spm, "before the results of its order");
    }
    if (specimen_leads && spm != 0 && obr != 0 && obr < spm) {
        add(index, obr, "before any SPM");
    }
    for (const std::string_view id : {"ORC", "OBR", "OBX", "SPM", "SAC"}) {
        const std::size_t first = first_position(index, id);
        if (first != 0 && first < pid) {
            add(index, first, "before the patient's PID");
        }
    }
    for (const std::string_view id : {"FHS", "BHS", "BTS", "FTS"}) {
        if (const std::size_t first = first_position(index, id)) {
            add(index, first, "a batch segment inside a message");
        }
    }
    for (const std::string_view id : {"DSC", "ADD"}) {
        if (const std::size_t first = first_position(index, id)) {
            add(index, first, "the message is continued in another one");
        }
    }
}

std::vector<Finding> find_unknown_escapes(const Message& message) {
    std::vector<Finding> findings;
    const char mark = message.delimiters().escape;
    if (mark == 0) {
        return findings;
    }
    for (std::size_t position = 1; position <= message.segment_count(); ++position) {
        const Segment segment = message.segment(position);
        if (segment.raw().find(mark) == std::string_view::npos) {
            continue;
        }
        const bool header = is_header_name(pack_name(segment.id()));
        for (std::size_t number = header ? 3 : 1; number <= segment.field_count(); ++number) {
            const Element field = segment.field(number);
            const auto at = find_unknown_escape(field.raw(), message.delimiters());
            if (!at) {
                continue;
            }
            findings.push_back({Code::escape_unknown, Severity::note,
                                message.place_of(field.offset() + *at), "", ""});
            if (findings.size() == kMaxEscapeFindings) {
                return findings;
            }
        }
    }
    return findings;
}

}  // namespace labrelay::hl7
