#include "version_columns.hpp"

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::store {
namespace {

std::optional<std::string> digits(const std::optional<Decimal>& number) {
    if (!number) return std::nullopt;
    return number->to_string();
}

std::optional<Decimal> number_at(const Query& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    auto number = Decimal::parse(row.text(column));
    if (!number) throw pipeline::unreadable("a number of the store cannot be read");
    return number;
}

study::ResultValue read_value(Connection& database, Terms& terms, const Query& row, int first) {
    study::ResultValue value;
    value.value_reported = row.string(first);
    value.unit_reported = terms.text(database, row.integer(first + 1));
    value.range_reported = terms.text(database, row.integer(first + 2));
    value.flags_reported = row.string(first + 3);
    value.comparator = static_cast<units::Comparator>(row.integer(first + 4));
    value.value_text = row.string(first + 5);
    value.value_num = number_at(row, first + 6);
    value.unit = terms.text(database, row.integer(first + 7));
    value.conversion_rule = terms.text(database, row.integer(first + 8));
    value.ref_low = number_at(row, first + 9);
    value.ref_high = number_at(row, first + 10);
    value.range_flag = row.string(first + 11);
    value.lloq = number_at(row, first + 12);
    value.uloq = number_at(row, first + 13);
    value.least = number_at(row, first + 14);
    value.most = number_at(row, first + 15);
    value.state = static_cast<units::ResultState>(row.integer(first + 16));
    value.grade = row.string(first + 17);
    value.grade_scale = terms.text(database, row.integer(first + 18));
    return value;
}

}  // namespace

std::string placeholders(int count) {
    std::string text = "?";
    for (int i = 1; i < count; ++i) text += ", ?";
    return text;
}

VersionRow::VersionRow(Connection& database, Terms& terms, const study::ResultValue& value)
    : value_(value),
      unit_reported_(terms.id(database, database, value.unit_reported)),
      range_reported_(terms.id(database, database, value.range_reported)),
      unit_(terms.id(database, database, value.unit)),
      conversion_(terms.id(database, database, value.conversion_rule)),
      grade_scale_(terms.id(database, database, value.grade_scale)),
      number_(digits(value.value_num)),
      ref_low_(digits(value.ref_low)),
      ref_high_(digits(value.ref_high)),
      lloq_(digits(value.lloq)),
      uloq_(digits(value.uloq)),
      least_(digits(value.least)),
      most_(digits(value.most)) {}

void VersionRow::bind_to(Query& statement) const {
    statement.bind(status_, status_code_, version_us_, analyte_, value_.value_reported,
                   unit_reported_, range_reported_, value_.flags_reported,
                   static_cast<int>(value_.comparator), value_.value_text, number_, unit_,
                   conversion_, ref_low_, ref_high_, value_.range_flag, lloq_, uloq_, least_, most_,
                   static_cast<int>(value_.state), value_.grade, grade_scale_);
    statement.bind(times_.text, times_.wall, times_.shape, times_.local_wall, times_.local_shape,
                   times_.instant_us, visit_, reported_at_, laboratory_, method_, forwards_,
                   visit_by_person_);
}

study::StoredVersion read_version(Connection& database, Terms& terms, const Query& row, int first) {
    constexpr int kTimes = 23;
    study::StoredVersion version;
    version.status = static_cast<study::ObservationStatus>(row.integer(first));
    version.status_code = row.string(first + 1);
    version.version_time = Instant{row.integer(first + 2)};
    version.analyte = terms.text(database, row.integer(first + 3));
    version.value = read_value(database, terms, row, first + 4);
    const int time = first + kTimes;
    const TimeColumns columns{row.text(time),
                              row.optional_integer(time + 1),
                              row.optional_integer(time + 2),
                              row.optional_integer(time + 3),
                              row.optional_integer(time + 4),
                              row.optional_integer(time + 5)};
    version.collected = timestamp_from(columns);
    version.collected_local = local_time_from(columns);
    version.registered_visit = terms.text(database, row.integer(time + 6));
    version.reported_at = row.string(time + 7);
    version.laboratory = terms.text(database, row.integer(time + 8));
    version.method = terms.text(database, row.integer(time + 9));
    version.forwards = row.flag(time + 10);
    version.visit_by_person = row.flag(time + 11);
    return version;
}

}  // namespace labrelay::store
