#include <gtest/gtest.h>

#include "study_builders.hpp"

namespace labrelay::study::testing {
namespace {

// M3's target day is 2026-05-04.
SubjectBuilder treated() {
    return a_subject().consented("2026-01-10").infused("2026-02-02T10:00");
}

Proposal count(std::int64_t id, const char* specimen, const char* drawn,
               Status status = Status::final) {
    return a_message(id).with(
        an_observation("CD4A", "412").specimen(specimen).drawn(drawn).status(status));
}

struct Draws {
    const char* name;
    std::vector<std::pair<const char*, const char*>>
        draws;  ///< specimen and time, in order of arrival
    const char* chosen;
};

TEST(Roles, TheDrawNearestToTheTargetStandsForTheVisit) {
    const std::vector<Draws> rows{
        {"alone", {{"A", "2026-04-21"}}, "A"},
        {"nearer first", {{"A", "2026-05-05"}, {"B", "2026-05-08"}}, "A"},
        {"nearer last", {{"B", "2026-05-08"}, {"A", "2026-05-05"}}, "A"},
        {"nearer before the target", {{"A", "2026-05-03"}, {"B", "2026-05-06"}}, "A"},
        {"a tie takes the later day", {{"A", "2026-05-02"}, {"B", "2026-05-06"}}, "B"},
        {"a tie takes the later hour", {{"A", "2026-05-04T08:00"}, {"B", "2026-05-04T09:00"}}, "B"},
        {"the same hour", {{"B", "2026-05-04T08:00"}, {"A", "2026-05-04T08:00"}}, "B"},
        {"three", {{"A", "2026-05-10"}, {"B", "2026-05-06"}, {"C", "2026-04-30"}}, "B"},
    };
    for (const Draws& row : rows) {
        SCOPED_TRACE(row.name);
        Trial trial(treated());
        std::int64_t id = 0;
        for (const auto& [specimen, drawn] : row.draws) {
            trial.take(count(++id, specimen, drawn));
        }
        for (const auto& [specimen, drawn] : row.draws) {
            const ResultRecord* record = trial.result("CD4A", specimen);
            EXPECT_EQ(record->placement.visit, "M3");
            EXPECT_EQ(record->placement.role,
                      std::string_view(specimen) == row.chosen ? Role::chosen : Role::additional)
                << specimen;
        }
    }
}

TEST(Roles, APanelIsOneDrawAndNotAMixture) {
    Trial trial(treated());
    trial.take(a_message(1)
                   .with(an_observation("CD4A", "412").specimen("A").drawn("2026-05-05"))
                   .with(an_observation("HIVVL", "30").specimen("A").drawn("2026-05-05")));
    trial.take(a_message(2)
                   .with(an_observation("CD4P", "21").specimen("B").drawn("2026-05-08"))
                   .with(an_observation("CD8A", "815").specimen("B").drawn("2026-05-08"))
                   .with(an_observation("WBC", "5.1").specimen("B").drawn("2026-05-08")));
    EXPECT_EQ(trial.result("CD4A", "A")->placement.role, Role::chosen);
    EXPECT_EQ(trial.result("CD4P", "B")->placement.role, Role::additional);
    EXPECT_EQ(trial.result("CD8A", "B")->placement.role, Role::additional);
    EXPECT_EQ(trial.result("HIVVL", "A")->placement.role, Role::chosen);
    EXPECT_EQ(trial.result("WBC", "B")->placement.role, Role::chosen);
}

TEST(Roles, OnlyAValidResultMakesADrawStand) {
    Trial trial(treated());
    trial.take(count(1, "A", "2026-05-04", Status::preliminary));
    EXPECT_EQ(trial.result("CD4A", "A")->placement.role, Role::chosen);
    const Outcome outcome = trial.take(count(2, "B", "2026-05-10"));
    EXPECT_EQ(trial.result("CD4A", "A")->placement.role, Role::additional);
    EXPECT_EQ(trial.result("CD4A", "B")->placement.role, Role::chosen);
    ASSERT_EQ(outcome.changes.size(), 2U);
    EXPECT_EQ(outcome.changes[0].reason, Code::nearer_draw);
    EXPECT_FALSE(outcome.changes[0].value_changed);
    EXPECT_EQ(outcome.changes[0].after.placement_version, 2);

    trial.take(count(3, "A", "2026-05-04"));
    EXPECT_EQ(trial.result("CD4A", "A")->placement.role, Role::chosen);
    EXPECT_EQ(trial.result("CD4A", "B")->placement.role, Role::additional);

    trial.take(count(4, "A", "2026-05-04", Status::withdrawn));
    EXPECT_EQ(trial.result("CD4A", "A")->placement.role, Role::additional);
    EXPECT_EQ(trial.result("CD4A", "B")->placement.role, Role::chosen);
}

TEST(Roles, ANearerDrawAfterDeliveryIsForAPerson) {
    Trial trial(treated());
    trial.take(count(1, "A", "2026-05-08"));
    trial.deliver_all();
    const Outcome outcome = trial.take(count(2, "B", "2026-05-04"));
    ASSERT_EQ(outcome.notices.size(), 1U);
    EXPECT_EQ(outcome.notices[0].code, Code::nearer_after_delivery);
    ASSERT_EQ(outcome.changes.size(), 1U);
    EXPECT_EQ(outcome.changes[0].reason, Code::nearer_after_delivery);
    EXPECT_EQ(outcome.changes[0].after.placement.role, Role::additional);
    EXPECT_EQ(trial.result("CD4A", "A")->placement.role, Role::chosen);

    // The same question is not asked again by what comes later.
    EXPECT_TRUE(trial.take(count(3, "C", "2026-05-10")).notices.empty());
}

TEST(Roles, ADeliveredDrawThatWasWithdrawnMakesRoom) {
    Trial trial(treated());
    trial.take(count(1, "A", "2026-05-04"));
    trial.take(count(2, "B", "2026-05-10"));
    trial.deliver_all();
    trial.take(count(3, "A", "2026-05-04", Status::withdrawn));
    EXPECT_EQ(trial.result("CD4A", "B")->placement.role, Role::chosen);
    EXPECT_EQ(trial.result("CD4A", "A")->placement.role, Role::additional);
}

TEST(Roles, AShadowSourceTakesNoPlaceFromALiveOne) {
    Trial trial(treated());
    trial.take(a_message(1).from("pcr").shadow().with(
        an_observation("CD4A", "400").specimen("S").drawn("2026-05-04")));
    EXPECT_FALSE(trial.result("CD4A", "S")->placement.forwarded);
    trial.take(count(2, "A", "2026-05-10"));
    EXPECT_EQ(trial.result("CD4A", "A")->placement.role, Role::chosen);
    EXPECT_EQ(trial.result("CD4A", "S")->placement.role, Role::additional);
}

TEST(Roles, FollowAMoveToAnotherVisit) {
    Trial trial(a_subject().consented("2026-01-10"));
    trial.take(count(1, "A", "2026-01-12"));
    trial.take(count(2, "B", "2026-02-01"));
    EXPECT_EQ(trial.result("CD4A", "B")->placement.role, Role::additional);
    trial.place(treated());
    EXPECT_EQ(trial.result("CD4A", "B")->placement.visit, "M0");
    EXPECT_EQ(trial.result("CD4A", "B")->placement.role, Role::chosen);
    EXPECT_EQ(trial.result("CD4A", "A")->placement.role, Role::chosen);
}

}  // namespace
}  // namespace labrelay::study::testing
