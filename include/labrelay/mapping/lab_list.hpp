#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/study/lab_list.hpp"

namespace labrelay::mapping {

/// The laboratory's own list of what it reported: RFC 4180, UTF-8, the first line names the columns
/// in any order. Columns and their forms: docs/reconcile.md. A list with errors is not compared at
/// all. Details of findings never carry an identifier or a birth date; `value` may.
struct LabListFile {
    std::vector<study::LabListRow> rows;
    std::vector<Finding> errors;  ///< csv-*; in the order of the file, all of them
};

/// `name` is what places name. Analytes, visits and authorities must be the configuration's.
LabListFile read_lab_list(std::string_view bytes, std::string name,
                          const Configuration& configuration);

}  // namespace labrelay::mapping
