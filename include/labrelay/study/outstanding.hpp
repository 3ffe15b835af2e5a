#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "labrelay/study/completeness.hpp"
#include "labrelay/study/lock.hpp"
#include "labrelay/study/post_lock.hpp"

namespace labrelay::study {

// What stands in the way of a lock. Pure; the rules stand in src/study/lock.md.

/// A delivery that some target has not got yet.
struct OpenDelivery {
    std::int64_t id = 0;
    std::string target;
    std::string state;                  ///< ready, retry, sending, rejected, unknown
    std::vector<std::int64_t> results;  ///< numbers of the subject's results
    /// ready or retry: the target was given it, and nothing was marked since.
    bool tried = false;
    /// Not rejected, and came with no message: results moved, or their subject has another label.
    /// The target holds them where they stood before, which may be at any visit.
    bool moves = false;
};

/// A notice of the subject whose problem nobody has closed.
struct OpenNotice {
    std::int64_t id = 0;
    Code rule{};
};

/// An unsettled post-lock item of the subject.
struct OpenPostLock {
    std::int64_t id = 0;
    std::int64_t number = 0;
    PostLockState state = PostLockState::open;
    std::optional<ResultWords> told;
    ResultWords now;
};

/// Everything about one subject that a lock asks for, read in the transaction that locks.
struct SubjectStanding {
    Subject subject;
    SubjectState results;
    std::vector<HeldResult> held;
    std::vector<OpenNotice> notices;
    std::vector<OpenDelivery> deliveries;
    std::vector<OpenPostLock> post_lock;
};

/// A problem that holds results of nobody known: of a study they may be anybody's.
struct OpenProblem {
    std::int64_t id = 0;
    Code rule{};
    std::int64_t held = 0;
};

/// One thing that is outstanding. The id stays the same while it is: `held:0ABC…-1`,
/// `delivery:17`, `missing:S-004:M3:hiv-rna:HIVVL`. No identity in either.
struct OutstandingItem {
    std::string id;
    std::string text;
    /// False: it must be over first, nobody can sign for it (a delivery whose sending has begun and
    /// of which is not known how it ended, or without which the target holds a result elsewhere).
    bool acceptable = true;
    std::string visit{};    ///< empty: of none, or it is not known of which
    std::string analyte{};  ///< empty: of none, or the laboratory's code is not mapped; of a
                            ///< panel's item all that would do, `HIVVL|HIVVLLOG`
    std::string code{};     ///< the laboratory's, of what is held
    Code rule{};            ///< that holds it; none: of nothing that a rule holds

    friend bool operator==(const OutstandingItem&, const OutstandingItem&) = default;
};

/// Of one subject, as far as the scope covers it; in the order held, notices, deliveries, missing,
/// post-lock.
std::vector<OutstandingItem> outstanding_of(const SubjectStanding& standing, const LockScope& scope,
                                            const StudyDefinition& study, Instant now);
/// Of a study whose problems hold results of nobody known.
std::vector<OutstandingItem> outstanding_of(std::span<const OpenProblem> problems);

}  // namespace labrelay::study
