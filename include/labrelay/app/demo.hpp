#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "labrelay/app/truth.hpp"
#include "labrelay/core/result.hpp"

namespace labrelay::app {

/// One line of a plan: what happens next in the life of a trial.
struct PlanStep {
    std::string kind;  ///< subjects, specimens or send
    std::filesystem::path file;
};
/// `plan.csv`: step, kind, file (relative to the plan).
Result<std::vector<PlanStep>> read_plan(const std::filesystem::path& plan);

/// Every row of the truth as it came: the ledger's observations, joined with the study database by
/// lineage.
Result<std::vector<TruthRow>> actual_rows(const std::filesystem::path& data,
                                          const std::filesystem::path& target);

/// CD4, CD8, ratio and viral load by subject and visit, as the study database has them.
Result<std::string> cd4_table(const std::filesystem::path& target);
/// What is held, a line a problem, and the balance sheet.
Result<std::string> held_list(const std::filesystem::path& data);
Result<std::string> balance_sheet(const std::filesystem::path& data);

}  // namespace labrelay::app
