#include "labrelay/study/lock.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "labrelay/study/outstanding.hpp"
#include "labrelay/study/post_lock.hpp"

namespace labrelay::study {
namespace {

using enum LockState;
using enum LockAction;

struct Step {
    LockState from;
    LockAction action;
    std::optional<LockState> to;
};

TEST(Lock, EveryActionInEveryState) {
    const Step steps[] = {
        {open, freeze, frozen}, {open, unfreeze, {}}, {open, lock, locked},
        {open, unlock, {}},     {frozen, freeze, {}}, {frozen, unfreeze, open},
        {frozen, lock, locked}, {frozen, unlock, {}}, {locked, freeze, {}},
        {locked, unfreeze, {}}, {locked, lock, {}},   {locked, unlock, open},
    };
    for (const Step& step : steps) {
        EXPECT_EQ(after(step.from, step.action), step.to)
            << to_string(step.from) << " " << to_string(step.action);
    }
}

Placement at(std::string visit) {
    Placement placement;
    placement.kind = visit.empty() ? VisitKind::unscheduled : VisitKind::scheduled;
    placement.visit = std::move(visit);
    return placement;
}

const LockScope kStudy{"TRIAL", {}, {}};
const LockScope kSubject{"TRIAL", SubjectId{7}, {}};
const LockScope kVisit{"TRIAL", SubjectId{7}, "M3"};

struct Covered {
    LockScope scope;
    std::int64_t subject;
    std::string visit;
    bool covered;
};

TEST(Lock, WhatAScopeCovers) {
    const Covered rows[] = {
        {kStudy, 7, "M3", true},  {kStudy, 8, "", true},      {kSubject, 7, "M3", true},
        {kSubject, 7, "", true},  {kSubject, 8, "M3", false}, {kVisit, 7, "M3", true},
        {kVisit, 7, "M6", false}, {kVisit, 7, "", false},     {kVisit, 8, "M3", false},
    };
    for (const Covered& row : rows) {
        EXPECT_EQ(covers(row.scope, SubjectId{row.subject}, at(row.visit)), row.covered)
            << kind_of(row.scope) << " " << row.subject << " '" << row.visit << "'";
    }
}

TEST(Lock, AScopeHasOneName) {
    EXPECT_EQ(name_of(kVisit), kVisit.study + ":7:M3");
    EXPECT_EQ(name_of(kStudy), kStudy.study + ":0:");
}

TEST(Lock, AVisitsNameAloneIsNotTheVisit) {
    Placement history = at("M3");
    history.kind = VisitKind::history;
    EXPECT_FALSE(covers(kVisit, SubjectId{7}, history));
}

TEST(Lock, TheStrongestStateCountsAndAMoveOutIsCaught) {
    const std::vector<ScopeLock> locks = {{kVisit, locked, {}, 1}, {kStudy, frozen, {}, 2}};
    const Placement m3 = at("M3");
    const Placement m6 = at("M6");
    EXPECT_EQ(effective(locks, SubjectId{7}, nullptr, m3), locked);
    EXPECT_EQ(effective(locks, SubjectId{7}, nullptr, m6), frozen);
    EXPECT_EQ(effective(locks, SubjectId{7}, &m3, m6), locked);
    EXPECT_EQ(effective(locks, SubjectId{7}, &m6, m3), locked);
    EXPECT_EQ(effective({}, SubjectId{7}, &m3, m3), open);
}

TEST(Lock, WordsReadBack) {
    for (const LockState state : {open, frozen, locked}) {
        EXPECT_EQ(lock_state_from(to_string(state)), state);
    }
    for (const LockAction action : {freeze, unfreeze, lock, unlock}) {
        EXPECT_EQ(lock_action_from(to_string(action)), action);
    }
    EXPECT_FALSE(lock_state_from("shut"));
}

TEST(PostLock, TheTableOfTransitions) {
    using State = PostLockState;
    const std::vector<State> all = {State::waiting,   State::open,        State::authorised,
                                    State::forwarded, State::not_applied, State::lapsed};
    int allowed_ones = 0;
    for (const State from : all) {
        EXPECT_EQ(post_lock_state_from(to_string(from)), from);
        for (const State to : all) {
            if (allowed(from, to)) {
                ++allowed_ones;
                EXPECT_TRUE(unsettled(from)) << to_string(from) << " is an end";
            }
        }
    }
    EXPECT_EQ(allowed_ones, 10);
    EXPECT_FALSE(allowed(State::open, State::forwarded));
    EXPECT_TRUE(allowed(State::authorised, State::open));
    EXPECT_TRUE(withholds(State::not_applied));
    EXPECT_FALSE(withholds(State::forwarded));
}

TEST(Lock, WhatMayStandAtATargetAlreadyIsSettledBeforeItIsSignedFor) {
    StudyDefinition study;
    SubjectStanding standing;
    for (const std::string_view state : {"ready", "retry", "rejected", "sending", "unknown"}) {
        standing.deliveries.push_back(
            {std::ssize(standing.deliveries) + 1, "redcap", std::string(state), {1}});
    }
    standing.deliveries.push_back({6, "study", "ready", {1}, true});
    std::vector<std::string> not_acceptable;
    for (const OutstandingItem& item : outstanding_of(standing, {"S", {}, {}}, study, {})) {
        if (!item.acceptable) {
            not_acceptable.push_back(item.id);
        }
    }
    EXPECT_EQ(not_acceptable, (std::vector<std::string>{"delivery:4", "delivery:5", "delivery:6"}));
}

TEST(Lock, AMoveThatWaitsIsInTheWayOfEveryVisitOfItsSubject) {
    StudyDefinition study;
    SubjectStanding standing;
    standing.subject.id = SubjectId{7};
    ResultRecord& record = standing.results.results.emplace_back();
    record.number = 1;
    record.versions.emplace_back();
    record.placement.kind = VisitKind::scheduled;
    record.placement.visit = "M4";
    standing.deliveries.push_back({1, "study", "ready", {1}});
    standing.deliveries.push_back({2, "study", "ready", {1}, false, true});
    for (const std::string visit : {"M3", "M4", ""}) {
        std::map<std::string, bool> acceptable;
        for (const OutstandingItem& item :
             outstanding_of(standing, {"S", SubjectId{7}, visit}, study, {})) {
            acceptable[item.id] = item.acceptable;
        }
        EXPECT_EQ(acceptable.contains("delivery:1"), visit != "M3") << visit;
        ASSERT_TRUE(acceptable.contains("delivery:2")) << visit;
        EXPECT_FALSE(acceptable["delivery:2"]) << visit;
    }
}

ResultWords count(std::string value, std::string visit, int day) {
    ResultWords words;
    words.analyte = "HIVVL";
    words.value = std::move(value);
    words.unit = "{copies}/mL";
    words.state = "quantified";
    words.status = "final";
    words.visit = std::move(visit);
    words.kind = "scheduled";
    words.role = "chosen";
    words.study_day = day;
    return words;
}

bool says(const std::vector<std::string>& impact, std::string_view part) {
    return std::ranges::any_of(impact, [&](const std::string& sentence) {
        return sentence.find(part) != std::string::npos;
    });
}

TEST(PostLock, ImpactOfACorrectedViralLoad) {
    const ResultWords told = count("45", "M3", 92);
    ResultWords now = count("1200", "M3", 92);
    now.status = "corrected";
    const std::vector<std::string> derived = {"HIVVLLOG"};
    const auto impact = impact_of(told, now, nullptr, derived);
    EXPECT_TRUE(says(impact, "from 45 {copies}/mL to 1200 {copies}/mL"));
    EXPECT_TRUE(says(impact, "from final to corrected"));
    EXPECT_TRUE(says(impact, "change from baseline"));
    EXPECT_TRUE(says(impact, "HIVVLLOG"));
}

TEST(PostLock, ImpactOfANewResultAMoveAndAWithdrawal) {
    EXPECT_TRUE(says(impact_of(std::nullopt, count("45", "M3", 92), nullptr, {}), "is new"));
    const std::vector<ToldElsewhere> differs = {{"redcap", count("25", "M3", 92)}, {"rave", {}}};
    const auto apart =
        impact_of(count("45", "M3", 92), count("45", "M3", 92), nullptr, {}, differs);
    EXPECT_TRUE(says(apart, "redcap differs: it holds 25"));
    EXPECT_TRUE(says(apart, "rave differs: it has no such result"));
    EXPECT_FALSE(says(apart, "value and place stay"));
    EXPECT_TRUE(says(impact_of(count("45", "M3", 92), count("45", "M6", 92), nullptr, {}),
                     "moves from M3 to M6"));
    ResultWords gone = count("", "M3", 92);
    gone.state = "withdrawn";
    EXPECT_TRUE(says(impact_of(count("45", "M3", 92), gone, nullptr, {}), "no number any more"));
}

TEST(PostLock, ImpactNamesTheCriteriaThatLookAtAScreeningValue) {
    StudyDefinition study;
    Criterion criterion;
    criterion.id = "I3";
    SuppressionRule rule;
    rule.analyte = "HIVVL";
    criterion.conditions = {{"viral-load", "", rule}};
    study.criteria = {criterion};
    EXPECT_TRUE(
        says(impact_of(count("20", "SCR", -10), count("90", "SCR", -10), &study, {}), "I3"));
    EXPECT_FALSE(says(impact_of(count("20", "M3", 92), count("90", "M3", 92), &study, {}), "I3"));
}

}  // namespace
}  // namespace labrelay::study
