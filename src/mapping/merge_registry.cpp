#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "labrelay/mapping/registry_files.hpp"
#include "subject_dates.hpp"

namespace labrelay::mapping {
namespace {

using std::chrono::microseconds;

/// Down to what `precision` tells; the rest is not known.
microseconds cut(microseconds time_of_day, Precision precision) {
    switch (precision) {
        case Precision::year:
        case Precision::month:
        case Precision::day:
            return microseconds(0);
        case Precision::hour:
            return std::chrono::floor<std::chrono::hours>(time_of_day);
        case Precision::minute:
            return std::chrono::floor<std::chrono::minutes>(time_of_day);
        case Precision::second:
            return std::chrono::floor<std::chrono::seconds>(time_of_day);
        case Precision::fraction:
            return time_of_day;
    }
    return time_of_day;
}

bool same_day(LocalDay left, LocalDay right, Precision precision) {
    const std::chrono::year_month_day one{left};
    const std::chrono::year_month_day other{right};
    return one.year() == other.year() &&
           (precision == Precision::year || one.month() == other.month()) &&
           (precision <= Precision::month || one.day() == other.day());
}

bool same_instant(const Timestamp& left, const Timestamp& right, Precision precision) {
    const auto utc = [&](const Timestamp& time) {
        return time.day + cut(time.time_of_day, precision) - *time.offset;
    };
    return utc(left) == utc(right);
}

/// Both can be true of one moment, as far as the less precise one tells.
bool agree(const Timestamp& left, const Timestamp& right) {
    const Precision precision = std::min(left.precision, right.precision);
    if (left.offset && right.offset && left.has_time() && right.has_time()) {
        return same_instant(left, right, precision);
    }
    return same_day(left.day, right.day, precision) &&
           cut(left.time_of_day, precision) == cut(right.time_of_day, precision);
}

/// What is known together; nothing where the two contradict each other, or where neither tells all
/// that both tell together.
std::optional<Timestamp> more_precise(const Timestamp& known, const Timestamp& row) {
    if (!agree(known, row)) {
        return std::nullopt;
    }
    const bool row_is_finer = row.precision > known.precision;
    const bool row_adds_offset = row.offset && !known.offset;
    const bool known_has_offset = known.offset && !row.offset;
    if ((row_is_finer && known_has_offset) ||
        (row.precision < known.precision && row_adds_offset)) {
        return std::nullopt;
    }
    return row_is_finer || row_adds_offset ? row : known;
}

/// Merges one fact after the other and remembers the first that contradicts.
class Merger {
public:
    void text(std::string_view column, std::string& known, const std::string& row) {
        if (known.empty()) {
            known = row;
        } else if (!row.empty() && row != known) {
            conflict(column);
        }
    }
    template <class Fact>
    void fact(std::string_view column, std::optional<Fact>& known, const std::optional<Fact>& row) {
        if (!known) {
            known = row;
        } else if (row && *row != *known) {
            conflict(column);
        }
    }
    void time(std::string_view column, std::optional<Timestamp>& known,
              const std::optional<Timestamp>& row) {
        if (!known) {
            known = row;
        } else if (row) {
            const auto merged = more_precise(*known, *row);
            if (!merged) {
                conflict(column);
                return;
            }
            known = merged;
        }
    }
    void conflict(std::string_view column) {
        if (column_.empty()) {
            column_ = column;
        }
    }
    std::string_view conflicting_column() const { return column_; }

private:
    std::string_view column_;
};

template <class Merged>
Result<Merged> answer(const Merger& merger, Merged merged) {
    if (merger.conflicting_column().empty()) {
        return merged;
    }
    return fail(Code::registry_conflict, {},
                fmt::format("{} is known and differs.", merger.conflicting_column()));
}

}  // namespace

std::string_view infusion_out_of_order(const study::Subject& subject) {
    const Timestamp* latest = nullptr;
    for (const SubjectDate& date : kSubjectDates) {
        const auto& time = subject.*date.member;
        if (!date.column.ends_with("_infusion") || !time) {
            continue;
        }
        if (latest != nullptr && time->day <= latest->day) {
            return date.column;
        }
        latest = &*time;
    }
    return {};
}

Result<study::Subject> merge_subject(const study::Subject& known, const study::Subject& row) {
    study::Subject merged = known;
    Merger merger;
    merger.text("study", merged.study, row.study);
    merger.text("site", merged.site, row.site);
    merger.text("screening_no", merged.screening_no, row.screening_no);
    merger.text("subject_no", merged.subject_no, row.subject_no);
    merger.fact("sex", merged.sex, row.sex);
    merger.fact("child_bearing", merged.child_bearing, row.child_bearing);
    for (const SubjectDate& date : kSubjectDates) {
        merger.time(date.column, merged.*date.member, row.*date.member);
    }
    for (const study::Identifier& identifier : row.identifiers) {
        const auto& all = merged.identifiers;
        if (std::find(all.begin(), all.end(), identifier) == all.end()) {
            merged.identifiers.push_back(identifier);
        }
    }
    merger.conflict(infusion_out_of_order(merged));
    if (merger.conflicting_column().empty() && merged.site.empty()) {
        return fail(Code::csv_value_bad, {}, "A subject needs its site.");
    }
    return answer(merger, std::move(merged));
}

Result<study::RegisteredSpecimen> merge_specimen(const study::RegisteredSpecimen& known,
                                                 const study::RegisteredSpecimen& row) {
    study::RegisteredSpecimen merged = known;
    Merger merger;
    merger.text("authority", merged.name.authority, row.name.authority);
    merger.text("specimen", merged.name.specimen, row.name.specimen);
    merger.fact("identifier", merged.patient, row.patient);
    merger.text("subject_no", merged.subject_no, row.subject_no);
    merger.time("collected_at", merged.collected_at, row.collected_at);
    merger.text("visit", merged.visit, row.visit);
    return answer(merger, std::move(merged));
}

}  // namespace labrelay::mapping
