#include "labrelay/study/versions.hpp"

#include <gtest/gtest.h>

#include <map>

#include "study_builders.hpp"

namespace labrelay::study::testing {
namespace {

/// One statement of the laboratory, written `F412@3`: status, value, minute. `~` before the minute:
/// the time is only the message's.
struct Statement {
    Status status;
    std::string value;
    int minute;
    bool own_time;
};

Statement statement(std::string_view text) {
    static const std::map<char, Status> kStatus{
        {'P', Status::preliminary}, {'F', Status::final},    {'C', Status::corrected},
        {'U', Status::promoted},    {'X', Status::not_done}, {'W', Status::withdrawn}};
    const std::size_t at = text.find('@');
    const bool own_time = text.find('~') == std::string_view::npos;
    const std::string minute(text.substr(at + (own_time ? 1 : 2)));
    return {kStatus.at(text[0]), std::string(text.substr(1, at - 1)), std::stoi(minute), own_time};
}

ObservationBuilder observation(const Statement& said) {
    ObservationBuilder builder("CD4A", said.value.empty() ? "0" : said.value);
    if (said.value == "bad") {
        builder.state(ResultState::no_result, "Invalid");
    }
    builder.status(said.status).drawn("2026-01-12T08:00");
    builder.said(
        "2026-01-12T10:" + std::string(said.minute < 10 ? "0" : "") + std::to_string(said.minute),
        said.own_time);
    return builder;
}

struct Case {
    const char* name;
    std::vector<const char*> said;    ///< in order of arrival
    std::vector<const char*> became;  ///< stored, or the rule
    const char* current;              ///< value or state of the current version
    std::size_t versions;
};

const std::vector<Case> kCases{
    {"final", {"F412@1"}, {"stored"}, "412", 1},
    {"preliminary then final", {"P410@1", "F412@2"}, {"stored", "stored"}, "412", 2},
    {"preliminary changes", {"P410@1", "P412@2"}, {"stored", "stored"}, "412", 2},
    {"late preliminary is never current",
     {"F412@1", "P410@2"},
     {"stored", "late-preliminary"},
     "412",
     2},
    {"late preliminary of before", {"F412@2", "P410@1"}, {"stored", "late-preliminary"}, "412", 2},
    {"same final", {"F412@1", "F412@1"}, {"stored", "repeat-of"}, "412", 1},
    {"same final later", {"F412@1", "F412@9"}, {"stored", "repeat-of"}, "412", 1},
    {"other final", {"F412@1", "F413@2"}, {"stored", "final-differs"}, "412", 1},
    {"rerun after no result", {"Fbad@1", "F412@2"}, {"stored", "stored"}, "412", 2},
    {"no result after a value", {"F412@1", "Fbad@2"}, {"stored", "final-differs"}, "412", 1},
    {"correction", {"F412@1", "C421@2"}, {"stored", "stored"}, "421", 2},
    {"correction first", {"C421@2", "F412@1"}, {"correction-first", "stored"}, "421", 2},
    {"correction at the same time", {"F412@1", "C421@1"}, {"stored", "stored"}, "421", 2},
    {"correction of a preliminary", {"P412@1", "C421@2"}, {"stored", "stored"}, "421", 2},
    {"two corrections in the wrong order",
     {"F1@1", "C3@3", "C2@2"},
     {"stored", "stored", "stored"},
     "3",
     3},
    {"final equal to the correction",
     {"F412@1", "C421@2", "F421@3"},
     {"stored", "stored", "repeat-of"},
     "421",
     2},
    {"final unlike the correction",
     {"F412@1", "C421@2", "F430@3"},
     {"stored", "stored", "final-differs"},
     "421",
     2},
    {"the old final again",
     {"F412@1", "C421@2", "F412@3"},
     {"stored", "stored", "repeat-of"},
     "421",
     2},
    {"held final after the correction came",
     {"F412@1", "C421@3", "F430@2"},
     {"stored", "stored", "stored"},
     "421",
     3},
    {"a final never undoes a correction", {"F430@3", "C421@2"}, {"stored", "stored"}, "421", 2},
    {"same correction again", {"C421@1", "C421@1"}, {"correction-first", "repeat-of"}, "421", 1},
    {"same correction, only the message is new",
     {"C421@1", "C421@~5"},
     {"correction-first", "repeat-of"},
     "421",
     1},
    {"correction back to an earlier value",
     {"C1@1", "C2@2", "C1@3"},
     {"correction-first", "stored", "stored"},
     "1",
     3},
    {"the same, the last before the second",
     {"C1@1", "C1@3", "C2@2"},
     {"correction-first", "stored", "stored"},
     "1",
     3},
    {"withdrawal", {"F412@1", "W@2"}, {"stored", "stored"}, "withdrawn", 2},
    {"withdrawal first", {"W@2", "F412@1"}, {"withdrawal-first", "stored"}, "withdrawn", 2},
    {"withdrawal again",
     {"F412@1", "W@2", "W@2"},
     {"stored", "stored", "repeat-of"},
     "withdrawn",
     2},
    {"correction after the withdrawal",
     {"F412@1", "W@2", "C421@3"},
     {"stored", "stored", "stored"},
     "421",
     3},
    {"the old final after the withdrawal",
     {"F412@1", "W@2", "F412@3"},
     {"stored", "stored", "repeat-of"},
     "withdrawn",
     2},
    {"another final after the withdrawal",
     {"W@2", "F430@3"},
     {"withdrawal-first", "final-differs"},
     "withdrawn",
     1},
    {"not done", {"X@1"}, {"stored"}, "not_done", 1},
    {"not done, then a value", {"X@1", "F412@2"}, {"stored", "stored"}, "412", 2},
    {"a value, then not done", {"F412@1", "X@2"}, {"stored", "stored"}, "not_done", 2},
    {"not done after preliminary", {"P412@1", "X@2"}, {"stored", "stored"}, "not_done", 2},
    {"not done again", {"X@1", "X@1"}, {"stored", "repeat-of"}, "not_done", 1},
    {"promotion", {"P410@1", "P412@2", "U@3"}, {"stored", "stored", "stored"}, "412", 3},
    {"promotion of nothing", {"U@3"}, {"nothing-to-promote"}, nullptr, 0},
    {"promotion of a later value", {"P410@5", "U@3"}, {"stored", "nothing-to-promote"}, "410", 1},
    {"promotion of a final", {"F412@1", "U@3"}, {"stored", "repeat-of"}, "412", 1},
    {"promotion of a withdrawn value",
     {"P412@1", "W@2", "U@3"},
     {"stored", "stored", "nothing-to-promote"},
     "withdrawn",
     2},
    {"what the promotion may have meant",
     {"P410@1", "U@3", "P412@2"},
     {"stored", "stored", "final-differs"},
     "410",
     2},
    {"final after promotion",
     {"P412@1", "U@2", "F412@3"},
     {"stored", "stored", "stored"},
     "412",
     3},
    {"other final after promotion",
     {"P412@1", "U@2", "F421@3"},
     {"stored", "stored", "final-differs"},
     "412",
     2},
};

/// `stored`, the note of a stored one, or the rule.
std::string became(const DecidedObservation& decided) {
    if (decided.disposition != Disposition::stored) {
        return std::string(key(decided.rule));
    }
    return decided.findings.empty() ? "stored" : std::string(key(decided.findings.front().code));
}

std::string shown(const StoredVersion& version) {
    return version.value.value_num ? version.value.value_num->to_string()
                                   : std::string(units::to_string(version.value.state));
}

TEST(Versions, BecomeWhatTheTableSays) {
    for (const Case& row : kCases) {
        SCOPED_TRACE(row.name);
        Trial trial(a_subject().consented("2026-01-10"));
        std::int64_t id = 0;
        for (std::size_t at = 0; at < row.said.size(); ++at) {
            const Outcome outcome =
                trial.take(a_message(++id).with(observation(statement(row.said[at]))));
            EXPECT_EQ(became(outcome.observations.at(0)), row.became[at]) << row.said[at];
        }
        const ResultRecord* record = trial.result("CD4A");
        ASSERT_EQ(record == nullptr, row.current == nullptr);
        if (record != nullptr) {
            EXPECT_EQ(shown(record->current_version()), row.current);
            EXPECT_EQ(record->versions.size(), row.versions);
            EXPECT_TRUE(
                std::is_sorted(record->versions.begin(), record->versions.end(), version_before));
        }
    }
}

TEST(Versions, RepeatNamesTheVersionThatItRepeats) {
    Trial trial(a_subject().consented("2026-01-10"));
    trial.take(a_message(7).with(observation(statement("F412@1"))));
    const Outcome outcome = trial.take(a_message(8).with(observation(statement("F412@4"))));
    EXPECT_EQ(outcome.observations[0].repeat_of, (ObservationId{MessageId{7}, 1}));
    EXPECT_TRUE(outcome.changes.empty());
}

TEST(Versions, ARepeatIsSeenByItsMeaning) {
    Trial trial(a_subject().consented("2026-01-10"));
    trial.take(a_message(1).with(observation(statement("F1.5@1"))));
    EXPECT_EQ(trial.take(a_message(2).with(observation(statement("F1.50@2")))).observations[0].rule,
              Code::repeat_of);
}

TEST(Versions, TheSameValueOfAnotherDrawTimeIsNoRepeat) {
    Trial trial(a_subject().consented("2026-01-10"));
    trial.take(a_message(1).with(observation(statement("F412@1"))));
    auto moved = observation(statement("F412@2"));
    moved.drawn("2026-01-13T08:00");
    EXPECT_EQ(trial.take(a_message(2).with(moved)).observations[0].rule, Code::final_differs);
}

TEST(Versions, AWithdrawnValueKeepsNoNumber) {
    Trial trial(a_subject().consented("2026-01-10"));
    trial.take(a_message(1).with(observation(statement("F412@1"))));
    trial.take(a_message(2).with(observation(statement("W412@2"))));
    const ResultValue& value = trial.result("CD4A")->current_version().value;
    EXPECT_EQ(value.state, ResultState::withdrawn);
    EXPECT_FALSE(value.value_num.has_value());
    EXPECT_EQ(value.value_text, "WITHDRAWN");
}

TEST(Versions, AWithdrawalNeedsNeitherAnalyteNorDrawTime) {
    Trial trial(a_subject().consented("2026-01-10"));
    trial.take(a_message(1).with(observation(statement("F412@1"))));
    Proposal proposal = a_message(2).with(observation(statement("W@2")).undated());
    proposal.observations[0].analyte.clear();
    EXPECT_EQ(trial.take(proposal).observations[0].disposition, Disposition::stored);
    EXPECT_EQ(trial.results().size(), 1U);
    EXPECT_EQ(trial.result("CD4A")->current_version().value.state, ResultState::withdrawn);
    EXPECT_EQ(trial.result("CD4A")->placement.visit, "SCR");
}

TEST(Versions, TheResultIsPlacedByTheVersionThatIsCurrent) {
    Trial trial(a_subject().consented("2026-01-10"));
    const auto of_day = [](const char* said, const char* drawn) {
        auto builder = observation(statement(said));
        return builder.drawn(drawn);
    };
    trial.take(a_message(1).with(of_day("X@2", "2026-01-05T08:00")));
    trial.take(a_message(2).with(of_day("P410@3", "2026-01-12T08:00")));
    EXPECT_EQ(trial.result("CD4A")->placement.visit, "SCR");
    // The final is older than both and takes the preliminary out of the running: "not done" is
    // current.
    trial.take(a_message(3).with(of_day("F412@1", "2026-01-12T08:00")));
    EXPECT_EQ(trial.result("CD4A")->current_version().value.state, ResultState::not_done);
    EXPECT_EQ(trial.result("CD4A")->placement.kind, VisitKind::history);
}

TEST(Versions, AFinalThatACorrectionOvertookIsShownToAPerson) {
    Trial trial(a_subject().consented("2026-01-10"));
    trial.take(a_message(1).with(observation(statement("F430@3"))));
    const Outcome outcome = trial.take(a_message(2).with(observation(statement("C421@2"))));
    ASSERT_EQ(outcome.notices.size(), 1U);
    EXPECT_EQ(outcome.notices[0].code, Code::final_differs);
    EXPECT_EQ(outcome.notices[0].subject, SubjectId{1});
}

}  // namespace
}  // namespace labrelay::study::testing
