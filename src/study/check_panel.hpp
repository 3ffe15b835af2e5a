#pragma once

#include "check_verdict.hpp"

namespace labrelay::study {

/// Asks one panel check about the results of a draw. Precondition: the check is of the family
/// `panel`. Pure; the rules stand in src/study/checks.md.
CheckVerdict check_panel(const CheckQuestion& question);

// The kinds that compute one value from others, in check_formulas.cpp.
CheckVerdict check_ratio(const CheckQuestion& question);
CheckVerdict check_log(const CheckQuestion& question);
CheckVerdict check_product(const CheckQuestion& question);
CheckVerdict check_friedewald(const CheckQuestion& question);
CheckVerdict check_egfr(const CheckQuestion& question);

}  // namespace labrelay::study
