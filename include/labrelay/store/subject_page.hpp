#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "labrelay/delivery/outbox.hpp"
#include "labrelay/store/lock_query.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/study/outstanding.hpp"

namespace labrelay::store {

/// A result with what only the engine knows of it.
struct PageResult {
    delivery::DeliveredResult result;
    /// By target: the state of a delivery of it that is not over, else `delivered`; none where no
    /// target was told.
    std::map<std::string, std::string> delivery;
};

/// Everything that a subject's page shows, in one view of the store.
struct SubjectPage {
    std::vector<PageResult> results;  ///< in order of their numbers
    study::SubjectStanding standing;  ///< without the subject itself
    std::vector<study::ScopeLock> locks;
};
SubjectPage subject_page(ReadSession& session, SubjectId subject);

std::optional<PageResult> page_result(ReadSession& session, SubjectId subject, std::int64_t number);

/// What a lock asks of the subject, read and not locked.
study::SubjectStanding subject_standing(ReadSession& session, const study::Subject& subject);
/// A hold of the subject, or of the same person in another study, that stood at a time.
struct HeldAt {
    study::HeldResult held;
    Instant opened;
    ProblemId problem;  ///< none: not grouped yet
};
std::vector<HeldAt> held_at(ReadSession& session, SubjectId subject, Instant at);
/// A notice of the subject that nobody had closed at a time.
struct NoticeAt {
    std::int64_t id = 0;
    Code rule{};
    std::string detail;
    Instant opened;
    ProblemId problem;
    std::optional<MessageId> message;
};
std::vector<NoticeAt> notices_at(ReadSession& session, SubjectId subject, Instant at);
/// Problems that hold results of nobody known.
std::vector<study::OpenProblem> problems_of_nobody(ReadSession& session);

/// A delivery that has carried, or is to carry, the result.
struct ResultDelivery {
    std::int64_t id = 0;
    std::string target;
    std::string state;
    std::optional<Instant> closed;
    std::string why;
};
/// Of the messages that brought its versions, and what is still open of it; by id.
std::vector<ResultDelivery> deliveries_of(ReadSession& session, SubjectId subject,
                                          std::int64_t number);

}  // namespace labrelay::store
