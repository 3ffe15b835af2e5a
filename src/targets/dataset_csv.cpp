#include "labrelay/targets/dataset_csv.hpp"

#include <string_view>

namespace labrelay::targets {
namespace {

std::string quoted(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        return std::string(text);
    }
    std::string quoted = "\"";
    for (const char c : text) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + "\"";
}

}  // namespace

std::string dataset_csv_opening(const DatasetHead& head) {
    std::string line;
    for (const DatasetColumn& column : head.columns) {
        line += (line.empty() ? "" : ",") + column.name;
    }
    return line + "\n";
}

std::string dataset_csv_row(const DatasetRow& row) {
    std::string line;
    bool first = true;
    for (const DatasetCell& cell : row) {
        line += first ? "" : ",";
        line += quoted(cell.value_or(std::string()));
        first = false;
    }
    return line + "\n";
}

}  // namespace labrelay::targets
