// The rules of the work on problems, questions and approvals.
#include <gtest/gtest.h>

#include "labrelay/review/approval.hpp"
#include "labrelay/review/problem_state.hpp"
#include "labrelay/review/query_state.hpp"

namespace labrelay::review {
namespace {

constexpr std::array kProblemStates{ProblemState::open, ProblemState::in_review,
                                    ProblemState::resolved, ProblemState::dismissed};

TEST(ProblemStates, AreReadAsTheyAreWritten) {
    for (const ProblemState state : kProblemStates)
        EXPECT_EQ(problem_state_from(to_string(state)), state);
    EXPECT_EQ(problem_state_from("closed"), std::nullopt);
}

TEST(ProblemStates, APersonMovesAlongTheTableOnly) {
    struct Row {
        ProblemState from, to;
        bool may;
    };
    constexpr Row kRows[] = {
        {ProblemState::open, ProblemState::in_review, true},
        {ProblemState::in_review, ProblemState::resolved, true},
        {ProblemState::in_review, ProblemState::dismissed, true},
        {ProblemState::dismissed, ProblemState::open, true},
        {ProblemState::resolved, ProblemState::in_review, false},
        {ProblemState::resolved, ProblemState::dismissed, false},
        {ProblemState::dismissed, ProblemState::resolved, false},
        {ProblemState::open, ProblemState::open, false},
    };
    for (const Row& row : kRows)
        EXPECT_EQ(person_may_move(row.from, row.to), row.may)
            << to_string(row.from) << " to " << to_string(row.to);
}

TEST(Snoozes, WakeByTimeOrByCountWhicheverIsFirst) {
    const Instant now{1'000};
    EXPECT_FALSE(asleep({}, 5, now));
    EXPECT_TRUE(asleep({Instant{1'001}, {}}, 5, now));
    EXPECT_FALSE(asleep({Instant{1'000}, {}}, 5, now)) << "the time has come";
    EXPECT_TRUE(asleep({{}, 6}, 5, now));
    EXPECT_FALSE(asleep({{}, 5}, 5, now)) << "it holds as many";
    EXPECT_FALSE(asleep({Instant{2'000}, 5}, 5, now));
    EXPECT_FALSE(asleep({Instant{500}, 50}, 5, now));
}

TEST(Queries, ClosingNeedsAnAnswerFirst) {
    EXPECT_EQ(after(QueryState::open, QueryStep::close), std::nullopt);
    EXPECT_EQ(after(QueryState::answered, QueryStep::close), QueryState::closed);
    EXPECT_EQ(after(QueryState::open, QueryStep::released), QueryState::closed);
    EXPECT_EQ(after(QueryState::closed, QueryStep::reopen), QueryState::open);
    EXPECT_EQ(after(QueryState::cancelled, QueryStep::reopen), std::nullopt);
    EXPECT_EQ(after(QueryState::closed, QueryStep::answer), std::nullopt);
}

TEST(Queries, WordsThatCouldBeAPatientsNumber) {
    const std::vector<std::string> expected{"00481523", "AB-12345"};
    EXPECT_EQ(number_like_words("Who is 00481523, or AB-12345? See 12 of S-01, please."), expected);
    EXPECT_TRUE(number_like_words("nobody").empty());
    EXPECT_EQ(number_like_words("\xE6\x82\xA3\xE8\x80\x85"
                                "00481523"),
              std::vector<std::string>{"00481523"});
}

TEST(Approvals, AreDecidedByAnotherPersonOnce) {
    EXPECT_TRUE(may_decide(ApprovalState::pending, {1, 2}));
    EXPECT_EQ(may_decide(ApprovalState::pending, {1, 1}).error().code, Code::four_eyes_same_person);
    EXPECT_EQ(may_decide(ApprovalState::pending, {1, 0}).error().code, Code::forbidden);
    EXPECT_EQ(may_decide(ApprovalState::refused, {1, 2}).error().code, Code::approval_settled);
    EXPECT_EQ(may_decide(ApprovalState::stale, {1, 2}).error().code, Code::approval_stale);
}

TEST(Approvals, EveryActionHasItsOwnKey) {
    for (const FourEyesAction& action : four_eyes_actions())
        EXPECT_EQ(four_eyes_action(action.key), &action);
    EXPECT_EQ(four_eyes_action("nothing"), nullptr);
    EXPECT_TRUE(four_eyes_action("audit.erase")->always);
}

}  // namespace
}  // namespace labrelay::review
