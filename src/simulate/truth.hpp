#pragma once

#include <string>
#include <vector>

#include "story.hpp"

namespace labrelay::simulate {

/// A line of truth.csv, in the order of its columns.
struct TruthRow {
    std::string control_id;
    std::string
        observation;  ///< ordinal of the OBX, `derived`, or empty where the message is refused
    std::string disposition;
    std::string reason;
    std::string study;
    std::string subject;
    std::string visit;  ///< empty: unscheduled or history
    std::string role;
    std::string analyte;
    std::string comparator;
    std::string value_num;
    std::string unit;
    std::string result_state;
    std::string status;
};

/// What must stand in the study database and what must be held or ignored when every step of the
/// story is done. `control_ids` by report.
std::vector<TruthRow> truth_of(const Story& story, const std::vector<std::string>& control_ids);

}  // namespace labrelay::simulate
