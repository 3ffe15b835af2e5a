#pragma once

#include <span>
#include <string_view>

#include "labrelay/sql/engine.hpp"

namespace labrelay::store {

/// The scripts of src/store/sql/, one a schema version, in order; made by CMake.
std::span<const std::string_view> migration_scripts(sql::Dialect dialect);

}  // namespace labrelay::store
