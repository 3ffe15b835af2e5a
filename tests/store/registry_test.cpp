#include <algorithm>

#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using testing::a_subject;
using testing::StoreItem;

class RegistryTest : public StoreTest {
protected:
    study::Registry change(pipeline::RegistryChange change) {
        change.actor = "import subjects.csv";
        store_->begin();
        study::Registry after = store_->write_registry(store_->load_registry(), change);
        store_->commit();
        return after;
    }
    study::Subject add(study::Subject subject) {
        const auto after = change({{std::move(subject)}, {}, {}});
        study::Subject newest;
        for (const study::Subject* known : after.all_subjects())
            if (known->id.value > newest.id.value) newest = *known;
        return newest;
    }
    std::vector<pipeline::Job> jobs() {
        std::vector<pipeline::Job> jobs;
        store_->begin();
        while (auto job = store_->next_job()) {
            store_->finish_job(job->id);
            jobs.push_back(std::move(*job));
        }
        store_->commit();
        return jobs;
    }
};

study::RegisteredSpecimen a_specimen(std::string id) {
    study::RegisteredSpecimen specimen;
    specimen.name = {"QILU-ACC", std::move(id)};
    specimen.patient = study::Identifier{"QILU-MRN", "00481523"};
    specimen.collected_at = parse_hl7_time("202607110815").value();
    return specimen;
}

TEST_F(RegistryTest, GivesBackSubjectsWithEveryFieldAfterReopening) {
    study::Subject subject = a_subject("SCR-004", "00481523");
    subject.subject_no = "S-004";
    subject.identifiers.push_back({"CITY-ID", "77"});
    subject.child_bearing = false;
    subject.first_infusion = parse_iso_time("2026-03-01T09:30+08:00").value();
    subject.withdrawn_at = parse_hl7_time("20260901").value();
    const study::Subject added = add(subject);
    reopen();
    const study::Registry registry = store_->load_registry();
    const study::Subject* found = registry.subject(added.id);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->screening_no, "SCR-004");
    EXPECT_EQ(found->identifiers, subject.identifiers);
    EXPECT_EQ(found->sex, study::Sex::female);
    EXPECT_EQ(found->birth_date, subject.birth_date);
    EXPECT_EQ(found->child_bearing, std::optional(false));
    EXPECT_EQ(found->first_infusion, subject.first_infusion);
    EXPECT_EQ(found->withdrawn_at, subject.withdrawn_at);
    EXPECT_FALSE(found->third_infusion);
    EXPECT_EQ(registry.version(), 1);
}

TEST_F(RegistryTest, FactsSayOnlyWhatIsNewAndARepeatSaysNothing) {
    study::Subject subject = add(a_subject("SCR-004", "00481523"));
    const auto repeated = change({{subject}, {}, {}});
    EXPECT_EQ(repeated.version(), 1);
    subject.subject_no = "S-004";
    EXPECT_EQ(change({{subject}, {}, {}}).version(), 2);
    EXPECT_EQ(number("SELECT count(*) FROM registry_fact WHERE fact_id = 2 AND "
                     "fact = '{\"subject_no\":\"S-004\"}'"),
              1);
    EXPECT_EQ(number("SELECT count(*) FROM audit WHERE kind = 'registry'"), 2);
}

TEST_F(RegistryTest, SpecimensAreMergedNeverErased) {
    study::RegisteredSpecimen specimen = a_specimen("A1");
    specimen.visit = "M3";
    change({{}, {specimen}, {}});
    specimen.visit = "";
    specimen.collected_at.reset();
    EXPECT_EQ(change({{}, {specimen}, {}}).version(), 1) << "nothing new";
    specimen.subject_no = "S-004";
    change({{}, {specimen}, {}});
    reopen();
    const study::Registry registry = store_->load_registry();
    const auto* found = registry.specimen({"QILU-ACC", "A1"});
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->visit, "M3");
    EXPECT_EQ(found->subject_no, "S-004");
    EXPECT_EQ(found->collected_at, a_specimen("A1").collected_at);
    EXPECT_EQ(registry.version(), 2);
}

TEST_F(RegistryTest, ANewSubjectBringsBackWhatWaitedForItsIdentifierInOrder) {
    commit(StoreItem(2, "A2").held(Code::unknown_subject).awaiting("patient:QILU-MRN:00481523"));
    commit(StoreItem(1, "A1").held(Code::unknown_subject).awaiting("patient:QILU-MRN:00481523"));
    commit(StoreItem(3, "A3").held(Code::unknown_subject).awaiting("patient:QILU-MRN:9"));
    add(a_subject("SCR-004", "00481523"));
    const auto queued = jobs();
    ASSERT_EQ(queued.size(), 1U);
    EXPECT_EQ(queued[0].messages, (std::vector{MessageId{1}, MessageId{2}}));
    EXPECT_TRUE(jobs().empty());
}

TEST_F(RegistryTest, ANewDateBringsBackWhatWaitedForTheSubjectAndPlacesItAgain) {
    study::Subject subject = add(a_subject("SCR-004", "00481523"));
    commit(StoreItem(1, "A1")
               .held(Code::visit_anchor_unknown)
               .awaiting("subject:" + std::to_string(subject.id.value)));
    (void)jobs();
    subject.first_infusion = parse_iso_time("2026-03-01").value();
    change({{subject}, {}, {}});
    const auto queued = jobs();
    ASSERT_EQ(queued.size(), 2U);
    EXPECT_EQ(queued[0].messages, std::vector{MessageId{1}});
    EXPECT_EQ(queued[1].subjects, std::vector{subject.id});
}

TEST_F(RegistryTest, ASpecimenBringsBackWhatWaitedForIt) {
    commit(StoreItem(1, "A1").held(Code::unknown_specimen).awaiting("specimen:QILU-ACC:A1"));
    change({{}, {a_specimen("A1")}, {}});
    const auto queued = jobs();
    ASSERT_EQ(queued.size(), 1U);
    EXPECT_EQ(queued[0].messages, std::vector{MessageId{1}});
}

TEST_F(RegistryTest, ASubjectBringsBackWhatWaitedForASpecimenOfItsIdentifierOrNumber) {
    study::RegisteredSpecimen by_number = a_specimen("A2");
    by_number.patient.reset();
    by_number.subject_no = "SCR-004";
    change({{}, {a_specimen("A1"), by_number}, {}});
    commit(StoreItem(1, "A1").held(Code::unknown_subject).awaiting("specimen:QILU-ACC:A1"));
    commit(StoreItem(2, "A2").held(Code::unknown_subject).awaiting("specimen:QILU-ACC:A2"));
    add(a_subject("SCR-004", "00481523"));
    const auto queued = jobs();
    ASSERT_EQ(queued.size(), 1U);
    EXPECT_EQ(queued[0].messages, (std::vector{MessageId{1}, MessageId{2}}));
}

TEST_F(RegistryTest, ManyMessagesBecomeManyJobsInOrder) {
    for (int id = 1; id <= 150; ++id)
        commit(StoreItem(id, "A" + std::to_string(id))
                   .held(Code::unknown_subject)
                   .awaiting("patient:QILU-MRN:00481523"));
    add(a_subject("SCR-004", "00481523"));
    std::vector<MessageId> all;
    for (const auto& job : jobs()) {
        EXPECT_LE(job.messages.size(), 64U);
        all.insert(all.end(), job.messages.begin(), job.messages.end());
    }
    EXPECT_EQ(all.size(), 150U);
    EXPECT_TRUE(std::ranges::is_sorted(all));
}

TEST_F(RegistryTest, AMessageTeachesItsSpecimensOnce) {
    StoreItem item(1, "A1");
    item.stored(1);
    item.outcome.learned = {{a_specimen("A1"), {}}};
    commit(item);
    EXPECT_EQ(store_->registry_version(), 1);
    StoreItem next(2, "A2");
    next.stored(2);
    next.outcome.learned = {{a_specimen("A1"), {}}};
    commit(next);
    EXPECT_EQ(store_->registry_version(), 1);
    EXPECT_EQ(number("SELECT count(*) FROM registry_fact WHERE actor = 'message " +
                     to_base32(MessageId{1}) + "'"),
              1);
}

TEST_F(RegistryTest, ATextThatIsNotUtf8IsRefusedAndNothingElseSuffers) {
    store_->begin();
    try {
        (void)store_->write_registry({}, {{a_subject("SCR-\xff", "1")}, {}, "import"});
        FAIL() << "not UTF-8";
    } catch (const pipeline::StoreFault& fault) {
        EXPECT_TRUE(fault.row_refused());
    }
    store_->rollback();
    (void)add(a_subject("SCR-004", "1"));
    EXPECT_EQ(store_->load_registry().all_subjects().size(), 1U);
}

TEST_F(RegistryTest, ACorrectionBringsBackWhatAChecksHoldKeepsOfTheSubject) {
    commit(StoreItem(1, "A1").held(Code::panel_differs).awaiting("corrected:7"));
    commit(StoreItem(2, "A2").held(Code::panel_differs).awaiting("corrected:8"));
    commit(StoreItem(3, "A3").stored(1));
    EXPECT_TRUE(jobs().empty());
    StoreItem correction(4, "A4");
    correction.stored(2).outcome.changes[0].after.versions[0].status =
        study::ObservationStatus::corrected;
    commit(correction);
    const auto queued = jobs();
    ASSERT_EQ(queued.size(), 1U);
    EXPECT_EQ(queued[0].messages, std::vector{MessageId{1}});
}

TEST_F(RegistryTest, AJobSurvivesUntilItIsFinished) {
    commit(StoreItem(1, "A1").held(Code::unknown_specimen).awaiting("specimen:QILU-ACC:A1"));
    change({{}, {a_specimen("A1")}, {}});
    store_->begin();
    const auto job = store_->next_job();
    ASSERT_TRUE(job);
    store_->finish_job(job->id);
    store_->rollback();
    reopen();
    EXPECT_EQ(store_->next_job()->messages, job->messages);
}

}  // namespace
}  // namespace labrelay::store
