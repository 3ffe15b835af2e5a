#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/targets/lab_row.hpp"
#include "labrelay/targets/study_place.hpp"

namespace labrelay::targets {

/// Empty members do not restrict.
struct StudyFilter {
    std::string study;
    std::string subject;
    std::string visit;
};

/// One row of the view cd4_by_visit; empty or nothing where a value is not there.
struct Cd4Visit {
    std::string study;
    std::string site;
    std::string subject;
    std::string visit;
    std::optional<std::int64_t> study_day;
    std::string cd4;
    std::string cd8;
    std::string cd4_cd8;
    std::string viral_load;
    std::string cd4_change;  ///< from baseline, /uL, as SQLite prints it
    std::string cd4_change_percent;
    std::string cd8_change;
    std::string cd8_change_percent;
    std::string cd4_cd8_change;
    std::string cd4_cd8_change_percent;
    std::string viral_load_change_log10;
};

/// A subject of a study, as far as results name it.
struct StudySubject {
    std::string site;
    std::string subject;
};

/// A row of lab_result, when its first version was received, which stays the same for the life of
/// the result, and where it stood before it moved.
struct StudyResult {
    LabRow row;
    std::string first_received_at;
    /// The row with analyte, visit, specimen and time of each place where the result stood before.
    std::vector<LabRow> former = {};
};

/// Reads a study database, a file or on PostgreSQL, for commands and the comparison with a truth
/// file; the target may be writing at the same time. Read-only, one thread. Errors: not-found where
/// there is no file yet, target-unavailable for everything that the database says.
class StudyReader {
public:
    static Result<StudyReader> open(const StudyPlace& place);
    static Result<StudyReader> open(const std::filesystem::path& path);
    StudyReader(StudyReader&&) noexcept;
    StudyReader& operator=(StudyReader&&) noexcept;
    ~StudyReader();

    /// lab_result, by study, subject, collection, analyte.
    Result<std::vector<LabRow>> results(const StudyFilter& filter = {}) const;
    /// lab_result_version, in the same order and by version.
    Result<std::vector<LabRow>> versions(const StudyFilter& filter = {}) const;
    /// By study, subject and the order of the visits in time.
    Result<std::vector<Cd4Visit>> cd4_by_visit(const StudyFilter& filter = {}) const;

    using SubjectVisitor =
        std::function<Result<void>(const StudySubject&, const std::vector<StudyResult>&)>;
    /// lab_result of one study, a subject at a time, by site and subject as bytes compare: no more
    /// than one subject's rows are in memory. Ends at the visitor's first error, with it.
    Result<void> for_each_subject(const std::string& study, const SubjectVisitor& visit) const;
    /// Rows that for_each_subject() leaves out from now on, as if they were not there.
    void leave_out(std::function<bool(const LabRow&)> rows);
    /// All that `work` reads is of one moment, whatever is delivered meanwhile.
    Result<void> in_snapshot(const std::function<Result<void>()>& work) const;

private:
    struct Impl;
    explicit StudyReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace labrelay::targets
