#pragma once

#include <string>
#include <string_view>

#include "labrelay/study/completeness.hpp"

namespace labrelay::views {

/// What the schedule expects of a subject, as `expected` and the page show it.
struct ExpectedReport {
    const study::Subject& subject;
    const study::Completeness& completeness;
    std::string_view visit;  ///< only this one; empty: all
};

/// For a terminal: a line a visit, and under it a line for all that is there of a panel and one for
/// everything that is not.
std::string expected_text(const ExpectedReport& report);

/// One JSON object a visit, each on its line.
std::string expected_json(const ExpectedReport& report);

}  // namespace labrelay::views
