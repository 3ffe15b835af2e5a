#pragma once

#include <string_view>

namespace labrelay::targets {

/// One step of the study database's schema: sql/<number>.sqlite.sql, embedded at build. Never
/// edited after release; the number stands in PRAGMA user_version.
extern const std::string_view kStudySchema1;
inline constexpr int kStudySchemaVersion = 1;

}  // namespace labrelay::targets
