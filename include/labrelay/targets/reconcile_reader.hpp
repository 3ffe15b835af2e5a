#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/targets/lab_row.hpp"
#include "labrelay/targets/study_reader.hpp"

namespace labrelay::targets {

/// What a study database holds, read back for a comparison with what labrelay stores. Every kind of
/// target that can be read has one.
class ReconcileReader {
public:
    virtual ~ReconcileReader() = default;
    /// Every current result of the study that is there, whoever wrote it. A column that the target
    /// cannot hold is empty. Errors: target-unavailable.
    virtual Result<std::vector<LabRow>> stored(const std::string& study) = 0;
    /// The columns that this target holds and that are therefore compared, of lab_columns().
    virtual std::vector<std::string_view> compared() const = 0;
};

/// The SQL study database.
class SqlReconcileReader final : public ReconcileReader {
public:
    explicit SqlReconcileReader(StudyReader reader) : reader_(std::move(reader)) {}

    Result<std::vector<LabRow>> stored(const std::string& study) override;
    std::vector<std::string_view> compared() const override;

private:
    StudyReader reader_;
};

/// A row's column as text; empty where it is NULL.
std::string text_of(const LabRow& row, const LabColumn& column);

}  // namespace labrelay::targets
