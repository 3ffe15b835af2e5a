#include "labrelay/targets/study_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <tuple>
#include <utility>

#include "labrelay/sql/connection.hpp"
#include "study_connection.hpp"

namespace labrelay::targets {
namespace {

constexpr std::string_view kFilter =
    "WHERE (CAST(?1 AS TEXT) = '' OR study = ?1) AND (CAST(?2 AS TEXT) = '' OR subject = ?2) "
    "AND (CAST(?3 AS TEXT) = '' OR visit = ?3) ";

tl::unexpected<Error> unavailable(const sql::Fault& fault) {
    return fail(Code::target_io, {}, fault.what());
}

LabRow read_row(const sql::Query& found) {
    LabRow row;
    int index = 0;
    for (const LabColumn& column : lab_columns()) {
        if (const auto* text = std::get_if<std::string LabRow::*>(&column.member)) {
            row.** text = found.string(index);
        } else {
            row.*std::get<std::optional<std::int64_t> LabRow::*>(column.member) =
                found.optional_integer(index);
        }
        ++index;
    }
    return row;
}

// 100 of PostgreSQL as 100.0 of SQLite.
std::string with_fraction(std::string number) {
    if (!number.empty() && number.find_first_of(".e") == std::string::npos) {
        number += ".0";
    }
    return number;
}

Cd4Visit read_visit(const sql::Query& found) {
    Cd4Visit visit;
    visit.study = found.string(0);
    visit.site = found.string(1);
    visit.subject = found.string(2);
    visit.visit = found.string(3);
    visit.study_day = found.optional_integer(4);
    visit.cd4 = found.string(5);
    visit.cd8 = found.string(6);
    visit.cd4_cd8 = found.string(7);
    visit.viral_load = found.string(8);
    visit.cd4_change = with_fraction(found.string(9));
    visit.cd4_change_percent = with_fraction(found.string(10));
    visit.cd8_change = with_fraction(found.string(11));
    visit.cd8_change_percent = with_fraction(found.string(12));
    visit.cd4_cd8_change = with_fraction(found.string(13));
    visit.cd4_cd8_change_percent = with_fraction(found.string(14));
    visit.viral_load_change_log10 = with_fraction(found.string(15));
    return visit;
}

std::string all_columns() {
    std::string columns;
    for (const LabColumn& column : lab_columns()) {
        columns += (columns.empty() ? "" : ", ") + std::string(column.name);
    }
    return columns;
}

std::string select_from(std::string_view table) {
    return fmt::format(
        "SELECT {} FROM {} {} ORDER BY study, subject, study_day NULLS FIRST, collected_utc_us, "
        "analyte, result_id, version",
        all_columns(), table, kFilter);
}

// Numbers as text: the two engines do not print them alike by themselves.
constexpr std::string_view kCd4ByVisit =
    "SELECT study, site, subject, visit, study_day, cd4, cd8, cd4_cd8, viral_load, "
    "CAST(cd4_change AS TEXT), CAST(cd4_change_percent AS TEXT), CAST(cd8_change AS TEXT), "
    "CAST(cd8_change_percent AS TEXT), CAST(cd4_cd8_change AS TEXT), "
    "CAST(cd4_cd8_change_percent AS TEXT), CAST(viral_load_change_log10 AS TEXT) "
    "FROM cd4_by_visit {} ORDER BY study, subject, study_day NULLS FIRST, collected_utc_us";

std::vector<LabRow> read_table(sql::Connection& database, const std::string& select,
                               const StudyFilter& filter) {
    auto query = database.prepare(select.c_str());
    query.bind(filter.study, filter.subject, filter.visit);
    std::vector<LabRow> rows;
    while (query.step()) {
        rows.push_back(read_row(query));
    }
    return rows;
}

/// In the order of bytes and not of a database's collation.
std::vector<StudySubject> subjects_of(sql::Connection& database, const std::string& study) {
    auto query = database.prepare(
        "SELECT DISTINCT coalesce(site, ''), subject FROM lab_result WHERE study = ?");
    query.bind(study);
    std::vector<StudySubject> subjects;
    while (query.step()) {
        subjects.push_back({query.string(0), query.string(1)});
    }
    std::sort(subjects.begin(), subjects.end(), [](const auto& left, const auto& right) {
        return std::tie(left.site, left.subject) < std::tie(right.site, right.subject);
    });
    return subjects;
}

/// `results` in the order of their ids.
void add_former_places(sql::Connection& database, const std::string& study,
                       const StudySubject& subject, std::vector<StudyResult>& results) {
    auto query = database.prepare(
        "SELECT place.result_id, place.analyte, place.visit, place.visit_kind, place.specimen, "
        "place.collected_at FROM lab_result AS result "
        "JOIN lab_former_place AS place ON place.result_id = result.result_id "
        "WHERE result.study = ? AND result.subject = ? AND coalesce(result.site, '') = ? "
        "ORDER BY place.result_id, place.analyte, place.visit, place.visit_kind, place.specimen, "
        "place.collected_at");
    query.bind(study, subject.subject, subject.site);
    while (query.step()) {
        const std::string id = query.string(0);
        const auto of = std::lower_bound(results.begin(), results.end(), id,
                                         [](const StudyResult& result, const std::string& wanted) {
                                             return result.row.result_id < wanted;
                                         });
        if (of == results.end() || of->row.result_id != id) {
            continue;
        }
        LabRow& place = of->former.emplace_back(of->row);
        place.analyte = query.string(1);
        place.visit = query.string(2);
        place.visit_kind = query.string(3);
        place.specimen = query.string(4);
        place.collected_at = query.string(5);
    }
}

}  // namespace

struct StudyReader::Impl {
    sql::Connection database;
    std::function<bool(const LabRow&)> left_out = {};
};

StudyReader::StudyReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StudyReader::StudyReader(StudyReader&&) noexcept = default;
StudyReader& StudyReader::operator=(StudyReader&&) noexcept = default;
StudyReader::~StudyReader() = default;

Result<StudyReader> StudyReader::open(const StudyPlace& place) {
    std::error_code error;
    if (place.url.empty() && !std::filesystem::exists(place.path, error)) {
        return fail(Code::not_found, Place{place.path.string()});
    }
    try {
        return StudyReader(std::make_unique<Impl>(Impl{read_study(place)}));
    } catch (const sql::Fault& fault) {
        return unavailable(fault);
    }
}

Result<StudyReader> StudyReader::open(const std::filesystem::path& path) {
    StudyPlace place;
    place.path = path;
    return open(place);
}

Result<std::vector<LabRow>> StudyReader::results(const StudyFilter& filter) const {
    static const std::string sql = select_from("lab_result");
    try {
        return read_table(impl_->database, sql, filter);
    } catch (const sql::Fault& fault) {
        return unavailable(fault);
    }
}

Result<std::vector<LabRow>> StudyReader::versions(const StudyFilter& filter) const {
    static const std::string sql = select_from("lab_result_version");
    try {
        return read_table(impl_->database, sql, filter);
    } catch (const sql::Fault& fault) {
        return unavailable(fault);
    }
}

Result<std::vector<Cd4Visit>> StudyReader::cd4_by_visit(const StudyFilter& filter) const {
    static const std::string sql = fmt::format(kCd4ByVisit, kFilter);
    try {
        auto query = impl_->database.prepare(sql.c_str());
        query.bind(filter.study, filter.subject, filter.visit);
        std::vector<Cd4Visit> visits;
        while (query.step()) {
            visits.push_back(read_visit(query));
        }
        return visits;
    } catch (const sql::Fault& fault) {
        return unavailable(fault);
    }
}

Result<void> StudyReader::for_each_subject(const std::string& study,
                                           const SubjectVisitor& visit) const {
    static const std::string sql = fmt::format(
        "SELECT {}, (SELECT min(received_at) FROM lab_result_version AS version "
        "WHERE version.result_id = lab_result.result_id) AS first_received_at "
        "FROM lab_result WHERE study = ? AND subject = ? AND coalesce(site, '') = ? "
        "ORDER BY result_id",
        all_columns());
    const int first_received = static_cast<int>(lab_columns().size());
    try {
        for (const StudySubject& subject : subjects_of(impl_->database, study)) {
            std::vector<StudyResult> results;
            {
                auto query = impl_->database.prepare(sql.c_str());
                query.bind(study, subject.subject, subject.site);
                while (query.step()) {
                    results.push_back({read_row(query), query.string(first_received)});
                }
            }
            add_former_places(impl_->database, study, subject, results);
            if (impl_->left_out) {
                std::erase_if(results, [this](const StudyResult& result) {
                    return impl_->left_out(result.row);
                });
                for (StudyResult& result : results) {
                    std::erase_if(result.former, impl_->left_out);
                }
                if (results.empty()) {
                    continue;
                }
            }
            if (Result<void> visited = visit(subject, results); !visited) {
                return visited;
            }
        }
        return {};
    } catch (const sql::Fault& fault) {
        return unavailable(fault);
    }
}

void StudyReader::leave_out(std::function<bool(const LabRow&)> rows) {
    impl_->left_out = std::move(rows);
}

Result<void> StudyReader::in_snapshot(const std::function<Result<void>()>& work) const {
    try {
        impl_->database.begin_read();
        Result<void> done = work();
        impl_->database.rollback();
        return done;
    } catch (const sql::Fault& fault) {
        return unavailable(fault);
    }
}

}  // namespace labrelay::targets
