#include "labrelay/targets/reconcile_reader.hpp"

namespace labrelay::targets {

Result<std::vector<LabRow>> SqlReconcileReader::stored(const std::string& study) {
    StudyFilter filter;
    filter.study = study;
    return reader_.results(filter);
}

// The rest says where a value came from, not what it is.
std::vector<std::string_view> SqlReconcileReader::compared() const {
    return {"site",    "subject",    "visit",      "visit_kind",  "role", "study_day",
            "analyte", "comparator", "value_text", "value_num",   "unit", "result_state",
            "status",  "version",    "specimen",   "collected_at"};
}

std::string text_of(const LabRow& row, const LabColumn& column) {
    if (const auto* text = std::get_if<std::string LabRow::*>(&column.member)) {
        return row.**text;
    }
    const auto& number = row.*std::get<std::optional<std::int64_t> LabRow::*>(column.member);
    return number ? std::to_string(*number) : std::string();
}

}  // namespace labrelay::targets
