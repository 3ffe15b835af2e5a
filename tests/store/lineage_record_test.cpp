#include "labrelay/store/lineage_record.hpp"

#include <gtest/gtest.h>

#include "store_items.hpp"

namespace labrelay::store {
namespace {

testing::StoreItem with_findings() {
    testing::StoreItem item(1, "A1");
    item.stored(1).held(Code::unknown_unit);
    item.outcome.findings = {{Code::segment_unexpected, Severity::note, {"ZZZ", 12}, "d", "v"}};
    item.proposal.observations[1].findings = {
        {Code::unknown_unit, Severity::hold, {"OBX[2]-6", Place::kNoOffset}, "", "furlongs"}};
    item.outcome.observations[1].lineage = {{"decide.hold", "held"}};
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
}

TEST(LineageRecord, RefusesWhatIsCutAndWhatIsTooLongAndOtherVersions) {
    const testing::StoreItem item = with_findings();
    const std::string packed = pack_lineage(item.proposal, item.outcome);
    for (std::size_t size = 0; size < packed.size(); ++size)
        EXPECT_FALSE(unpack_lineage(packed.substr(0, size))) << size;
    EXPECT_FALSE(unpack_lineage(packed + "x"));
    EXPECT_FALSE(unpack_lineage("\x02" + packed.substr(1)));
    EXPECT_FALSE(unpack_lineage("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
}

}  // namespace
}  // namespace labrelay::store
