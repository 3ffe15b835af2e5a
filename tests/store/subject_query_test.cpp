#include "labrelay/store/subject_query.hpp"

#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using testing::StoreItem;

class SubjectQueryTest : public StoreTest {
protected:
    SubjectResults asked(std::int64_t subject) {
        auto reading = session();
        return subject_results(reading, SubjectId{subject});
    }
    /// A message with one held observation, of these subjects.
    static StoreItem held_of(std::vector<SubjectId> subjects) {
        StoreItem item(1, "A1");
        item.held(Code::unknown_unit, "NEW");
        item.proposal.observations.front().subjects = std::move(subjects);
        return item;
    }
    SubjectId add(const std::string& study) {
        study::Subject subject = testing::a_subject("SCR-004", "00481523");
        subject.study = study;
        store_->begin();
        const study::Registry after =
            store_->write_registry(store_->load_registry(), {{subject}, {}, "import"});
        store_->commit();
        SubjectId newest;
        for (const study::Subject* known : after.all_subjects())
            newest = std::max(newest, known->id);
        return newest;
    }
};

TEST_F(SubjectQueryTest, GivesWhatIsStoredAndWhatIsHeldOfASubject) {
    commit(held_of({SubjectId{7}}).stored(1));
    commit(StoreItem(2, "A2").ignored(Code::title_line));
    const SubjectResults found = asked(7);
    ASSERT_EQ(found.results.results.size(), 1U);
    EXPECT_EQ(testing::as_text(found.results.results.front()),
              testing::as_text(subject_state(SubjectId{7}).results.front()));
    ASSERT_EQ(found.held.size(), 1U);
    const study::HeldResult& held = found.held.front();
    EXPECT_EQ(held.id, (ObservationId{MessageId{1}, 1}));
    EXPECT_EQ(held.rule, Code::unknown_unit);
    EXPECT_EQ(held.code, "NEW");
    EXPECT_EQ(held.analyte, "CD4A");
    EXPECT_EQ(held.unit_reported, "cells/uL");
    EXPECT_TRUE(held.collected);
    EXPECT_TRUE(asked(8).results.results.empty());
    EXPECT_TRUE(asked(8).held.empty());
}

TEST_F(SubjectQueryTest, WhatWasReleasedIsHeldNoMore) {
    commit(held_of({SubjectId{7}}));
    ASSERT_EQ(asked(7).held.size(), 1U);
    commit_again(StoreItem(1, "A1").stored(1));
    EXPECT_TRUE(asked(7).held.empty());
}

// A held observation names the first of a person's subjects; it is held for all of them.
TEST_F(SubjectQueryTest, WhatIsHeldOfAPersonIsHeldInEveryStudy) {
    const SubjectId first = add("S1");
    const SubjectId second = add("S2");
    ASSERT_NE(first, second);
    commit(held_of({first, second}));
    EXPECT_EQ(asked(first.value).held.size(), 1U);
    EXPECT_EQ(asked(second.value).held.size(), 1U);
    EXPECT_TRUE(asked(second.value + 1).held.empty());
}

}  // namespace
}  // namespace labrelay::store
