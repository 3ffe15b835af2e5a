#pragma once

#include <string>

#include "labrelay/targets/dataset.hpp"

namespace labrelay::targets {

// CDISC Dataset-JSON 1.1, one data set a file, in pieces so that a file of any size is written in
// constant memory. Pure. Text is UTF-8; what is not is a fault (nlohmann's exception), because the
// domain holds no other.
//
// .json:   dataset_json_opening, then every row with `first` for the first, then the closing.
// .ndjson: dataset_ndjson_opening, then every row as first and a line end.

std::string dataset_json_opening(const DatasetHead& head);
std::string dataset_json_row(const DatasetHead& head, const DatasetRow& row, bool first);
std::string dataset_json_closing();

std::string dataset_ndjson_opening(const DatasetHead& head);

}  // namespace labrelay::targets
