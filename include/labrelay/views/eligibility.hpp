#pragma once

#include <optional>
#include <string>
#include <vector>

#include "labrelay/study/criteria.hpp"

namespace labrelay::views {

/// A subject's stand to the criteria, as `eligibility`, the golden cases and the page show it.
struct EligibilityReport {
    const study::Subject& subject;
    const study::Eligibility& eligibility;
    std::optional<Instant> known_until;  ///< as asked for; nothing: all that is stored
};

/// One clause each for the overall answer, every criterion and every condition, in the form of the
/// golden cases' first line: `overall undecided`, `I5 met`, `viral-load missing`, `changed cd4`.
std::vector<std::string> clauses(const EligibilityReport& report);

/// For a terminal: the criteria in the protocol's order, each with its evidence.
std::string eligibility_text(const EligibilityReport& report);

/// The same as JSON, UTF-8, ends with a line feed.
std::string eligibility_json(const EligibilityReport& report);

}  // namespace labrelay::views
