#include "labrelay/store/sqlite_commit_store.hpp"

#include <fmt/format.h>

#include <charconv>

#include "hold_writer.hpp"
#include "message_reader.hpp"
#include "message_writer.hpp"
#include "registry_tables.hpp"
#include "result_reader.hpp"
#include "result_writer.hpp"
#include "writer_core.hpp"

namespace labrelay::store {
namespace {

using pipeline::StoreFault;

template <class Id>
std::vector<Id> ids_in(std::string_view text) {
    std::vector<Id> ids;
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    while (at < end) {
        Id id;
        const auto read = std::from_chars(at, end, id.value);
        if (read.ec != std::errc{}) throw StoreFault("a job of the store is broken", false);
        ids.push_back(id);
        at = read.ptr == end ? end : read.ptr + 1;
    }
    return ids;
}

}  // namespace

/// What the open transaction has gathered, and what is known between transactions.
struct SqliteCommitStore::Batch {
    bool inside = false;  ///< between begin() and its end: the gate is ours
    std::int64_t messages = 0;
    std::string ids;
    std::string outcomes;

    void add(const pipeline::CommitItem& item) {
        ++messages;
        if (!ids.empty()) ids += ' ';
        ids += to_base32(item.arrival.message_id);
        outcomes += audited_text(item);
        outcomes += '\n';
    }
    void clear() {
        messages = 0;
        ids.clear();
        outcomes.clear();
    }
};

SqliteCommitStore::SqliteCommitStore(SqliteWriter& writer)
    : core_(writer.core()), batch_(std::make_unique<Batch>()) {}

SqliteCommitStore::~SqliteCommitStore() {
    if (batch_->inside) {
        core_.rollback();
        core_.gate.leave();
    }
}

void SqliteCommitStore::begin() {
    core_.gate.enter();
    try {
        core_.begin();
    } catch (const StoreFault&) {
        core_.disconnect();
        core_.gate.leave();
        throw;
    }
    batch_->inside = true;
}

void SqliteCommitStore::forget_transaction() {
    batch_->clear();
    if (!batch_->inside) return;
    batch_->inside = false;
    core_.gate.leave();
}

void SqliteCommitStore::commit() {
    try {
        if (batch_->messages > 0)
            core_.audit->append(
                core_.db(), {core_.clock.now(), "ingest", "engine", batch_->ids, batch_->outcomes});
        core_.commit();
    } catch (const StoreFault&) {
        core_.disconnect();
        forget_transaction();
        throw;
    }
    forget_transaction();
}

void SqliteCommitStore::rollback() {
    if (!batch_->inside) return;
    core_.rollback();
    forget_transaction();
}

void SqliteCommitStore::reopen() {
    rollback();
    const InsideGate inside(core_.gate);
    core_.disconnect();
    core_.connect();
}

/// The gate for a read outside a transaction; inside one it is ours already.
class SqliteCommitStore::Turn {
public:
    explicit Turn(SqliteCommitStore& store)
        : gate_(store.core_.gate), outside_(!store.batch_->inside) {
        if (outside_) gate_.enter();
        if (!store.core_.database) {
            try {
                store.core_.connect();
            } catch (...) {
                if (outside_) gate_.leave();
                throw;
            }
        }
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
        if (outside_) gate_.leave();
    }

private:
    WriterGate& gate_;
    bool outside_;
};

// --- reading state

void SqliteCommitStore::load(const study::Proposal& proposal, study::StateView& state) {
    const Turn turn(*this);
    const auto key = std::pair(proposal.source, proposal.control_id);
    if (!proposal.control_id.empty() && !state.messages.contains(key))
        state.messages.emplace(key, read_prior_messages(core_.db(), core_.terms, key));
    load_sequence(core_.db(), core_.terms, proposal, state);
    for (const study::ProposedObservation& observation : proposal.observations)
        for (const SubjectId subject : observation.subjects) add_subject(subject, state);
}

void SqliteCommitStore::load_subject(SubjectId subject, study::StateView& state) {
    const Turn turn(*this);
    add_subject(subject, state);
}

void SqliteCommitStore::add_subject(SubjectId subject, study::StateView& state) {
    if (state.subjects.contains(subject)) return;
    ResultReader reader(core_.db(), core_.terms, core_.specimens);
    state.subjects.emplace(subject, reader.subject(subject));
}

std::optional<pipeline::Answer> SqliteCommitStore::answer_of(MessageId message) {
    const Turn turn(*this);
    return read_answer(core_.db(), message);
}

std::optional<pipeline::StoredAnswer> SqliteCommitStore::find(MessageId message) {
    const Turn turn(*this);
    auto answer = read_answer(core_.db(), message);
    if (!answer) return std::nullopt;
    return pipeline::StoredAnswer{message, std::move(*answer)};
}

std::optional<pipeline::StoredMessage> SqliteCommitStore::load_message(MessageId message) {
    const Turn turn(*this);
    return read_stored_message(core_.db(), core_.terms, core_.codec, message);
}

MessageId SqliteCommitStore::last_message_id() {
    const Turn turn(*this);
    auto query = core_.db().prepare("SELECT coalesce(max(message_id), 0) FROM message");
    query.step();
    return MessageId{query.integer(0)};
}

// --- writing

void SqliteCommitStore::write(const pipeline::CommitItem& item) {
    append_learned(core_, item.arrival.message_id, item.outcome.learned);
    insert_message(core_, item);
    write_changes(core_, item.arrival.message_id, item.outcome.changes, item.proposal.config_hash);
    write_holds(core_, item, false);
    write_notices(core_, item.arrival.message_id, item.outcome.notices);
    queue_after_corrections(core_, item.arrival.message_id, item.outcome);
    batch_->add(item);
}

void SqliteCommitStore::write_again(const pipeline::CommitItem& item) {
    append_learned(core_, item.arrival.message_id, item.outcome.learned);
    update_message(core_, item);
    write_changes(core_, item.arrival.message_id, item.outcome.changes, item.proposal.config_hash);
    write_holds(core_, item, true);
    write_notices(core_, item.arrival.message_id, item.outcome.notices);
    queue_after_corrections(core_, item.arrival.message_id, item.outcome);
    core_.audit->append(core_.db(), {core_.clock.now(), "again", "engine",
                                     to_base32(item.arrival.message_id), audited_text(item)});
}

void SqliteCommitStore::write_placements(SubjectId subject, const study::Replacement& replacement) {
    if (replacement.changes.empty() && replacement.notices.empty()) return;
    write_changes(core_, std::nullopt, replacement.changes, {});
    write_notices(core_, std::nullopt, replacement.notices);
    std::string about;
    for (const study::ResultChange& change : replacement.changes)
        fmt::format_to(std::back_inserter(about), "{}:{}:{}\n", change.after.number,
                       change.after.placement.visit, change.after.placement_version);
    core_.audit->append(
        core_.db(),
        {core_.clock.now(), "placed", "engine",
         fmt::format("subject {}, {} results", subject.value, replacement.changes.size()), about});
}

void SqliteCommitStore::write_quarantine(std::string_view bytes, const pipeline::Arrival& arrival,
                                         Code why) {
    insert_quarantined(core_, bytes, arrival, why);
    core_.audit->append(core_.db(), {core_.clock.now(), "quarantine", "engine",
                                     to_base32(arrival.message_id), bytes});
}

study::Registry SqliteCommitStore::write_registry(const study::Registry& before,
                                                  const pipeline::RegistryChange& change) {
    AppendedFacts appended = append_facts(core_, before, change);
    if (appended.facts.empty()) return appended.registry;
    // What the messages of a batch teach is covered by the batch's own row.
    if (batch_->messages > 0) {
        batch_->outcomes += appended.facts;
    } else {
        core_.audit->append(core_.db(), {core_.clock.now(), "registry", change.actor,
                                         fmt::format("up to fact {}", appended.registry.version()),
                                         appended.facts});
    }
    return appended.registry;
}

study::Registry SqliteCommitStore::load_registry() {
    const Turn turn(*this);
    return read_registry(core_.db());
}

std::int64_t SqliteCommitStore::registry_version() {
    const Turn turn(*this);
    auto query = core_.db().prepare("SELECT coalesce(max(fact_id), 0) FROM registry_fact");
    query.step();
    return query.integer(0);
}

std::optional<pipeline::Job> SqliteCommitStore::next_job() {
    const Turn turn(*this);
    auto query = core_.db().prepare(
        "SELECT job_id, messages, subjects FROM job WHERE done_us IS NULL ORDER BY job_id LIMIT 1");
    if (!query.step()) return std::nullopt;
    pipeline::Job job;
    job.id = query.integer(0);
    job.messages = ids_in<MessageId>(query.text(1));
    job.subjects = ids_in<SubjectId>(query.text(2));
    return job;
}

void SqliteCommitStore::finish_job(std::int64_t id) {
    core_.db()
        .prepare("UPDATE job SET done_us = ? WHERE job_id = ?")
        .bind(core_.clock.now().microseconds, id)
        .run();
}

void SqliteCommitStore::remember_configuration(std::string_view hash,
                                               std::string_view description) {
    const std::int64_t id = core_.configuration(hash);
    core_.db()
        .prepare(
            "UPDATE configuration SET description = ? WHERE config_id = ? "
            "AND description <> ?")
        .bind(description, id, description)
        .run();
}

}  // namespace labrelay::store
