#include <gmock/gmock.h>

#include <thread>

#include "../unit/mapping/small_configuration.hpp"
#include "labrelay/pipeline/committer.hpp"
#include "labrelay/pipeline/process.hpp"
#include "labrelay/store/configuration_desk.hpp"
#include "labrelay/store/held_query.hpp"
#include "labrelay/store/message_query.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using mapping::ConfigurationFile;
using mapping::SmallConfiguration;
using testing::StoreItem;
using Files = std::vector<ConfigurationFile>;

constexpr const char* kLab = "sources/lab.xml";

SmallConfiguration small() {
    return {};
}
/// With a code that the small one does not know.
SmallConfiguration taught() {
    return small().replace(kLab, "  <ignore",
                           "  <observation code=\"NEW\" analyte=\"CD4A\"/>\n  <ignore");
}

class ConfigurationTest : public StoreTest {
protected:
    static Act act() {
        Act act;
        act.actor = "mapper";
        act.origin = Origin::page;
        act.reason = "a new code";
        return act;
    }

    std::int64_t propose(const SmallConfiguration& what, std::optional<std::int64_t> parent = {},
                         ConfigurationOrigin origin = ConfigurationOrigin::page) {
        Desk desk(*writer_);
        const std::int64_t id = propose_configuration(
            desk, act(), {what.load().configuration->hash(), what.files(), parent, origin});
        desk.commit();
        return id;
    }
    Result<std::int64_t> activate(std::int64_t id, std::optional<std::int64_t> instead_of = {}) {
        Desk desk(*writer_);
        auto done = activate_configuration(desk, act(), {id, instead_of, {}});
        if (done) desk.commit();
        return done;
    }
    std::vector<std::string> states() {
        auto reading = session();
        std::vector<std::string> all;
        for (const ConfigurationRow& row : configurations(reading, std::nullopt, 10))
            all.emplace_back(to_string(row.state));
        return all;
    }
};

TEST_F(ConfigurationTest, OneIsInForceAndTheOthersAreKept) {
    const std::int64_t first = propose(small(), {}, ConfigurationOrigin::files);
    EXPECT_THAT(states(), ::testing::ElementsAre("proposed"));
    ASSERT_TRUE(activate(first));
    const std::int64_t second = propose(taught(), first);
    EXPECT_EQ(propose(taught(), first), second) << "the same again is the same";
    ASSERT_TRUE(activate(second, first));
    EXPECT_THAT(states(), ::testing::ElementsAre("active", "past"));
    ASSERT_TRUE(activate(first));
    EXPECT_THAT(states(), ::testing::ElementsAre("past", "active"));

    reopen();
    auto reading = session();
    const auto active = active_configuration(reading);
    ASSERT_TRUE(active);
    EXPECT_EQ(active->version, first);
    EXPECT_EQ(active->actor, "mapper");
    EXPECT_EQ(active->reason, "a new code");
    EXPECT_EQ(configuration_last_taken(reading), first);
    EXPECT_EQ(configuration(reading, second)->parent, first);
    EXPECT_FALSE(configuration(reading, second + 1));
    Desk desk(*writer_);
    EXPECT_EQ(configuration_before(desk), second);
}

TEST_F(ConfigurationTest, FilesComeBackByteForByte) {
    SmallConfiguration odd;
    odd.bytes_of(kLab) = "\xEF\xBB\xBF<source>\r\n\t未检出 \"'\\ </source>";
    Desk desk(*writer_);
    const std::int64_t id =
        propose_configuration(desk, act(), {"abc", odd.files(), {}, ConfigurationOrigin::page});
    desk.commit();
    auto reading = session();
    const auto files = configuration_files(reading, id);
    ASSERT_TRUE(files);
    ASSERT_EQ(files->size(), odd.files().size());
    for (const ConfigurationFile& file : *files)
        EXPECT_EQ(file.bytes, odd.bytes_of(file.name)) << file.name;
}

TEST_F(ConfigurationTest, WhatWasActivatedMeanwhileIsNotOverrun) {
    const std::int64_t first = propose(small());
    ASSERT_TRUE(activate(first));
    const std::int64_t mine = propose(taught(), first);
    SmallConfiguration other = small();
    other.replace("S1/study.xml", "until=\"37\"", "until=\"44\"");
    ASSERT_TRUE(activate(propose(other, first), first));
    const auto late = activate(mine, first);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Code::config_parent_old);
    const auto nothing = activate(99);
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().code, Code::config_unknown);
}

TEST_F(ConfigurationTest, EachChangeHasItsAuditRowInTheSameTransaction) {
    const std::int64_t first = propose(small());
    ASSERT_TRUE(activate(first));
    {
        Desk desk(*writer_);
        ASSERT_TRUE(activate_configuration(desk, act(), {first, {}, {}}));
    }  // not committed
    EXPECT_EQ(number("SELECT count(*) FROM configuration_activation"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM audit WHERE kind = 'configuration'"), 2);
}

TEST_F(ConfigurationTest, WhatIsHeldAtTheTouchedSourcesIsProcessedAgain) {
    const auto held = [](std::int64_t id, const char* source) {
        StoreItem item(id, fmt::format("A{}", id));
        item.proposal.source = source;
        item.held(Code::unknown_code);
        return item;
    };
    commit(held(1, "lab"));
    while (group_holds(*writer_) > 0) {
    }
    commit(held(2, "lab"));  // not grouped yet
    commit(held(3, "other"));
    StoreItem stored(4, "A4");
    stored.proposal.source = "lab";
    commit(stored.stored(1));
    ASSERT_TRUE(activate(propose(small())));
    EXPECT_EQ(number("SELECT count(*) FROM job"), 0) << "nothing was in force before";
    const auto again = activate(propose(taught()));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, 2);
    store_->begin();
    const auto job = store_->next_job();
    store_->rollback();
    ASSERT_TRUE(job);
    EXPECT_THAT(job->messages, ::testing::ElementsAre(MessageId{1}, MessageId{2}));

    // A study touches all sources.
    SmallConfiguration study = taught();
    study.replace("S1/study.xml", "until=\"37\"", "until=\"44\"");
    EXPECT_EQ(activate(propose(study)).value_or(0), 3);
}

TEST_F(ConfigurationTest, SubjectsOfAStudyThatDiffersArePlacedAgain) {
    study::Subject ours = testing::a_subject("SCR-1", "1");
    ours.study = "S1";
    store_->begin();
    const study::Registry registry = store_->write_registry(
        store_->load_registry(), {{ours, testing::a_subject("SCR-2", "2")}, {}, "import"});
    store_->commit();
    const auto jobs = [&] { return number("SELECT count(*) FROM job WHERE subjects <> ''"); };
    const std::int64_t before = jobs();
    ASSERT_TRUE(activate(propose(small())));
    ASSERT_TRUE(activate(propose(taught())));
    EXPECT_EQ(jobs(), before) << "a code of a source moves nothing that is stored";
    SmallConfiguration study = taught();
    study.replace("S1/study.xml", "until=\"37\"", "until=\"44\"");
    ASSERT_TRUE(activate(propose(study)));
    EXPECT_EQ(jobs(), before + 1);
    const std::vector<const study::Subject*> all = registry.all_subjects();
    const auto subject = std::ranges::find(all, "S1", &study::Subject::study);
    ASSERT_NE(subject, all.end());
    EXPECT_EQ(number("SELECT CAST(subjects AS BIGINT) FROM job ORDER BY job_id DESC LIMIT 1"),
              (*subject)->id.value);
}

TEST_F(ConfigurationTest, ATransactionKnowsWhatHoldsForIt) {
    const std::string old = small().load().configuration->hash();
    const auto other = [&](std::string_view hash) {
        store_->begin();
        auto found = store_->other_configuration(hash);
        store_->rollback();
        return found ? found->hash() : std::string();
    };
    EXPECT_EQ(other(old), "") << "the store keeps none";
    ASSERT_TRUE(activate(propose(small())));
    EXPECT_EQ(other(old), "");
    ASSERT_TRUE(activate(propose(taught())));
    const std::string now = taught().load().configuration->hash();
    EXPECT_EQ(other(old), now);
    EXPECT_EQ(other(old), now) << "asked again by a transaction that was rolled back";
    EXPECT_EQ(other(now), "");
}

TEST_F(ConfigurationTest, OneThatCannotBeLoadedHereIsAFault) {
    {
        Desk desk(*writer_);
        const std::int64_t id = propose_configuration(
            desk, act(), {"abc", Files{{"analytes.xml", "<"}}, {}, ConfigurationOrigin::page});
        ASSERT_TRUE(activate_configuration(desk, act(), {id, {}, {}}));
        desk.commit();
    }
    store_->begin();
    EXPECT_THROW(store_->other_configuration("def"), pipeline::StoreFault);
    store_->rollback();
}

/// A message with the code that only the taught configuration knows, read with `configuration`.
pipeline::Submission submission(std::int64_t id, const mapping::Configuration& configuration) {
    pipeline::Submission made;
    made.bytes = fmt::format(
        "MSH|^~\\&|LAB||||20260711||ORU^R01^ORU_R01|N{}|P|2.5\rPID|1||1^^^QILU^MR\r"
        "OBR|1||S1|||20260711|20260710081500\rOBX|1|NM|NEW^^99||412|/uL|||||F\r",
        id);
    made.arrival.message_id = MessageId{id};
    made.arrival.received_at = Instant{1'780'000'000'000'000};
    made.arrival.ack_id = fmt::format("ACK{}", id);
    made.proposal = pipeline::process(made.bytes, made.arrival, configuration, study::Registry{});
    return made;
}

// What was read with one configuration is never decided with another: it is read again.
TEST_F(ConfigurationTest, AMessageOfBeforeIsProcessedAgainBeforeItIsWritten) {
    const auto old = small().load().configuration;
    const std::string now = taught().load().configuration->hash();
    ASSERT_TRUE(activate(propose(small())));
    pipeline::Snapshots snapshots(old, study::Registry{});
    pipeline::Committer committer(*store_, snapshots);
    std::stop_source stop;
    std::thread writing([&] { committer.run(stop.get_token()); });
    auto before = committer.submit(submission(1, *old));
    ASSERT_TRUE(before.get().stored);
    // Activated while a message of the old one is on its way.
    const pipeline::Submission on_its_way = submission(2, *old);
    ASSERT_EQ(on_its_way.proposal.observations.at(0).rule, Code::unknown_code);
    ASSERT_TRUE(activate(propose(taught())));
    auto after = committer.submit(on_its_way);
    EXPECT_TRUE(after.get().stored);
    EXPECT_EQ(snapshots.configuration()->hash(), now);
    {
        auto reading = session();
        const auto detail = message(reading, MessageId{2});
        ASSERT_TRUE(detail);
        EXPECT_EQ(detail->config_hash, now);
        ASSERT_EQ(detail->observations.size(), 1U);
        EXPECT_EQ(detail->observations[0].config_hash, now);
        EXPECT_NE(detail->observations[0].rule, Code::unknown_code);
    }
    // Without a message it is followed too.
    ASSERT_TRUE(activate(1));
    committer.follow_configuration();
    EXPECT_EQ(snapshots.configuration()->hash(), old->hash());
    stop.request_stop();
    writing.join();
}

TEST_F(ConfigurationTest, TheAuditTrailNamesTheConfigurationThatHeld) {
    const auto first = small().load().configuration;
    ASSERT_TRUE(activate(propose(small())));
    pipeline::Snapshots snapshots(first, study::Registry{});
    pipeline::Committer committer(*store_, snapshots);
    std::jthread writing([&](const std::stop_token& stop) { committer.run(stop); });
    const auto keep_evidence = [&](std::int64_t id) {
        pipeline::Arrival arrival;
        arrival.message_id = MessageId{id};
        committer.follow_configuration();
        EXPECT_TRUE(committer.quarantine("stray", arrival, Code::stray_bytes).get());
    };
    keep_evidence(1);
    ASSERT_TRUE(activate(propose(taught())));
    keep_evidence(2);
    const auto rows_under = [&](std::string_view hash) {
        return number(fmt::format(
            "SELECT count(*) FROM audit WHERE kind = 'quarantine' AND config_hash = '{}'", hash));
    };
    EXPECT_EQ(rows_under(first->hash()), 1);
    EXPECT_EQ(rows_under(snapshots.configuration()->hash()), 1);
    EXPECT_NE(snapshots.configuration()->hash(), first->hash());
}

}  // namespace
}  // namespace labrelay::store
