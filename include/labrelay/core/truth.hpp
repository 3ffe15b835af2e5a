#pragma once

#include <cstdint>
#include <string_view>

namespace labrelay {

/// The answer to a question that what was reported may leave open. `unknown` is never read as yes,
/// nor as no.
enum class Truth : std::uint8_t { no, yes, unknown };

std::string_view to_string(Truth truth);  ///< "no", "yes", "unknown"

/// Kleene's strong logic: an unknown part counts only where it could change the answer.
Truth both(Truth left, Truth right);    ///< no where one is no, yes where both are yes
Truth either(Truth left, Truth right);  ///< yes where one is yes, no where both are no
Truth negated(Truth truth);             ///< unknown stays unknown

}  // namespace labrelay
