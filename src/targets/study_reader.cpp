#include "labrelay/targets/study_reader.hpp"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "labrelay/sqlite/database.hpp"

namespace labrelay::targets {
namespace {

constexpr std::string_view kFilter =
    "WHERE (?1 = '' OR study = ?1) AND (?2 = '' OR subject = ?2) AND (?3 = '' OR visit = ?3) ";

tl::unexpected<Error> unavailable(const sqlite::Fault& fault) {
    return fail(Code::target_io, {}, fault.what());
}

LabRow read_row(const sqlite::Statement& statement) {
    LabRow row;
    int index = 0;
    for (const LabColumn& column : lab_columns()) {
        if (const auto* text = std::get_if<std::string LabRow::*>(&column.member)) {
            row.** text = statement.text(index);
        } else {
            row.*std::get<std::optional<std::int64_t> LabRow::*>(column.member) =
                statement.optional_integer(index);
        }
        ++index;
    }
    return row;
}

Cd4Visit read_visit(const sqlite::Statement& statement) {
    Cd4Visit visit;
    visit.study = statement.text(0);
    visit.site = statement.text(1);
    visit.subject = statement.text(2);
    visit.visit = statement.text(3);
    visit.study_day = statement.optional_integer(4);
    visit.cd4 = statement.text(5);
    visit.cd8 = statement.text(6);
    visit.cd4_cd8 = statement.text(7);
    visit.viral_load = statement.text(8);
    visit.cd4_change = statement.text(9);
    visit.cd4_change_percent = statement.text(10);
    visit.cd8_change = statement.text(11);
    visit.cd8_change_percent = statement.text(12);
    visit.cd4_cd8_change = statement.text(13);
    visit.cd4_cd8_change_percent = statement.text(14);
    visit.viral_load_change_log10 = statement.text(15);
    return visit;
}

sqlite::Statement select(sqlite::Database& database, const std::string& sql,
                         const StudyFilter& filter) {
    sqlite::Statement statement = database.prepare(sql);
    statement.bind(1, filter.study).bind(2, filter.subject).bind(3, filter.visit);
    return statement;
}

std::vector<LabRow> read_table(sqlite::Database& database, std::string_view table,
                               const StudyFilter& filter) {
    std::string columns;
    for (const LabColumn& column : lab_columns()) {
        columns += (columns.empty() ? "" : ", ") + std::string(column.name);
    }
    sqlite::Statement statement =
        select(database,
               fmt::format("SELECT {} FROM {} {} ORDER BY study, subject, study_day NULLS FIRST, "
                           "collected_utc_us, analyte, result_id, version",
                           columns, table, kFilter),
               filter);
    std::vector<LabRow> rows;
    while (statement.step()) {
        rows.push_back(read_row(statement));
    }
    return rows;
}

}  // namespace

struct StudyReader::Impl {
    sqlite::Database database;
};

StudyReader::StudyReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StudyReader::StudyReader(StudyReader&&) noexcept = default;
StudyReader& StudyReader::operator=(StudyReader&&) noexcept = default;
StudyReader::~StudyReader() = default;

Result<StudyReader> StudyReader::open(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
        return fail(Code::not_found, Place{path.string()});
    }
    try {
        return StudyReader(std::make_unique<Impl>(
            Impl{sqlite::Database::open(path, sqlite::OpenMode::read_only)}));
    } catch (const sqlite::Fault& fault) {
        return unavailable(fault);
    }
}

Result<std::vector<LabRow>> StudyReader::results(const StudyFilter& filter) const {
    try {
        return read_table(impl_->database, "lab_result", filter);
    } catch (const sqlite::Fault& fault) {
        return unavailable(fault);
    }
}

Result<std::vector<LabRow>> StudyReader::versions(const StudyFilter& filter) const {
    try {
        return read_table(impl_->database, "lab_result_version", filter);
    } catch (const sqlite::Fault& fault) {
        return unavailable(fault);
    }
}

Result<std::vector<Cd4Visit>> StudyReader::cd4_by_visit(const StudyFilter& filter) const {
    try {
        sqlite::Statement statement = select(
            impl_->database,
            fmt::format("SELECT study, site, subject, visit, study_day, cd4, cd8, cd4_cd8, "
                        "viral_load, cd4_change, cd4_change_percent, cd8_change, "
                        "cd8_change_percent, cd4_cd8_change, cd4_cd8_change_percent, "
                        "viral_load_change_log10 "
                        "FROM cd4_by_visit {} ORDER BY study, subject, study_day NULLS FIRST, "
                        "collected_utc_us",
                        kFilter),
            filter);
        std::vector<Cd4Visit> visits;
        while (statement.step()) {
            visits.push_back(read_visit(statement));
        }
        return visits;
    } catch (const sqlite::Fault& fault) {
        return unavailable(fault);
    }
}

}  // namespace labrelay::targets
