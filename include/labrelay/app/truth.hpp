#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"

namespace labrelay::app {

/// One row of truth.csv: what must have become of an observation, of a refused message (observation
/// empty) or of a derived result (observation `derived`). Form: design of the samples,
/// samples/README.md.
struct TruthRow {
    std::string control_id;
    std::string observation;
    std::string disposition;
    std::string reason;
    std::string study;
    std::string subject;
    std::string visit;
    std::string role;
    std::string analyte;
    std::string comparator;
    std::string value_num;
    std::string unit;
    std::string result_state;
    std::string status;

    std::string line() const;
    friend auto operator<=>(const TruthRow&, const TruthRow&) = default;
};

Result<std::vector<TruthRow>> read_truth(const std::string& file);

/// Rows of one that the other lacks, each as `- expected …` or `+ came …`; empty when they are
/// equal.
std::vector<std::string> compare(std::vector<TruthRow> expected, std::vector<TruthRow> actual);

}  // namespace labrelay::app
