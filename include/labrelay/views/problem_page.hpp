#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/store/problem_board.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::views {

/// A problem in plain words, without the identity of a patient: for lists, alarms and searches.
struct ProblemWords {
    std::string sentence;
    std::string sentence_key;  ///< the rule's key, `.subject` after it where the patient is known
    std::map<std::string, std::string> parameters;  ///< by name: code, unit, analyte, value …
    std::string expected;
    std::string came;
    std::string who_can_fix;
    std::string object;  ///< as shown
    bool object_masked = false;
};
/// `revealed`: the object's identifiers are shown.
ProblemWords words_of(const store::BoardProblem& problem, const Sight& sight,
                      bool revealed = false);

/// 0 to 3, with the reasons in one sentence: a value at a critical limit, what a wrong value could
/// do, how long it waits, how near a visit's end is.
struct ProblemRisk {
    /// One of them as a page says it in its language.
    struct Reason {
        std::string_view key;  ///< `risk.<key>` among the page's texts
        std::optional<std::int64_t> n;
    };
    int risk = 0;
    std::string why;
    std::vector<Reason> reasons;
};

/// Subjects of whose visit windows one ends within a week, with the days that are left.
using ClosingWindows = std::map<SubjectId, int>;
ClosingWindows closing_windows(const study::StudyRules& rules, const study::Registry& registry,
                               Instant now);
ProblemRisk risk_of(const store::BoardProblem& problem, const Sight& sight,
                    const ClosingWindows& closing, Instant now);

/// What the person may see of it; nothing where it is not for them. Results that are closed to them
/// are not counted.
std::optional<store::BoardProblem> seen(store::BoardProblem problem, const Sight& sight);

nlohmann::ordered_json problem_json(const store::BoardProblem& problem, const ProblemWords& words,
                                    const ProblemRisk& risk, const Sight& sight, Instant now);
nlohmann::ordered_json item_json(const store::ProblemItem& item, const Sight& sight);
/// Whether the item is for the person: of a subject that they see, and not closed to them.
bool seen(const store::ProblemItem& item, const Sight& sight);

}  // namespace labrelay::views
