#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/ids.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/review/query_state.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// What happened to a query. Append-only.
struct SiteQueryFact {
    Instant at;
    std::string actor;
    std::string from;  ///< empty: it was asked
    std::string to;
    std::string text;
};

/// A question to a site or laboratory. Its texts name subjects by their study label only.
struct SiteQuery {
    std::int64_t id = 0;
    review::QueryState state = review::QueryState::open;
    ProblemId problem;  ///< none: it is about no problem
    SubjectId subject;
    std::string subject_study;
    std::string subject_site;
    std::string recipient;
    std::string text;
    std::optional<Instant> due;
    Instant created;
    std::string created_by;
    std::int64_t version = 1;
    std::vector<SiteQueryFact> facts;  ///< oldest first
};

struct SiteQueryFilter {
    std::optional<review::QueryState> state;
    std::optional<ProblemId> problem;
    std::optional<SubjectId> subject;  ///< by itself: then state and problem are not asked
};
/// Newest first; those before `before` (0: from the newest).
std::vector<SiteQuery> site_queries(ReadSession& session, const SiteQueryFilter& filter,
                                    std::int64_t before, std::size_t limit);
std::optional<SiteQuery> site_query(ReadSession& session, std::int64_t id);

struct SiteQuestion {
    ProblemId problem;
    SubjectId subject;
    std::string recipient;
    std::string text;
    std::optional<Instant> due;
};
/// Its id. Errors: not-found (problem or subject), body-bad (no recipient or text, too long, or a
/// patient's number stands in the text).
Result<std::int64_t> ask_site(Desk& desk, const Act& act, const SiteQuestion& question);

/// Answer, close, reopen or cancel, along review::kQueryTransitions. `version`: of the ETag;
/// nothing: whatever it is. Errors: not-found, precondition-failed, state-change-bad, body-bad (no
/// text where it needs one, or a patient's number stands in it).
Result<void> move_site_query(Desk& desk, const Act& act, std::int64_t id, review::QueryStep step,
                             std::string_view text, std::optional<std::int64_t> version);

}  // namespace labrelay::store
