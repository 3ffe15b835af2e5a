#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/delivery/outbox.hpp"
#include "labrelay/study/analyte.hpp"
#include "labrelay/study/grade.hpp"

namespace labrelay::targets {

/// One row of the study database: lab_result or lab_result_version. This is the allow-list of what
/// leaves the engine: what has no member here cannot reach a study, and no member names a person.
/// Every target renders from it. Empty text means NULL. Numbers are exact decimals as text.
struct LabRow {
    std::string result_id;
    std::string study;
    std::string site;
    std::string subject;
    std::string visit;       ///< empty for unscheduled and history
    std::string visit_kind;  ///< scheduled, unscheduled, history
    std::string role;        ///< chosen, additional
    std::optional<std::int64_t> study_day;
    std::string analyte;
    std::string analyte_name;
    std::string value_reported;
    std::string unit_reported;
    std::string range_reported;
    std::string flags_reported;
    std::string comparator;
    std::string value_text;
    std::string value_num;  ///< empty unless quantified
    std::string unit;
    std::string conversion_rule;
    std::string ref_low;
    std::string ref_high;
    std::string range_flag;
    std::string lloq;
    std::string uloq;
    std::string result_state;
    std::string grade;                    ///< 0 to 4, or 1-2 where it is not certain
    std::string grade_scale;              ///< DAIDS
    std::string status;                   ///< OBX-11 as sent
    std::optional<std::int64_t> version;  ///< place among the result's versions, from 1
    std::optional<std::int64_t> placement_version;
    std::string reason;        ///< of the last change; `not-forwarded` where nothing else is said
    std::string derived_from;  ///< result_ids, separated by `;`
    std::string specimen;
    std::string collected_at;  ///< as sent
    std::optional<std::int64_t> collected_utc_us;
    std::string laboratory;
    std::string method;
    std::string reported_at;  ///< as sent
    std::string received_at;  ///< ISO 8601, UTC
    std::string lineage_id;   ///< of a derived version: its inputs' ids, joined by `+`
    std::string config_hash;

    friend bool operator==(const LabRow&, const LabRow&) = default;
};

/// A column's name in the study database and where it stands in a LabRow.
struct LabColumn {
    std::string_view name;
    std::variant<std::string LabRow::*, std::optional<std::int64_t> LabRow::*> member;
};
/// All columns, in the order of the tables; `result_id` first.
std::span<const LabColumn> lab_columns();

/// Analyte key -> name.
using AnalyteNames = std::map<std::string, std::string, std::less<>>;
AnalyteNames analyte_names(std::span<const study::Analyte> analytes);

struct LabRows {
    LabRow current;                ///< for lab_result
    std::vector<LabRow> versions;  ///< for lab_result_version, with the result's current placement
    /// The versions of a derived result follow from those of its inputs: when an input's version
    /// arrives late, some are no longer there and leave the study database too. Reported versions
    /// never do.
    bool derived = false;
    /// Not to be forwarded: corrects what the study has seen and adds nothing.
    bool forwarded = true;
};

/// A result as rows. A pure function. A result that is no longer to be forwarded keeps its row,
/// with the reason, because the study has seen it. Error: internal, where the record names no
/// current version.
/// `scales`: for grades against the baseline.
Result<LabRows> lab_rows(const delivery::DeliveredResult& result, const AnalyteNames& names,
                         std::span<const study::GradeScale> scales = {});

}  // namespace labrelay::targets
