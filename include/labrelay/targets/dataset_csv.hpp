#pragma once

#include <string>

#include "labrelay/targets/dataset.hpp"

namespace labrelay::targets {

// A data set as CSV (RFC 4180, UTF-8, LF): a line with the names, then a line a row. Pure. Missing
// and empty are the same here.

std::string dataset_csv_opening(const DatasetHead& head);
std::string dataset_csv_row(const DatasetRow& row);

}  // namespace labrelay::targets
