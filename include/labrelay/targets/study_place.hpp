#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace labrelay::targets {

/// Where a study database is: a SQLite file, or a PostgreSQL URL.
struct StudyPlace {
    std::filesystem::path path;
    /// How long a write waits for another program's lock before the delivery is tried again later.
    std::chrono::milliseconds busy_timeout{2000};
    std::string vfs = {};  ///< SQLite's file layer; empty: its default. For tests that break disks.
    std::string url = {};  ///< not empty: PostgreSQL, and the others are not used
};

/// `sqlite:///path` or `postgresql://…`. Nothing where it is neither.
std::optional<StudyPlace> study_place(std::string_view url);

}  // namespace labrelay::targets
