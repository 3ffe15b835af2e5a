#pragma once

#include <string_view>

#include "labrelay/units/result_state.hpp"

namespace labrelay::study {

/// Why there is nothing to rest on; empty: it is a result, a number, a limit or a word.
std::string_view why_no_result(units::ResultState state);

}  // namespace labrelay::study
