#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connection.hpp"
#include "labrelay/study/state.hpp"
#include "terms.hpp"
#include "times.hpp"

namespace labrelay::store {

/// The columns that observation and derived_version share, in the order in which they are bound and
/// read: a version's status, value and times.
inline constexpr std::string_view kVersionColumns =
    "status, status_code, version_us, analyte_id, value_reported, unit_reported_id, "
    "range_reported_id, flags_reported, comparator, value_text, value_num, unit_id, "
    "conversion_id, ref_low, ref_high, range_flag, lloq, uloq, least, most, result_state, "
    "grade, grade_scale_id, collected, "
    "collected_wall, collected_shape, local_wall, local_shape, collected_us, visit_id, "
    "reported_at, laboratory_id, method_id, forwards, visit_by_person";
inline constexpr int kVersionColumnCount = 35;

/// `?, ?, …` for `count` parameters.
std::string placeholders(int count);

/// One version ready for binding. Borrows the texts of what it was made from, owns the numbers'
/// digits.
class VersionRow {
public:
    /// From a StoredVersion or a ProposedObservation: they name these fields alike.
    template <class Version>
    VersionRow(Connection& database, Terms& terms, const Version& version, bool forwards)
        : VersionRow(database, terms, version.value) {
        status_ = static_cast<int>(version.status);
        status_code_ = version.status_code;
        version_us_ = version.version_time.microseconds;
        analyte_ = terms.id(database, database, version.analyte);
        times_ = to_columns(version.collected, version.collected_local);
        visit_ = terms.id(database, database, version.registered_visit);
        visit_by_person_ = version.visit_by_person;
        reported_at_ = version.reported_at;
        laboratory_ = terms.id(database, database, version.laboratory);
        method_ = terms.id(database, database, version.method);
        forwards_ = forwards;
    }

    void bind_to(Query& statement) const;

private:
    VersionRow(Connection& database, Terms& terms, const study::ResultValue& value);

    int status_ = 0;
    std::string_view status_code_;
    std::int64_t version_us_ = 0;
    std::int64_t analyte_ = Terms::kEmpty;
    const study::ResultValue& value_;
    std::int64_t unit_reported_;
    std::int64_t range_reported_;
    std::int64_t unit_;
    std::int64_t conversion_;
    std::int64_t grade_scale_;
    std::optional<std::string> number_;
    std::optional<std::string> ref_low_;
    std::optional<std::string> ref_high_;
    std::optional<std::string> lloq_;
    std::optional<std::string> uloq_;
    std::optional<std::string> least_;
    std::optional<std::string> most_;
    TimeColumns times_;
    std::int64_t visit_ = Terms::kEmpty;
    bool visit_by_person_ = false;
    std::string_view reported_at_;
    std::int64_t laboratory_ = Terms::kEmpty;
    std::int64_t method_ = Terms::kEmpty;
    bool forwards_ = true;
};

/// Reads them back, from column `first` on. `id` and `inputs` are left to the caller.
study::StoredVersion read_version(Connection& database, Terms& terms, const Query& row, int first);

}  // namespace labrelay::store
