#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/review/problem_state.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

using review::problem_state_from;
using review::ProblemState;
using review::to_string;

/// One cause that holds results, however many. Its sentence and advice are the rule's in the
/// catalogue.
struct ProblemRow {
    ProblemId id;
    ProblemState state = ProblemState::open;
    Code rule{};
    std::string source;
    std::string object;         ///< the code, unit, patient or specimen that it is about
    std::int64_t held = 0;      ///< results that it holds now
    std::int64_t total = 0;     ///< that it ever held
    std::int64_t subjects = 0;  ///< different subjects or patients
    Instant first;
    Instant last;
    std::optional<Instant> closed;
};

struct ProblemFilter {
    std::optional<ProblemState> state;
    std::optional<std::string> source;
};
/// Most results held first. What has not been grouped yet (group_holds) is not among them.
std::vector<ProblemRow> problems(ReadSession& session, const ProblemFilter& filter);
std::optional<ProblemRow> problem(ReadSession& session, ProblemId id);

/// One observation that a problem holds or held; ordinal 0: the message itself.
struct ProblemItem {
    ObservationId id;
    std::string source;
    std::string control_id;
    Instant received_at;
    std::string place;
    std::string code;
    std::string code_system;
    std::string code_text;
    std::string analyte;
    std::string value_reported;
    std::string unit_reported;
    std::string collected;
    std::optional<SubjectId> subject;
    std::optional<Instant> released;
    std::string detail;  ///< of a notice
};
/// The next `limit` after `after`, in order of their ids. Notices have no observation: they come
/// first.
std::vector<ProblemItem> problem_items(ReadSession& session, ProblemId id, ObservationId after,
                                       std::size_t limit);

}  // namespace labrelay::store
