#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/targets/lab_row.hpp"

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

/// Reads a study database file, for commands and the comparison with a truth file; the target may
/// be writing at the same time. Read-only, one thread. Errors: not-found where there is no file
/// yet, target-unavailable for everything that SQLite says.
class StudyReader {
public:
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

private:
    struct Impl;
    explicit StudyReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace labrelay::targets
