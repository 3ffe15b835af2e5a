#include "labrelay/store/message_query.hpp"
#include "labrelay/store/quarantine_query.hpp"
#include "labrelay/store/retention.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using study::Disposition;
using testing::StoreItem;

constexpr SubjectId kSubject{7};

class CommitStoreTest : public StoreTest {
protected:
    MessageDetail detail(MessageId id) {
        auto reading = session();
        auto found = message(reading, id);
        EXPECT_TRUE(found);
        return found.value_or(MessageDetail{});
    }
};

TEST_F(CommitStoreTest, GivesBackAResultAsItWasWritten) {
    StoreItem item(1, "A1");
    item.stored(1).stored(2);
    item.proposal.observations[1].value.value_num.reset();
    item.proposal.observations[1].value.comparator = units::Comparator::less;
    item.proposal.observations[1].value.lloq = Decimal::parse("20");
    item.proposal.observations[1].collected.reset();
    item.proposal.observations[1].collected_local.reset();
    item.outcome.changes[1].after.versions = {version_of(item, item.proposal.observations[1])};
    item.outcome.changes[1].after.placement = {"", study::VisitKind::history,
                                               study::Role::additional, std::nullopt, true};
    commit(item);

    const study::SubjectState state = subject_state(kSubject);
    ASSERT_EQ(state.results.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i)
        EXPECT_EQ(testing::as_text(state.results[i]),
                  testing::as_text(item.outcome.changes[i].after));
}

TEST_F(CommitStoreTest, KeepsTheVersionsOfAResultInTheirOrderWithTheCurrentOne) {
    StoreItem first(1, "A1");
    first.stored(1);
    commit(first);
    StoreItem second(2, "A2");
    second.stored(1);
    study::ResultRecord& record = second.outcome.changes[0].after;
    record.key = first.outcome.changes[0].after.key;
    record.versions.push_back(first.outcome.changes[0].after.versions[0]);  // superseded late
    std::swap(record.versions[0], record.versions[1]);
    record.current = 1;
    record.placement_version = 4;
    commit(second);
    EXPECT_EQ(testing::as_text(subject_state(kSubject).results.at(0)), testing::as_text(record));
    EXPECT_EQ(number("SELECT count(*) FROM result"), 1);
}

TEST_F(CommitStoreTest, KeepsDerivedVersionsEvenWhereTheyShareTheirNewestInput) {
    StoreItem item(1, "A1");
    item.stored(1).stored(2);
    study::ResultChange ratio = item.outcome.changes[1];
    ratio.after.number = 3;
    ratio.after.key.code = "";
    ratio.after.key.derived = "CD4CD8";
    study::StoredVersion& version = ratio.after.versions[0];
    version.id = {MessageId{1}, 2};
    version.inputs = {{MessageId{1}, 1}, {MessageId{1}, 2}};
    study::StoredVersion other = version;
    other.inputs = {{MessageId{1}, 2}};
    ratio.after.versions.insert(ratio.after.versions.begin(), other);
    ratio.after.current = 1;
    item.outcome.changes.push_back(ratio);
    commit(item);
    EXPECT_EQ(testing::as_text(subject_state(kSubject).results.at(2)),
              testing::as_text(ratio.after));
}

TEST_F(CommitStoreTest, OneObservationMayBeTheVersionOfResultsOfTwoSubjects) {
    StoreItem item(1, "A1");
    item.stored(1);
    study::ResultChange second = item.outcome.changes[0];
    second.after.key.subject = SubjectId{8};
    second.after.number = 5;
    item.outcome.changes.push_back(second);
    commit(item);
    EXPECT_EQ(testing::as_text(subject_state(SubjectId{8}).results.at(0)),
              testing::as_text(second.after));
    EXPECT_EQ(number("SELECT count(*) FROM observation"), 1);
}

TEST_F(CommitStoreTest, LoadsWhatAProposalNamesAndNothingTwice) {
    StoreItem first(1, "A1");
    first.stored(1);
    commit(first);
    commit(StoreItem(2, "A1").refused(Code::type_unsupported));
    study::StateView state;
    StoreItem next(3, "A1");
    next.stored(2);
    store_->begin();
    store_->load(next.proposal, state);
    store_->rollback();
    const auto& prior = state.messages.at({"facs-lyric", "A1"});
    ASSERT_EQ(prior.size(), 2U);
    EXPECT_EQ(prior[0].id, MessageId{1});
    EXPECT_EQ(prior[0].sameness, first.proposal.sameness);
    EXPECT_EQ(prior[1].state, study::MessageState::refused);
    ASSERT_EQ(state.subjects.at(kSubject).results.size(), 1U);

    state.subjects.at(kSubject).results.clear();  // a cached state is not loaded over
    store_->load(next.proposal, state);
    EXPECT_TRUE(state.subjects.at(kSubject).results.empty());
}

TEST_F(CommitStoreTest, AnswersAreKeptAndFound) {
    const StoreItem item = StoreItem(1, "A1").stored(1);
    commit(item);
    EXPECT_FALSE(store_->find(MessageId{2}, item.bytes));
    EXPECT_FALSE(store_->find(MessageId{1}, StoreItem(1, "A2").stored(1).bytes))
        << "another node's message with our id";
    const auto found = store_->find(MessageId{1}, item.bytes);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->answer.bytes, item.answer.bytes);
    EXPECT_EQ(found->answer.code, hl7::AckCode::aa);
    EXPECT_EQ(store_->answer_of(MessageId{1})->bytes, item.answer.bytes);
    StoreItem silent(2, "A2");
    silent.answer.silent = true;
    silent.answer.bytes.clear();
    commit(silent);
    EXPECT_TRUE(store_->answer_of(MessageId{2})->silent);
    EXPECT_EQ(store_->last_message_id(), MessageId{2});
}

TEST_F(CommitStoreTest, ADuplicateIsOneNote) {
    commit(StoreItem(1, "A1").stored(1));
    commit(StoreItem(2, "A1").duplicate_of(MessageId{1}));
    EXPECT_EQ(number("SELECT count(*) FROM message"), 2);
    EXPECT_EQ(number("SELECT count(*) FROM message_key"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM message_raw"), 1);
    EXPECT_EQ(detail(MessageId{1}).duplicates, std::vector{MessageId{2}});
    EXPECT_EQ(detail(MessageId{2}).duplicate_of, MessageId{1});
}

TEST_F(CommitStoreTest, AnOrdinaryMessageOfTenObservationsCostsAtMost25Rows) {
    StoreItem item(1, "A1");
    for (int i = 1; i <= 10; ++i) item.stored(i);
    commit(item);
    std::int64_t rows = 0;
    for (const char* table : {"message", "message_key", "message_raw", "specimen", "observation",
                              "result", "outbox", "hold", "awaiting"})
        rows += number(std::string("SELECT count(*) FROM ") + table);
    EXPECT_LE(rows, 25);
}

TEST_F(CommitStoreTest, RawBytesAreSealedAndBoundToTheirMessage) {
    const StoreItem item = StoreItem(1, "A1").stored(1);
    commit(item);
    commit(StoreItem(2, "A2").stored(2));
    EXPECT_EQ(store_->load_message(MessageId{1})->bytes, item.bytes);
    EXPECT_EQ(detail(MessageId{1}).raw_format, RawFormat::sealed);
    close();
    {
        auto database = direct();
        {
            auto raw = database.prepare("SELECT bytes FROM message_raw");
            while (raw.step()) EXPECT_EQ(raw.blob(0).find("OBX"), std::string_view::npos);
        }
        database.execute(
            "UPDATE message_raw SET bytes = (SELECT bytes FROM message_raw WHERE message_id = 2) "
            "WHERE message_id = 1");
    }
    open();
    EXPECT_THROW((void)store_->load_message(MessageId{1}), pipeline::StoreFault);
}

TEST_F(CommitStoreTest, PlainAndCompressedBytesStayReadableWhateverIsWrittenNow) {
    for (const RawFormat format : {RawFormat::plain, RawFormat::zstd, RawFormat::sealed}) {
        close();
        WriterOptions options;
        options.raw = format;
        open(options);
        const auto id = static_cast<std::int64_t>(format) + 1;
        commit(StoreItem(id, "A" + std::to_string(id)).stored(id));
    }
    for (std::int64_t id = 1; id <= 3; ++id)
        EXPECT_EQ(store_->load_message(MessageId{id})->bytes,
                  StoreItem(id, "A" + std::to_string(id)).stored(id).bytes);
}

TEST_F(CommitStoreTest, ABalanceThatDoesNotAddUpIsRefusedByTheTable) {
    StoreItem item(1, "A1");
    item.stored(1);
    item.outcome.counts.received = 2;
    store_->begin();
    try {
        store_->write(item.item());
        store_->commit();
        FAIL() << "2 received, 1 stored";
    } catch (const pipeline::StoreFault& fault) {
        EXPECT_TRUE(fault.row_refused());
    }
    store_->rollback();
    commit(StoreItem(2, "A2").stored(1));  // the store goes on
    EXPECT_EQ(number("SELECT count(*) FROM message"), 1);
}

TEST_F(CommitStoreTest, ARolledBackTransactionLeavesNothingNotEvenInItsCaches) {
    store_->begin();
    StoreItem lost(1, "A1");
    lost.stored(1);
    lost.proposal.observations[0].laboratory = "ONLY-HERE";
    store_->write(lost.item());
    store_->rollback();
    StoreItem kept(2, "A2");
    kept.stored(1);
    kept.proposal.observations[0].laboratory = "ONLY-HERE";
    kept.outcome.changes[0].after.versions = {version_of(kept, kept.proposal.observations[0])};
    commit(kept);
    EXPECT_EQ(number("SELECT count(*) FROM message"), 1);
    if (!postgres_) {  // there each transaction has a block of ids of its own
        EXPECT_EQ(number("SELECT min(delivery_id) FROM outbox"), 1);
    }
    reopen();
    EXPECT_EQ(subject_state(kSubject).results.at(0).versions.at(0).laboratory, "ONLY-HERE");
}

TEST_F(CommitStoreTest, AMessageProcessedAgainKeepsWhatIsStoredAndSaysWhatMoved) {
    StoreItem first(1, "A1");
    first.stored(1).held(Code::unknown_code).held(Code::unknown_unit);
    first.awaiting("specimen:QILU-ACC:A1");
    commit(first);
    const std::string answer = first.answer.bytes;

    StoreItem again(1, "A1");
    again.stored(1).stored(2).held(Code::unknown_unit);
    again.outcome.changes.erase(again.outcome.changes.begin());  // as decide() leaves it
    again.proposal.observations[0].value.value_text = "something else";
    again.answer = {};
    again.proposal.config_hash = "beef";
    commit_again(again);

    const MessageDetail message = detail(MessageId{1});
    EXPECT_EQ(message.counts.stored, 2);
    EXPECT_EQ(message.observations.at(0).version.value.value_text, "401.50") << "never overwritten";
    EXPECT_EQ(message.observations.at(0).config_hash, "c0ffee");
    EXPECT_EQ(message.observations.at(1).disposition, Disposition::stored);
    EXPECT_EQ(message.observations.at(1).config_hash, "beef");
    EXPECT_EQ(message.answer.bytes, answer);
    ASSERT_EQ(message.again.size(), 1U);
    EXPECT_EQ(message.again[0].moves, "2:held:301>stored:0");
    EXPECT_EQ(message.again[0].lineage.observations.size(), 3U);
    EXPECT_EQ(number("SELECT count(*) FROM awaiting"), 0);
    EXPECT_EQ(subject_state(kSubject).results.size(), 2U);
}

TEST_F(CommitStoreTest, AMessageHeldWholeIsWrittenWhenItIsUnderstood) {
    StoreItem bare(1, "A1");
    bare.outcome.state = study::MessageState::held;
    bare.outcome.findings = {{Code::internal_fault, Severity::hold, {}, {}, {}}};
    commit(bare);
    EXPECT_EQ(number("SELECT rule FROM hold WHERE ordinal = 0"), 213);
    StoreItem again(1, "A1");
    again.stored(1).stored(2);
    commit_again(again);
    EXPECT_EQ(detail(MessageId{1}).observations.size(), 2U);
    EXPECT_EQ(detail(MessageId{1}).state, study::MessageState::processed);
    EXPECT_EQ(number("SELECT count(*) FROM hold WHERE released_us IS NULL"), 0);
}

TEST_F(CommitStoreTest, StoredMessagesComeBackWithArrivalAndDispositions) {
    StoreItem item(1, "A1");
    item.stored(1).held(Code::unknown_code).ignored(Code::title_line);
    commit(item);
    const auto stored = store_->load_message(MessageId{1});
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->arrival.received_at, item.arrival.received_at);
    EXPECT_EQ(stored->arrival.peer, "127.0.0.1");
    EXPECT_EQ(stored->arrival.certificate, item.arrival.certificate);
    EXPECT_EQ(stored->arrival.port, 2575);
    EXPECT_EQ(stored->arrival.ack_id, "ACK1");
    ASSERT_EQ(stored->observations.size(), 3U);
    EXPECT_EQ(stored->observations[1].disposition, Disposition::held);
    EXPECT_EQ(stored->observations[2].disposition, Disposition::ignored);
    EXPECT_FALSE(store_->load_message(MessageId{9}));
}

TEST_F(CommitStoreTest, QuarantinedBytesAreKeptWithTheReason) {
    pipeline::Arrival arrival;
    arrival.message_id = MessageId{5};
    arrival.received_at = Instant{1};
    arrival.port = 2575;
    arrival.peer = "peer";
    const std::string bytes("MSH|\0half", 9);
    store_->begin();
    store_->write_quarantine(bytes, arrival, Code::frame_truncated);
    store_->commit();
    const MessageDetail message = detail(MessageId{5});
    EXPECT_EQ(message.state, study::MessageState::quarantined);
    EXPECT_EQ(message.rule, Code::frame_truncated);
    EXPECT_EQ(message.bytes, bytes);
}

StoreItem of_nobody(std::int64_t id, int retention_days) {
    StoreItem item(id, "B" + std::to_string(id));
    item.ignored(Code::not_registered).ignored(Code::title_line);
    item.awaiting("patient:QILU-MRN:00481523");
    item.proposal.ignored_retention_days = retention_days;
    return item;
}

TEST_F(CommitStoreTest, APatientInNoTrialLeavesNoReadableValue) {
    const StoreItem item = of_nobody(1, 30);
    commit(item);
    const MessageDetail message = detail(MessageId{1});
    ASSERT_EQ(message.observations.size(), 2U);
    for (const ObservationLine& line : message.observations) {
        EXPECT_EQ(line.version.value.value_reported, "");
        EXPECT_FALSE(line.version.collected);
        EXPECT_TRUE(line.specimen.empty());
    }
    EXPECT_EQ(number("SELECT count(*) FROM term WHERE text LIKE '%00481523%'"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM specimen"), 0);
    EXPECT_EQ(message.bytes, item.bytes) << "sealed, for the source's retention";
}

TEST_F(CommitStoreTest, BytesOfPatientsInNoTrialGoAfterTheRetentionAndDigestAndCountsStay) {
    const StoreItem item = of_nobody(1, 30);
    commit(item);
    commit(StoreItem(2, "A2").stored(1));
    const std::int64_t day = 86'400'000'000;
    const std::string digest = detail(MessageId{1}).sha256;
    EXPECT_EQ(
        purge_ignored(*writer_, Instant{item.arrival.received_at.microseconds + 30 * day - 1}), 0U);
    EXPECT_TRUE(detail(MessageId{1}).bytes);
    EXPECT_EQ(purge_ignored(*writer_, Instant{item.arrival.received_at.microseconds + 30 * day}),
              1U);
    const MessageDetail message = detail(MessageId{1});
    EXPECT_EQ(message.raw_format, RawFormat::purged);
    EXPECT_FALSE(message.bytes);
    EXPECT_EQ(message.sha256, digest);
    EXPECT_EQ(message.counts.ignored, 2);
    EXPECT_EQ(message.observations.size(), 2U);
    EXPECT_EQ(number("SELECT count(*) FROM awaiting"), 0);
    EXPECT_FALSE(store_->load_message(MessageId{1})) << "nothing to process again";
    EXPECT_TRUE(detail(MessageId{2}).bytes);
}

constexpr std::int64_t kThirtyDays = std::int64_t{30} * 86'400'000'000;

// The patient was registered in time; the job comes after the retention is over.
TEST_F(CommitStoreTest, BytesThatAJobNeedsDoNotGoBeforeIt) {
    StoreItem item = of_nobody(1, 30);
    commit(item);
    store_->begin();
    (void)store_->write_registry({}, {{testing::a_subject("SCR-004", "00481523")}, {}, "import"});
    store_->commit();
    const Instant over{item.arrival.received_at.microseconds + kThirtyDays};
    EXPECT_EQ(purge_ignored(*writer_, over), 0U);
    store_->begin();
    const auto job = store_->next_job();
    EXPECT_TRUE(store_->load_message(MessageId{1}));
    store_->rollback();
    ASSERT_TRUE(job);
    EXPECT_EQ(job->messages, std::vector{MessageId{1}});
    commit_again(item);
    EXPECT_EQ(purge_ignored(*writer_, over), 1U) << "it is still nobody's: now it may go";
}

// Its bytes are gone, so it cannot be processed again: what is sent once more is decided anew.
TEST_F(CommitStoreTest, APurgedMessageMakesNoDuplicates) {
    const StoreItem item = of_nobody(1, 30);
    commit(item);
    const auto known = [&](bool prepared) {
        study::StateView state;
        const std::vector<const study::Proposal*> proposals{&item.proposal};
        store_->begin();
        if (prepared) (void)store_->prepare(proposals, {}, state);
        store_->load(item.proposal, state);
        store_->rollback();
        return state.messages.at({item.proposal.source, item.proposal.control_id}).size();
    };
    EXPECT_EQ(known(true), 1U);
    EXPECT_EQ(known(false), 1U);
    purge_ignored(*writer_, Instant{item.arrival.received_at.microseconds + kThirtyDays});
    EXPECT_EQ(known(true), 0U);
    EXPECT_EQ(known(false), 0U);
}

/// A batch of these messages, its members' bytes 10 long, from byte 100 on.
void commit_as_batch(SqlCommitStore& store, MessageId batch_id, std::vector<StoreItem>& members,
                     bool keep_bytes = true) {
    StoreItem batch(batch_id.value, "B");
    batch.outcome.state = study::MessageState::batch;
    batch.outcome.observations.clear();
    batch.bytes = std::string(100, 'h');
    store.begin();
    for (std::size_t index = 0; index < members.size(); ++index) {
        StoreItem& member = members[index];
        member.bytes = std::string(10, static_cast<char>('a' + index));
        member.arrival.batch =
            pipeline::BatchPlace{batch_id, batch.bytes.size(), Code::batch_count_wrong, true};
        batch.bytes += member.bytes;
        store.write(member.item());
    }
    pipeline::CommitItem item = batch.item();
    item.keep_bytes = keep_bytes;
    store.write(item);
    store.commit();
}

TEST_F(CommitStoreTest, P46_AMembersBytesAreASliceOfItsBatch) {
    std::vector<StoreItem> members{StoreItem(11, "A1").stored(1), StoreItem(12, "A2").stored(2)};
    commit_as_batch(*store_, MessageId{10}, members);
    const MessageDetail batch = detail(MessageId{10});
    EXPECT_EQ(batch.state, study::MessageState::batch);
    EXPECT_EQ(batch.members, (std::vector{MessageId{11}, MessageId{12}}));
    EXPECT_EQ(batch.bytes, std::string(100, 'h') + "aaaaaaaaaabbbbbbbbbb");
    EXPECT_EQ(detail(MessageId{12}).bytes, "bbbbbbbbbb");
    EXPECT_EQ(number("SELECT count(*) FROM message_raw WHERE bytes IS NOT NULL"), 1);
    const auto loaded = store_->load_message(MessageId{12});
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->bytes, "bbbbbbbbbb");
    EXPECT_EQ(loaded->arrival.batch, members[1].arrival.batch) << "what holds it is not forgotten";
}

TEST_F(CommitStoreTest, P46_BytesOfAMemberThatMustGoBecomeBlanksInTheBatch) {
    std::vector<StoreItem> members{StoreItem(11, "A1").stored(1), of_nobody(12, 30),
                                   of_nobody(13, 0)};
    commit_as_batch(*store_, MessageId{10}, members);
    EXPECT_FALSE(detail(MessageId{13}).bytes) << "never kept";
    EXPECT_EQ(detail(MessageId{12}).bytes, "bbbbbbbbbb");
    EXPECT_EQ(detail(MessageId{10}).bytes->substr(100), "aaaaaaaaaabbbbbbbbbb          ");
    EXPECT_EQ(
        purge_ignored(*writer_, Instant{members[1].arrival.received_at.microseconds + kThirtyDays}),
        2U)
        << "the one of retention 0 is due at once";
    EXPECT_FALSE(detail(MessageId{12}).bytes);
    EXPECT_EQ(detail(MessageId{11}).bytes, "aaaaaaaaaa");
    EXPECT_EQ(detail(MessageId{10}).bytes->substr(100), "aaaaaaaaaa                    ");
}

TEST_F(CommitStoreTest, P02_EvidenceIsListedWithPeerTimeAndOffset) {
    pipeline::Arrival arrival = StoreItem(5, "").arrival;
    arrival.peer = "10.0.0.7:4000";
    arrival.port = 2575;
    arrival.offset = 4096;
    store_->begin();
    store_->write_quarantine("half", arrival, Code::frame_truncated);
    arrival.message_id = MessageId{6};
    arrival.offset = 0;
    store_->write_quarantine(std::string("\x00\xff", 2), arrival, Code::stray_bytes);
    store_->commit();
    commit(StoreItem(7, "A7").stored(1));
    auto reading = session();
    const std::vector<Evidence> rows = evidence(reading, 10);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].id, MessageId{6});
    EXPECT_EQ(rows[1].why, Code::frame_truncated);
    EXPECT_EQ(rows[1].peer, "10.0.0.7:4000");
    EXPECT_EQ(rows[1].port, 2575);
    EXPECT_EQ(rows[1].offset, 4096U);
    EXPECT_EQ(rows[1].received_at.microseconds, arrival.received_at.microseconds);
    EXPECT_EQ(evidence(reading, 1).size(), 1U);
    EXPECT_EQ(evidence_bytes(reading, MessageId{6})->bytes, std::string("\x00\xff", 2));
    EXPECT_FALSE(evidence_bytes(reading, MessageId{7})) << "a message is no evidence";
}

TEST_F(CommitStoreTest, WithRetentionZeroTheBytesAreNeverKept) {
    commit(of_nobody(1, 0));
    const MessageDetail message = detail(MessageId{1});
    EXPECT_FALSE(message.bytes);
    EXPECT_EQ(message.counts.ignored, 2);
    EXPECT_EQ(number("SELECT count(*) FROM awaiting"), 0);
    EXPECT_EQ(number("SELECT length(sha256) FROM message"), 32);
}

TEST_F(CommitStoreTest, AwaitedPatientsStandOnlyAsKeyedHashes) {
    commit(of_nobody(1, 30));
    EXPECT_EQ(number("SELECT count(*) FROM awaiting"), 1);
    const auto bytes = number("SELECT key_hash FROM awaiting");
    EXPECT_NE(bytes, 0);
}

}  // namespace
}  // namespace labrelay::store
