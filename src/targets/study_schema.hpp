#pragma once

#include <string_view>

#include "labrelay/sql/engine.hpp"

namespace labrelay::targets {

/// The study database's schema: sql/<number>.<engine>.sql, embedded at build. Never edited after
/// release. The number stands in PRAGMA user_version, or in the table lab_schema.
std::string_view study_schema(sql::Dialect dialect);
inline constexpr int kStudySchemaVersion = 1;

}  // namespace labrelay::targets
