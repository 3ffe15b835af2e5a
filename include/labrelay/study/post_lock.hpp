#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/study/state.hpp"
#include "labrelay/study/study_definition.hpp"

namespace labrelay::study {

// What arrived for a frozen or locked scope: stored, and kept from the study databases until a
// person has decided. Pure; the rules stand in src/study/lock.md.

enum class PostLockState : std::uint8_t {
    waiting,      ///< the scope is frozen
    open,         ///< the scope is or was locked: a person decides
    authorised,   ///< somebody unlocked this one result, by name, reason and signature
    forwarded,    ///< end: told to the study databases
    not_applied,  ///< end: documented; what the study databases hold stands
    lapsed,       ///< end: the result is again what the study databases hold
};
std::string_view to_string(PostLockState state);
std::optional<PostLockState> post_lock_state_from(std::string_view text);

struct PostLockTransition {
    PostLockState from;
    PostLockState to;
    std::string_view why;
};

inline constexpr std::array kPostLockTransitions{
    PostLockTransition{PostLockState::waiting, PostLockState::forwarded, "unfrozen"},
    PostLockTransition{PostLockState::waiting, PostLockState::open, "the scope was locked"},
    PostLockTransition{PostLockState::waiting, PostLockState::lapsed, "changed back"},
    PostLockTransition{PostLockState::open, PostLockState::authorised,
                       "the unlock was authorised by name, reason and signature"},
    PostLockTransition{PostLockState::open, PostLockState::not_applied, "documented"},
    PostLockTransition{PostLockState::open, PostLockState::lapsed, "changed back"},
    PostLockTransition{PostLockState::authorised, PostLockState::forwarded, "delivered anew"},
    PostLockTransition{PostLockState::authorised, PostLockState::open,
                       "another change came: it was not what was authorised"},
    PostLockTransition{PostLockState::authorised, PostLockState::not_applied, "documented"},
    PostLockTransition{PostLockState::authorised, PostLockState::lapsed, "changed back"},
};

constexpr bool allowed(PostLockState from, PostLockState to) {
    return std::any_of(
        kPostLockTransitions.begin(), kPostLockTransitions.end(),
        [&](const PostLockTransition& row) { return row.from == from && row.to == to; });
}
/// Nobody has decided yet.
constexpr bool unsettled(PostLockState state) {
    return state == PostLockState::waiting || state == PostLockState::open ||
           state == PostLockState::authorised;
}
/// The study databases hold something else than the store, and that is as it should be.
constexpr bool withholds(PostLockState state) {
    return unsettled(state) || state == PostLockState::not_applied;
}

static_assert(!allowed(PostLockState::open, PostLockState::forwarded),
              "nothing reaches a locked scope without an authorised unlock");
static_assert(!allowed(PostLockState::not_applied, PostLockState::forwarded),
              "what was documented stands; a later change is a new item");

/// A result in the words in which a person compares it.
struct ResultWords {
    std::string analyte;
    std::string value;  ///< `<20`, `412`; empty where there is none
    std::string unit;
    std::string state;   ///< quantified, below_lloq …
    std::string status;  ///< final, corrected, withdrawn …
    std::string visit;   ///< empty for unscheduled and history
    std::string kind;
    std::string role;
    std::optional<int> study_day;
    bool derived = false;
    std::string lineage;  ///< of the version

    friend bool operator==(const ResultWords&, const ResultWords&) = default;
};
ResultWords words_of(const ResultRecord& record);
/// `412 /uL (final) at M3`; for a result that is not there `nothing`.
std::string sentence_of(const std::optional<ResultWords>& words);

/// A study database that holds something else than the others.
struct ToldElsewhere {
    std::string target;
    std::optional<ResultWords> told;  ///< nothing: it has no such result
};
std::string sentence_of(const ToldElsewhere& differs);

/// What the change means at the study, a sentence each: value, status, visit, role, change from
/// baseline, criteria of eligibility, values derived from it. `derived`: analytes of the subject's
/// results that are computed from this one. `differs`: study databases that hold something else
/// than `told`. Never empty.
std::vector<std::string> impact_of(const std::optional<ResultWords>& told, const ResultWords& now,
                                   const StudyDefinition* study,
                                   std::span<const std::string> derived,
                                   std::span<const ToldElsewhere> differs = {});

}  // namespace labrelay::study
