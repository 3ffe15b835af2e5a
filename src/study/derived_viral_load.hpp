#pragma once

#include <optional>

#include "labrelay/study/proposal.hpp"

namespace labrelay::study {

/// A viral load in the other of its two forms; rules: src/study/derived.md. The unit is left to the
/// caller. Nothing where there is nothing to derive.

/// Copies from log10: a number with the interval of values that print as the logarithm; a limit
/// stays a limit, not detected stays not detected.
std::optional<ResultValue> copies_from(const ResultValue& log);

/// log10 from copies: only of a quantified number above zero.
std::optional<ResultValue> logarithm_from(const ResultValue& copies);

}  // namespace labrelay::study
