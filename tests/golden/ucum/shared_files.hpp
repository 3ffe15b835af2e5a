#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace labrelay::units {

/// A file of the folder ../shared, which not every machine has; `folder` is `cases` or `domain`,
/// and LABRELAY_CASES names another place for the cases.
inline std::optional<std::filesystem::path> shared_file(const std::string& folder,
                                                        const std::string& name) {
    const std::filesystem::path source(LABRELAY_SOURCE_DIR);
    std::vector<std::filesystem::path> places{source / "../shared" / folder,
                                              source / "../../shared" / folder};
    if (const char* const named = std::getenv("LABRELAY_CASES");
        named != nullptr && folder == "cases") {
        places.insert(places.begin(), std::filesystem::path(named));
    }
    for (const std::filesystem::path& place : places) {
        if (std::filesystem::exists(place / name)) {
            return place / name;
        }
    }
    return std::nullopt;
}

/// The fields of the lines of a CSV file behind its header, quotes taken off.
inline std::vector<std::vector<std::string>> csv_rows(const std::filesystem::path& file) {
    std::vector<std::vector<std::string>> rows;
    std::ifstream stream(file);
    std::string line;
    std::getline(stream, line);
    while (std::getline(stream, line)) {
        std::vector<std::string> fields(1);
        bool quoted = false;
        for (const char c : line) {
            if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                fields.emplace_back();
            } else if (c != '\r') {
                fields.back() += c;
            }
        }
        rows.push_back(std::move(fields));
    }
    return rows;
}

}  // namespace labrelay::units
