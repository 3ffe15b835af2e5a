#pragma once

#include "labrelay/core/decimal.hpp"
#include "labrelay/core/said.hpp"
#include "labrelay/core/truth.hpp"
#include "labrelay/study/proposal.hpp"

namespace labrelay::study {

/// Whether a value lies strictly below or above a limit, as far as what was reported proves it; the
/// table stands in src/study/threshold.md. Exact: a value that a conversion rounded is compared as
/// it was before, a value that was derived from a logarithm by the interval of what prints as that
/// logarithm.
struct Comparison {
    Truth truth = Truth::unknown;
    Said because;  ///< one plain sentence, with its point; numbers in the value's unit
    /// False: it is no result (the test failed, was not done, was withdrawn), which is neither one
    /// side nor the other and counts as nothing. True with `unknown`: a result that leaves the
    /// question open.
    bool is_result = true;
};

/// `limit` is in `value.unit`.
Comparison is_below(const ResultValue& value, const Decimal& limit);
Comparison is_above(const ResultValue& value, const Decimal& limit);

}  // namespace labrelay::study
