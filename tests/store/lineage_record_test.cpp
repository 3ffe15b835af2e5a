#include "labrelay/store/lineage_record.hpp"

#include <gtest/gtest.h>

#include "labrelay/core/sentences.hpp"
#include "store_items.hpp"

namespace labrelay::store {
namespace {

using namespace std::string_view_literals;

testing::StoreItem with_findings() {
    testing::StoreItem item(1, "A1");
    item.stored(1).held(Code::unknown_unit);
    item.outcome.findings = {{Code::segment_unexpected, Severity::note, {"ZZZ", 12}, "d", "v"}};
    item.proposal.observations[1].findings = {
        {Code::unknown_unit, Severity::hold, {"OBX[2]-6", Place::kNoOffset}, "", "furlongs"}};
    item.outcome.observations[1].lineage = {{"decide.hold", plain("held")}};
    return item;
}

TEST(LineageRecord, KeepsFindingsAndStepsOfProcessAndDecideInOrder) {
    const testing::StoreItem item = with_findings();
    const auto record = unpack_lineage(pack_lineage(item.proposal, item.outcome));
    ASSERT_TRUE(record);
    EXPECT_EQ(record->findings, item.outcome.findings);
    ASSERT_EQ(record->observations.size(), 2U);
    EXPECT_EQ(record->observations[1].ordinal, 2);
    EXPECT_EQ(record->observations[1].findings, item.proposal.observations[1].findings);
    ASSERT_EQ(record->observations[1].steps.size(), 2U);
    EXPECT_EQ(record->observations[1].steps[0].rule, "map.code");
    EXPECT_EQ(record->observations[1].steps[1].rule, "decide.hold");
    EXPECT_EQ(record->observations[1].steps[1].said, "held");
}

TEST(LineageRecord, KeepsWhatAStepSaysAndWhatItRead) {
    testing::StoreItem item(1, "A1");
    item.stored(1);
    const study::LineageStep failed{
        "check.V1",
        say(Sentence::check_failed, "hold") + say(Sentence::no_number) + plain(" Ask again."),
        {{"OBX[2]-5.1", 212}, {"OBX[2]-6", Place::kNoOffset}}};
    const study::LineageStep rule{"not-for-study", say(Code::not_for_study)};
    item.proposal.observations[0].lineage = {failed, rule};
    const auto record = unpack_lineage(pack_lineage(item.proposal, item.outcome));
    ASSERT_TRUE(record);
    ASSERT_GE(record->observations[0].steps.size(), 2U);
    const study::LineageStep& kept = record->observations[0].steps[0];
    EXPECT_EQ(kept.said.text(), "Failed (hold): There is no number. Ask again.");
    EXPECT_EQ(kept.said, failed.said);
    EXPECT_EQ(kept.read, failed.read);
    EXPECT_EQ(record->observations[0].steps[1].said, rule.said);
}

/// As version 1 wrote it: one observation with one step, a rule and a text.
TEST(LineageRecord, ReadsWhatWasWrittenBeforeStepsHadPlaces) {
    constexpr std::string_view kWritten = "\x01\x00\x01\x02\x00\x01\x08map.code\x09is CD4A x"sv;
    const auto record = unpack_lineage(kWritten);
    ASSERT_TRUE(record);
    ASSERT_EQ(record->observations.size(), 1U);
    EXPECT_EQ(record->observations[0].ordinal, 2);
    ASSERT_EQ(record->observations[0].steps.size(), 1U);
    EXPECT_EQ(record->observations[0].steps[0].rule, "map.code");
    EXPECT_EQ(record->observations[0].steps[0].said, "is CD4A x");
    EXPECT_TRUE(record->observations[0].steps[0].read.empty());
}

TEST(LineageRecord, ShowsASentenceThatItDoesNotKnowByNameAndParameters) {
    constexpr std::string_view kWritten =
        "\x02\x00\x01\x01\x00\x01\x01r\x01\x05magic\x02\x01"
        "1\x01"
        "2\x00\x00"sv;
    const auto record = unpack_lineage(kWritten);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->observations.at(0).steps.at(0).said, "magic 1 2");
}

TEST(LineageRecord, RefusesWhatIsCutAndWhatIsTooLongAndOtherVersions) {
    const testing::StoreItem item = with_findings();
    const std::string packed = pack_lineage(item.proposal, item.outcome);
    for (std::size_t size = 0; size < packed.size(); ++size)
        EXPECT_FALSE(unpack_lineage(packed.substr(0, size))) << size;
    EXPECT_FALSE(unpack_lineage(packed + "x"));
    EXPECT_FALSE(unpack_lineage("\x03" + packed.substr(1)));
    EXPECT_FALSE(unpack_lineage("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
}

}  // namespace
}  // namespace labrelay::store
