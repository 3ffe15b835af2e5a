#pragma once

#include <nlohmann/json_fwd.hpp>

#include "labrelay/core/said.hpp"

namespace labrelay::views {

/// What a page says in another language: each sentence as its key and its parameters by name.
nlohmann::ordered_json said_json(const Said& said);

}  // namespace labrelay::views
