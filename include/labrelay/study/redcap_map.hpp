#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace labrelay::study {

/// What a field of a REDCap project may be filled from: columns of lab_result. A column that is not
/// here cannot be named by a map, so that a map cannot send what was never meant to leave.
inline constexpr std::array<std::string_view, 27> kRedcapColumns{
    "result_id",  "subject",      "visit",      "visit_kind", "role",      "study_day",
    "analyte",    "analyte_name", "comparator", "value_text", "value_num", "unit",
    "ref_low",    "ref_high",     "range_flag", "lloq",       "uloq",      "result_state",
    "grade",      "status",       "version",    "reason",     "specimen",  "collected_at",
    "laboratory", "method",       "lineage_id",
};

/// A word of ours and the code of the project's choice that stands for it.
struct RedcapChoice {
    std::string value;
    std::string code;
};

struct RedcapField {
    std::string name;                   ///< in the project
    std::string from;                   ///< one of kRedcapColumns
    std::vector<RedcapChoice> choices;  ///< empty: the value itself is sent
};

/// Where the results of some analytes go: an instance each of a repeating instrument, or the same
/// fields of an event, which then hold the chosen draw.
struct RedcapResult {
    std::string instrument;
    bool repeats = true;
    std::vector<std::string> analytes;
    std::string complete;  ///< code for <instrument>_complete; empty: it is left alone
    std::vector<RedcapField> fields;

    const RedcapField* field_from(std::string_view column) const {
        const auto found =
            std::find_if(fields.begin(), fields.end(),
                         [&](const RedcapField& field) { return field.from == column; });
        return found == fields.end() ? nullptr : &*found;
    }
};

/// A visit's id, `unscheduled` or `history`, and the unique name of its event.
struct RedcapEvent {
    std::string visit;
    std::string name;
};

/// `<redcap>` of a study.xml: how results stand in the study's REDCap project, and the allow-list
/// of what leaves for it. A value; checked against the project by targets::check_redcap_map().
struct RedcapMap {
    enum class Format : std::uint8_t { flat, eav };

    Format format = Format::flat;
    bool longitudinal = true;
    bool new_records = false;  ///< false: a subject without a record is refused, not created
    std::vector<RedcapEvent> events;
    std::vector<std::string> left_out;  ///< visits, `unscheduled`, `history`: not told to REDCap
    std::vector<RedcapResult> results;

    const RedcapResult* result_of(std::string_view analyte) const {
        for (const RedcapResult& result : results) {
            if (std::find(result.analytes.begin(), result.analytes.end(), analyte) !=
                result.analytes.end()) {
                return &result;
            }
        }
        return nullptr;
    }
    const RedcapEvent* event_of(std::string_view visit) const {
        const auto found =
            std::find_if(events.begin(), events.end(),
                         [&](const RedcapEvent& event) { return event.visit == visit; });
        return found == events.end() ? nullptr : &*found;
    }
    bool leaves_out(std::string_view visit) const {
        return std::find(left_out.begin(), left_out.end(), visit) != left_out.end();
    }
};

}  // namespace labrelay::study
