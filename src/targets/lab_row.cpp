#include "labrelay/targets/lab_row.hpp"

#include <fmt/format.h>

#include <array>

#include "labrelay/study/grade_baseline.hpp"
#include "labrelay/units/result_state.hpp"

namespace labrelay::targets {
namespace {

constexpr std::array kColumns{
    LabColumn{"result_id", &LabRow::result_id},
    LabColumn{"study", &LabRow::study},
    LabColumn{"site", &LabRow::site},
    LabColumn{"subject", &LabRow::subject},
    LabColumn{"visit", &LabRow::visit},
    LabColumn{"visit_kind", &LabRow::visit_kind},
    LabColumn{"role", &LabRow::role},
    LabColumn{"study_day", &LabRow::study_day},
    LabColumn{"analyte", &LabRow::analyte},
    LabColumn{"analyte_name", &LabRow::analyte_name},
    LabColumn{"value_reported", &LabRow::value_reported},
    LabColumn{"unit_reported", &LabRow::unit_reported},
    LabColumn{"range_reported", &LabRow::range_reported},
    LabColumn{"flags_reported", &LabRow::flags_reported},
    LabColumn{"comparator", &LabRow::comparator},
    LabColumn{"value_text", &LabRow::value_text},
    LabColumn{"value_num", &LabRow::value_num},
    LabColumn{"unit", &LabRow::unit},
    LabColumn{"conversion_rule", &LabRow::conversion_rule},
    LabColumn{"ref_low", &LabRow::ref_low},
    LabColumn{"ref_high", &LabRow::ref_high},
    LabColumn{"range_flag", &LabRow::range_flag},
    LabColumn{"lloq", &LabRow::lloq},
    LabColumn{"uloq", &LabRow::uloq},
    LabColumn{"result_state", &LabRow::result_state},
    LabColumn{"grade", &LabRow::grade},
    LabColumn{"grade_scale", &LabRow::grade_scale},
    LabColumn{"status", &LabRow::status},
    LabColumn{"version", &LabRow::version},
    LabColumn{"placement_version", &LabRow::placement_version},
    LabColumn{"reason", &LabRow::reason},
    LabColumn{"derived_from", &LabRow::derived_from},
    LabColumn{"specimen", &LabRow::specimen},
    LabColumn{"collected_at", &LabRow::collected_at},
    LabColumn{"collected_utc_us", &LabRow::collected_utc_us},
    LabColumn{"laboratory", &LabRow::laboratory},
    LabColumn{"method", &LabRow::method},
    LabColumn{"reported_at", &LabRow::reported_at},
    LabColumn{"received_at", &LabRow::received_at},
    LabColumn{"lineage_id", &LabRow::lineage_id},
    LabColumn{"config_hash", &LabRow::config_hash},
};

// A derived version is often built from one new and one old input, so its newest input alone would
// name two versions alike.
std::string lineage_of(const study::StoredVersion& version) {
    if (version.inputs.empty()) {
        return to_string(version.id);
    }
    std::string ids;
    for (const ObservationId& input : version.inputs) {
        ids += (ids.empty() ? "" : "+") + to_string(input);
    }
    return ids;
}

// A derived version has no OBX-11 of its own.
std::string status_of(const study::StoredVersion& version) {
    if (!version.status_code.empty()) {
        return version.status_code;
    }
    switch (version.status) {
        case study::ObservationStatus::preliminary:
            return "P";
        case study::ObservationStatus::final:
            return "F";
        case study::ObservationStatus::corrected:
            return "C";
        case study::ObservationStatus::promoted:
            return "U";
        case study::ObservationStatus::not_done:
            return "X";
        case study::ObservationStatus::withdrawn:
            return "W";
    }
    return {};
}

std::string text_of(const std::optional<Decimal>& number) {
    return number ? number->to_string() : std::string();
}

void set_value(LabRow& row, const study::ResultValue& value) {
    row.value_reported = value.value_reported;
    row.unit_reported = value.unit_reported;
    row.range_reported = value.range_reported;
    row.flags_reported = value.flags_reported;
    row.comparator = units::to_string(value.comparator);
    row.value_text = value.value_text;
    row.unit = value.unit;
    row.conversion_rule = value.conversion_rule;
    row.ref_low = text_of(value.ref_low);
    row.ref_high = text_of(value.ref_high);
    row.range_flag = value.range_flag;
    row.lloq = text_of(value.lloq);
    row.uloq = text_of(value.uloq);
    row.result_state = units::to_string(value.state);
    row.grade_scale = value.grade_scale;
    // Nobody may count with the number of a limit or of a withdrawn value.
    if (value.state == units::ResultState::quantified) {
        row.value_num = text_of(value.value_num);
    }
}

LabRow placed(const delivery::DeliveredResult& result) {
    LabRow row;
    const study::Placement& placement = result.record.placement;
    row.result_id = result.result_id;
    row.study = result.study;
    row.site = result.site;
    row.subject = result.subject;
    row.visit = placement.visit;
    row.visit_kind = study::to_string(placement.kind);
    row.role = study::to_string(placement.role);
    row.study_day = placement.study_day;
    row.placement_version = result.record.placement_version;
    row.reason = result.reason;
    if (!placement.forwarded && row.reason.empty()) {
        row.reason = "not-forwarded";
    }
    row.derived_from = fmt::format("{}", fmt::join(result.derived_from, ";"));
    row.specimen = result.specimen;
    return row;
}

LabRow version_row(const delivery::DeliveredResult& result, std::size_t index, LabRow row,
                   const AnalyteNames& names, std::span<const study::GradeScale> scales) {
    const study::StoredVersion& version = result.record.versions[index];
    row.analyte = version.analyte;
    const auto name = names.find(version.analyte);
    row.analyte_name = name == names.end() ? version.analyte : name->second;
    set_value(row, version.value);
    row.grade = study::grade_against_baseline(
        version.analyte, version.value, result.baseline ? &*result.baseline : nullptr, scales);
    row.status = status_of(version);
    row.version = static_cast<std::int64_t>(index) + 1;
    if (version.collected) {
        row.collected_at = version.collected->text;
    }
    if (version.collected_local && version.collected_local->instant) {
        row.collected_utc_us = version.collected_local->instant->microseconds;
    }
    row.laboratory = version.laboratory;
    row.method = version.method;
    row.reported_at = version.reported_at;
    row.received_at = result.received_at[index];
    row.lineage_id = lineage_of(version);
    row.config_hash = result.config_hash[index];
    return row;
}

}  // namespace

std::span<const LabColumn> lab_columns() {
    return kColumns;
}

AnalyteNames analyte_names(std::span<const study::Analyte> analytes) {
    AnalyteNames names;
    for (const study::Analyte& analyte : analytes) {
        names.emplace(analyte.key, analyte.name);
    }
    return names;
}

Result<LabRows> lab_rows(const delivery::DeliveredResult& result, const AnalyteNames& names,
                         std::span<const study::GradeScale> scales) {
    const std::size_t count = result.record.versions.size();
    if (result.record.current >= count || result.received_at.size() != count ||
        result.config_hash.size() != count) {
        return fail(Code::internal_fault, Place{result.result_id},
                    fmt::format("{} versions, current {}, {} times, {} configurations", count,
                                result.record.current, result.received_at.size(),
                                result.config_hash.size()));
    }
    LabRows rows;
    rows.derived = !result.record.key.derived.empty();
    rows.forwarded = result.record.placement.forwarded;
    const LabRow placement = placed(result);
    for (std::size_t index = 0; index < count; ++index) {
        rows.versions.push_back(version_row(result, index, placement, names, scales));
    }
    rows.current = rows.versions[result.record.current];
    return rows;
}

}  // namespace labrelay::targets
