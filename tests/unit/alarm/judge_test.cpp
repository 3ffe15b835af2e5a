// Which incidents hold: a row is what was seen and what a person is told of it.
#include "labrelay/alarm/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace labrelay::alarm {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Instant kNow{1'780'000'000'000'000};

Instant ago(std::chrono::minutes time) {
    return Instant{kNow.microseconds - std::chrono::microseconds(time).count()};
}

/// A day on which nothing is wrong.
Facts calm() {
    Facts facts;
    facts.now = kNow;
    SourceFact source;
    source.id = "lis";
    source.recent = {100, 2};
    source.usual = {1000, 20};
    facts.sources = {source};
    TargetFact target;
    target.name = "study";
    facts.targets = {target};
    facts.disk = DiskFact{"node 0", 50, 100};
    facts.configuration = ConfigurationFact{"node 0", "aa", "aa", {}};
    facts.problems.emplace();
    facts.audit.emplace();
    facts.criticals.emplace();
    return facts;
}

CriticalFact critical(Instant at) {
    return {"0000000000001.1", "S-004", "NCT05872659", "lis", at};
}

std::vector<std::string> held_by(const Judgement& judgement) {
    std::vector<std::string> words;
    for (const Incident& incident : judgement.holding) {
        words.push_back(std::string(key(incident.kind)) + " " + incident.object);
    }
    return words;
}

struct Row {
    const char* name;
    std::function<void(Facts&)> change;
    std::vector<std::string> holding;
};

const Row kRows[] = {
    {"calm", [](Facts&) {}, {}},
    {"silent", [](Facts& f) { f.sources->front().silent = true; }, {"source-silent lis"}},
    {"clock", [](Facts& f) { f.sources->front().clock_off = true; }, {"source-clock lis"}},
    {"gap", [](Facts& f) { f.sources->front().last_gap = ago(23h); }, {"sequence-gap lis"}},
    {"gap long ago", [](Facts& f) { f.sources->front().last_gap = ago(24h); }, {}},
    {"share",
     [](Facts& f) {
         f.sources->front().recent = {100, 22};
     },
     {"held-share lis"}},
    {"share near",
     [](Facts& f) {
         f.sources->front().recent = {100, 21};
     },
     {}},
    {"share of few",
     [](Facts& f) {
         f.sources->front().recent = {19, 19};
     },
     {}},
    {"share unknown",
     [](Facts& f) {
         f.sources->front().recent = {100, 90};
         f.sources->front().usual = {19, 0};
     },
     {}},
    {"away", [](Facts& f) { f.targets->front().failing = true; }, {"target-away study"}},
    {"lag", [](Facts& f) { f.targets->front().oldest = ago(30min); }, {"delivery-lag study"}},
    {"no lag yet", [](Facts& f) { f.targets->front().oldest = ago(29min); }, {}},
    {"paused",
     [](Facts& f) {
         f.targets->front().oldest = ago(300min);
         f.targets->front().paused = true;
     },
     {}},
    {"rejected", [](Facts& f) { f.targets->front().rejected = 1; }, {"deliveries-rejected study"}},
    {"disk", [](Facts& f) { f.disk->free = 4; }, {"disk-low node 0"}},
    {"disk enough", [](Facts& f) { f.disk->free = 10; }, {}},
    {"disk unknown",
     [](Facts& f) {
         f.disk = DiskFact{"node 0", 0, 0};
     },
     {}},
    {"configuration",
     [](Facts& f) { f.configuration->since = ago(2min); },
     {"configuration-refused node 0"}},
    {"configuration follows", [](Facts& f) { f.configuration->since = ago(1min); }, {}},
    {"aged",
     [](Facts& f) {
         f.problems->push_back({"lis", 3, 12});
     },
     {"problems-aged lis"}},
    {"audit",
     [](Facts& f) {
         f.audit = AuditFact{false, 4711, "its hash is not that of what it says"};
     },
     {"audit-broken the audit trail"}},
    {"critical",
     [](Facts& f) { f.criticals->push_back(critical(ago(29min))); },
     {"critical-value 0000000000001.1"}},
    {"critical late",
     [](Facts& f) { f.criticals->push_back(critical(ago(30min))); },
     {"critical-value 0000000000001.1", "critical-unacknowledged 0000000000001.1"}},
};

TEST(Judge, FindsWhatHolds) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.name);
        Facts facts = calm();
        row.change(facts);
        EXPECT_EQ(held_by(judge(facts, {})), row.holding);
    }
}

TEST(Judge, NamesTheFirstBadRowOfTheAuditTrail) {
    Facts facts = calm();
    facts.audit = AuditFact{false, 4711, "its hash is not that of what it says"};
    EXPECT_EQ(judge(facts, {}).holding.at(0).text,
              "The audit trail is not whole. Its first bad row is 4711: its hash is not that of "
              "what it says.");
    facts.audit = AuditFact{false, 0, "row 9 of life 1 of node 0 is missing"};
    EXPECT_EQ(judge(facts, {}).holding.at(0).text,
              "The audit trail is not whole: row 9 of life 1 of node 0 is missing.");
    facts.audit.reset();
    EXPECT_FALSE(judge(facts, {}).looked_at.contains(IncidentKind::audit_broken))
        << "before a check is finished an incident stays as it is";
}

TEST(Judge, SaysWhatArrivedForWhomAndNotWhatItSays) {
    Facts facts = calm();
    facts.criticals->push_back(critical(kNow));
    facts.criticals->push_back({"0000000000002.1", "", "", "lis", kNow});
    const Judgement judgement = judge(facts, {});
    ASSERT_EQ(judgement.holding.size(), 2U);
    EXPECT_EQ(judgement.holding[0].text, "A critical value arrived for S-004 from source lis.");
    EXPECT_EQ(judgement.holding[0].study, "NCT05872659");
    EXPECT_EQ(judgement.holding[1].text,
              "A critical value arrived for somebody who is not found in the registry "
              "yet from source lis.");
}

std::vector<OpenIncident> all_open() {
    return {{1, IncidentKind::source_silent, "lis"},  {2, IncidentKind::held_share, "lis"},
            {3, IncidentKind::target_away, "study"},  {4, IncidentKind::disk_low, "node 0"},
            {5, IncidentKind::problems_aged, "lis"},  {6, IncidentKind::critical_value, "x.1"},
            {7, IncidentKind::source_silent, "gone"}, {8, IncidentKind::store_away, "node 0"}};
}

TEST(Judge, RemindsWhereNobodyReviewsAccess) {
    Facts facts = calm();
    Limits limits;
    limits.access_review = std::chrono::days(30);
    const auto held = [&](std::optional<Instant> since) {
        facts.access = AccessFact{since};
        return held_by(judge(facts, limits));
    };
    EXPECT_THAT(held(std::nullopt), IsEmpty()) << "nobody has an account";
    EXPECT_THAT(held(ago(30 * 24h - 1min)), IsEmpty());
    EXPECT_THAT(held(ago(30 * 24h)), ElementsAre("access-review-due accounts"));
    limits.access_review = std::chrono::days(0);
    EXPECT_THAT(held(ago(3000 * 24h)), IsEmpty()) << "nobody is to be reminded";
    EXPECT_FALSE(judge(calm(), limits).decides(IncidentKind::access_review_due, "accounts"))
        << "what was not looked at stays";
}

TEST(Changes, WhatHoldsNoMoreIsOver) {
    const Changes found = changes(all_open(), judge(calm(), {}));
    EXPECT_THAT(found.opened, IsEmpty());
    // What became of a source that is no longer configured is nobody's concern; the store's own
    // incident is not judged here.
    EXPECT_THAT(found.over, ElementsAre(1, 2, 3, 4, 5, 6, 7));
}

TEST(Changes, WhatWasNotLookedAtStays) {
    Facts facts;
    facts.now = kNow;
    facts.criticals.emplace();
    EXPECT_THAT(changes(all_open(), judge(facts, {})).over, ElementsAre(6));
}

TEST(Changes, WhatCannotBeToldStays) {
    Facts facts = calm();
    facts.sources->front().recent = {3, 0};  // too few to say that the share is usual again
    facts.targets->front().waiting = 5;      // nobody here tried to deliver them
    EXPECT_THAT(changes(all_open(), judge(facts, {})).over, ElementsAre(1, 4, 5, 6, 7));
    facts.targets->front().failed_here = true;  // it was tried, and it works
    EXPECT_THAT(changes(all_open(), judge(facts, {})).over, ElementsAre(1, 3, 4, 5, 6, 7));
}

TEST(Changes, AnIncidentIsOpenedOnce) {
    Facts facts = calm();
    facts.sources->front().silent = true;
    const Judgement judgement = judge(facts, {});
    EXPECT_EQ(changes({}, judgement).opened.size(), 1U);
    const std::vector<OpenIncident> open{{1, IncidentKind::source_silent, "lis"}};
    const Changes again = changes(open, judgement);
    EXPECT_THAT(again.opened, IsEmpty());
    EXPECT_THAT(again.over, IsEmpty());
}

TEST(HeldShare, ComparesTheLastHourWithTheTimeBefore) {
    HeldShare share;
    share.add(ago(90min), {1000, 10});  // the first look: the past
    share.add(ago(80min), {100, 50});
    share.add(ago(30min), {40, 20});
    share.add(kNow, {10, 10});
    EXPECT_EQ(share.recent(kNow).results, 50);
    EXPECT_EQ(share.recent(kNow).held, 30);
    EXPECT_EQ(share.usual(kNow).results, 1100);
    EXPECT_EQ(share.usual(kNow).held, 60);
    const Instant later{kNow.microseconds + 3'600'000'000};
    EXPECT_EQ(share.recent(later).results, 0);
    EXPECT_EQ(share.usual(later).results, 1150);
}

}  // namespace
}  // namespace labrelay::alarm
