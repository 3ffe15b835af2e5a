#include "labrelay/store/sql_commit_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <set>

#include "configuration_tables.hpp"
#include "critical_writer.hpp"
#include "hold_writer.hpp"
#include "message_reader.hpp"
#include "message_writer.hpp"
#include "overlay_tables.hpp"
#include "registry_follower.hpp"
#include "registry_tables.hpp"
#include "repair_tables.hpp"
#include "result_reader.hpp"
#include "result_writer.hpp"
#include "shared_store.hpp"
#include "writer_core.hpp"

namespace labrelay::store {
namespace {

using pipeline::StoreFault;

/// Nothing where the row is broken.
template <class Id>
std::optional<std::vector<Id>> ids_in(std::string_view text) {
    std::vector<Id> ids;
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    while (at < end) {
        Id id;
        const auto read = std::from_chars(at, end, id.value);
        if (read.ec != std::errc{}) return std::nullopt;
        ids.push_back(id);
        at = read.ptr == end ? end : read.ptr + 1;
    }
    return ids;
}

}  // namespace

/// What the open transaction has gathered, and what is known between transactions.
struct SqlCommitStore::Batch {
    bool inside = false;  ///< between begin() and its end: the gate is ours
    std::int64_t messages = 0;
    std::string ids;
    std::string outcomes;
    std::string config_hash;  ///< of the last message
    // Of a shared store: subjects of the transaction, their counts when this node last had them,
    // and how far it has followed the registry.
    std::set<SubjectId> taken;
    std::map<SubjectId, std::int64_t> changes;
    RegistryFollower follower;
    RegistryFollower follower_before;
    // The activation that was followed last, and what was loaded for it.
    std::int64_t activation = 0;
    std::shared_ptr<const mapping::Configuration> activated;

    void add(const pipeline::CommitItem& item) {
        ++messages;
        if (!ids.empty()) ids += ' ';
        ids += to_base32(item.arrival.message_id);
        config_hash = item.proposal.config_hash;
        outcomes += audited_text(item);
        outcomes += '\n';
    }
    void clear() {
        messages = 0;
        ids.clear();
        outcomes.clear();
        taken.clear();
    }
    void undo() {
        changes.clear();
        follower = follower_before;
    }
};

SqlCommitStore::SqlCommitStore(StoreWriter& writer)
    : core_(writer.core()), batch_(std::make_unique<Batch>()) {}

SqlCommitStore::~SqlCommitStore() {
    if (batch_->inside) {
        core_.rollback();
        core_.gate.leave();
    }
}

void SqlCommitStore::begin() {
    core_.gate.enter();
    try {
        core_.begin();
    } catch (const StoreFault&) {
        core_.disconnect();
        core_.gate.leave();
        throw;
    }
    batch_->inside = true;
    batch_->follower_before = batch_->follower;
}

void SqlCommitStore::forget_transaction() {
    batch_->clear();
    if (!batch_->inside) return;
    batch_->inside = false;
    core_.gate.leave();
}

void SqlCommitStore::commit() {
    try {
        if (batch_->messages > 0) {
            AuditEntry entry{core_.clock.now(), "ingest", "engine", batch_->ids, batch_->outcomes};
            entry.config_hash = batch_->config_hash;
            core_.audit->append(core_.db(), entry);
        }
        core_.commit();
    } catch (const StoreFault& fault) {
        // A row that is refused only now leaves the connection as good as it was.
        if (fault.store_is_well()) {
            core_.rollback();
        } else {
            core_.disconnect();
        }
        batch_->undo();
        forget_transaction();
        throw;
    }
    forget_transaction();
}

void SqlCommitStore::rollback() {
    if (!batch_->inside) return;
    core_.rollback();
    batch_->undo();
    forget_transaction();
}

void SqlCommitStore::reopen() {
    rollback();
    const InsideGate inside(core_.gate);
    core_.disconnect();
    core_.connect();
}

/// The gate for a read outside a transaction; inside one it is ours already.
class SqlCommitStore::Turn {
public:
    explicit Turn(SqlCommitStore& store)
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

bool SqlCommitStore::shared() const {
    return core_.shared();
}

study::Registry SqlCommitStore::prepare(std::span<const study::Proposal* const> proposals,
                                        const study::Registry& registry, study::StateView& state) {
    if (!shared()) return registry;
    std::vector<std::string> names;
    std::vector<SubjectId> subjects;
    for (const study::Proposal* proposal : proposals) {
        std::ranges::move(names_of(*proposal), std::back_inserter(names));
        for (const study::ProposedObservation& observation : proposal->observations)
            subjects.insert(subjects.end(), observation.subjects.begin(),
                            observation.subjects.end());
    }
    lock_names(core_.db(), names);
    take(subjects, state);
    lock_registry_shared(core_.db());
    state.sequences.clear();  // counted on by whichever node the source is connected to
    load_prior_messages(core_.db(), core_.terms, proposals, state);
    return batch_->follower.newest(core_.db(), registry, core_.clock.now());
}

/// What is loaded here may have another hash than where it was stored: a newer time-zone data. It
/// is known by its activation, so that it is loaded once.
std::shared_ptr<const mapping::Configuration> SqlCommitStore::other_configuration(
    std::string_view hash) {
    const auto newest = newest_activation(core_.db());
    if (!newest) return nullptr;
    if (newest->id != batch_->activation) {
        const auto row = read_configuration(core_.db(), newest->version);
        if (row && row->hash == hash) {
            batch_->activation = newest->id;
            batch_->activated = nullptr;
            core_.audit->configured(hash);
            return nullptr;
        }
        const auto files = read_configuration_files(core_.db(), newest->version);
        auto loaded =
            mapping::load_configuration(files.value_or(std::vector<mapping::ConfigurationFile>{}));
        if (!loaded.configuration)
            throw StoreFault(fmt::format("configuration {} of the store cannot be loaded here: {}",
                                         newest->version, describe(loaded.errors.front())),
                             false);
        batch_->activation = newest->id;
        batch_->activated = std::move(loaded.configuration);
        core_.audit->configured(batch_->activated->hash());
    }
    const bool another = batch_->activated && batch_->activated->hash() != hash;
    return another ? batch_->activated : nullptr;
}

/// Subjects that the transaction has from now on; what is remembered of one is dropped where
/// somebody else has changed it.
void SqlCommitStore::take(const std::vector<SubjectId>& subjects, study::StateView& state) {
    if (!shared() || !batch_->inside) return;
    std::vector<SubjectId> wanted;
    for (const SubjectId subject : subjects)
        if (batch_->taken.insert(subject).second) wanted.push_back(subject);
    for (const auto& [subject, count] : take_subjects(core_.db(), wanted)) {
        std::int64_t& known = batch_->changes[subject];
        if (known != count - 1) state.subjects.erase(subject);
        known = count;
    }
}

void SqlCommitStore::load(const study::Proposal& proposal, study::StateView& state) {
    const Turn turn(*this);
    const auto key = std::pair(proposal.source, proposal.control_id);
    if (!proposal.control_id.empty() && !state.messages.contains(key))
        state.messages.emplace(key, read_prior_messages(core_.db(), core_.terms, key));
    load_sequence(core_.db(), core_.terms, proposal, state);
    for (const study::ProposedObservation& observation : proposal.observations)
        for (const SubjectId subject : observation.subjects) add_subject(subject, state);
}

void SqlCommitStore::load_subject(SubjectId subject, study::StateView& state) {
    const Turn turn(*this);
    add_subject(subject, state);
}

void SqlCommitStore::add_subject(SubjectId subject, study::StateView& state) {
    take({subject}, state);
    if (state.subjects.contains(subject)) return;
    ResultReader reader(core_.db(), core_.terms, core_.specimens);
    state.subjects.emplace(subject, reader.subject(subject));
}

std::optional<pipeline::Answer> SqlCommitStore::answer_of(MessageId message) {
    const Turn turn(*this);
    return read_answer(core_.db(), message);
}

std::optional<pipeline::StoredAnswer> SqlCommitStore::find(MessageId message,
                                                           std::string_view bytes) {
    const Turn turn(*this);
    if (!has_bytes(core_.db(), message, bytes)) return std::nullopt;
    auto answer = read_answer(core_.db(), message);
    if (!answer) return std::nullopt;
    return pipeline::StoredAnswer{message, std::move(*answer)};
}

std::optional<pipeline::StoredMessage> SqlCommitStore::load_message(MessageId message) {
    const Turn turn(*this);
    return read_stored_message(core_.db(), core_.terms, core_.codec, message);
}

MessageId SqlCommitStore::last_message_id() {
    const Turn turn(*this);
    auto query = core_.db().prepare("SELECT coalesce(max(message_id), 0) FROM message");
    query.step();
    return MessageId{query.integer(0)};
}

// --- writing

void SqlCommitStore::write(const pipeline::CommitItem& item) {
    append_learned(core_, item.arrival.message_id, item.outcome.learned);
    insert_message(core_, item);
    write_changes(core_, item.arrival.message_id, item.outcome.changes, item.proposal.config_hash);
    write_holds(core_, item, false);
    write_criticals(core_, item);
    write_notices(core_, item.arrival.message_id, item.outcome.notices);
    queue_after_corrections(core_, item.arrival.message_id, item.outcome);
    batch_->add(item);
}

void SqlCommitStore::write_again(const pipeline::CommitItem& item) {
    append_learned(core_, item.arrival.message_id, item.outcome.learned);
    update_message(core_, item);
    write_changes(core_, item.arrival.message_id, item.outcome.changes, item.proposal.config_hash);
    write_holds(core_, item, true);
    write_criticals(core_, item);
    write_notices(core_, item.arrival.message_id, item.outcome.notices);
    queue_after_corrections(core_, item.arrival.message_id, item.outcome);
    settle_overlays(core_.db(), item.arrival.message_id);
    settle_repairs(core_.db(), item, core_.clock.now());
    const std::string message = to_base32(item.arrival.message_id);
    const std::string about = audited_text(item);
    AuditEntry entry{core_.clock.now(), "again", "engine", message, about};
    entry.object_kind = "message";
    entry.object = message;
    entry.config_hash = item.proposal.config_hash;
    core_.audit->append(core_.db(), entry);
}

void SqlCommitStore::write_placements(SubjectId subject, const study::Replacement& replacement) {
    if (replacement.changes.empty() && replacement.notices.empty()) return;
    write_changes(core_, std::nullopt, replacement.changes, {});
    write_notices(core_, std::nullopt, replacement.notices);
    std::string about;
    for (const study::ResultChange& change : replacement.changes)
        fmt::format_to(std::back_inserter(about), "{}:{}:{}\n", change.after.number,
                       change.after.placement.visit, change.after.placement_version);
    const std::string what =
        fmt::format("subject {}, {} results", subject.value, replacement.changes.size());
    const std::string object = std::to_string(subject.value);
    AuditEntry entry{core_.clock.now(), "placed", "engine", what, about};
    entry.object_kind = "subject";
    entry.object = object;
    core_.audit->append(core_.db(), entry);
}

void SqlCommitStore::write_quarantine(std::string_view bytes, const pipeline::Arrival& arrival,
                                      Code why) {
    insert_quarantined(core_, bytes, arrival, why);
    const std::string message = to_base32(arrival.message_id);
    AuditEntry entry{core_.clock.now(), "quarantine", "engine", message, bytes};
    entry.object_kind = "message";
    entry.object = message;
    core_.audit->append(core_.db(), entry);
}

study::Registry SqlCommitStore::take_registry(const study::Registry& registry) {
    if (!shared()) return registry;
    lock_registry_alone(core_.db());
    return batch_->follower.newest(core_.db(), registry, core_.clock.now());
}

study::Registry SqlCommitStore::write_registry(const study::Registry& before,
                                               const pipeline::RegistryChange& change) {
    // What a message teaches is told by its names; an import could be about anything.
    if (shared() && batch_->messages == 0) lock_registry_alone(core_.db());
    AppendedFacts appended = append_facts(core_, before, change);
    if (appended.facts.empty()) return appended.registry;
    // What the messages of a batch teach is covered by the batch's own row.
    if (batch_->messages > 0) {
        batch_->outcomes += appended.facts;
    } else {
        const std::string what = fmt::format("up to fact {}", appended.registry.version());
        const std::string upto = std::to_string(appended.registry.version());
        AuditEntry entry{core_.clock.now(), "registry", change.actor, what, appended.facts};
        entry.origin = !change.session.empty()               ? Origin::page
                       : change.actor.starts_with("message") ? Origin::engine
                                                             : Origin::command;
        entry.role = change.role;
        entry.session = change.session;
        entry.object_kind = "registry";
        entry.object = upto;
        entry.reason = change.reason;
        core_.audit->append(core_.db(), entry);
    }
    return appended.registry;
}

study::Registry SqlCommitStore::load_registry() {
    const Turn turn(*this);
    study::Registry registry = read_registry(core_.db());
    if (shared()) batch_->follower.start(core_.db(), registry.version(), core_.clock.now());
    return registry;
}

std::int64_t SqlCommitStore::registry_version() {
    const Turn turn(*this);
    auto query = core_.db().prepare("SELECT coalesce(max(fact_id), 0) FROM registry_fact");
    query.step();
    return query.integer(0);
}

std::optional<pipeline::Job> SqlCommitStore::next_job() {
    const Turn turn(*this);
    if (!core_.leads("jobs")) return std::nullopt;
    pipeline::Job job;
    while (true) {
        auto query = core_.db().prepare(
            "SELECT job_id, messages, subjects, repair_id FROM job WHERE done_us IS NULL "
            "AND job_id > ? ORDER BY job_id LIMIT 1");
        query.bind(job.id);
        if (!query.step()) return std::nullopt;
        job.id = query.integer(0);
        auto messages = ids_in<MessageId>(query.text(1));
        auto subjects = ids_in<SubjectId>(query.text(2));
        if (!messages || !subjects) continue;  // stays open; the others do not wait for it
        job.messages = std::move(*messages);
        job.subjects = std::move(*subjects);
        // A fact may have brought some of a repair's messages back already.
        if (const auto repair = query.optional_integer(3))
            std::erase_if(job.messages, [&](MessageId message) {
                return !waits_for_repair(core_.db(), *repair, message);
            });
        return job;
    }
}

void SqlCommitStore::finish_job(std::int64_t id) {
    core_.db()
        .prepare("UPDATE job SET done_us = ? WHERE job_id = ?")
        .bind(core_.clock.now().microseconds, id)
        .run();
    finish_repair_job(core_.db(), id, core_.clock.now());
}

void SqlCommitStore::remember_configuration(std::string_view hash, std::string_view description) {
    const std::int64_t id = core_.configuration(hash);
    core_.audit->configured(hash);
    core_.db()
        .prepare(
            "UPDATE configuration SET description = ? WHERE config_id = ? "
            "AND description <> ?")
        .bind(description, id, description)
        .run();
}

}  // namespace labrelay::store
