#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/hl7/ack.hpp"
#include "labrelay/pipeline/ack_policy.hpp"
#include "labrelay/pipeline/arrival.hpp"
#include "labrelay/study/decide.hpp"

namespace labrelay::mapping {
class Configuration;
}

namespace labrelay::pipeline {

/// The store failed: nothing of the transaction may be believed.
class StoreFault : public std::runtime_error {
public:
    enum class Kind : std::uint8_t {
        away,        ///< the store itself failed
        refused,     ///< it is well and refuses this data (a constraint, a value out of range)
        conflict,    ///< it is well, and another node's transaction was in the way: once more
        unreadable,  ///< it is well, and a row of it is missing or says nothing: whoever needs that
                     ///< row cannot go on, everybody else can
    };
    StoreFault(const std::string& what, Kind kind) : std::runtime_error(what), kind_(kind) {}
    StoreFault(const std::string& what, bool row_refused)
        : StoreFault(what, row_refused ? Kind::refused : Kind::away) {}

    Kind kind() const { return kind_; }
    bool row_refused() const { return kind_ == Kind::refused; }
    /// The store is well: roll back and go on with it.
    bool store_is_well() const { return kind_ != Kind::away; }

private:
    Kind kind_;
};

/// Of a row that is not as it was written, or is gone.
inline StoreFault unreadable(const std::string& what) {
    return {what, StoreFault::Kind::unreadable};
}

/// One message ready to be written.
struct CommitItem {
    std::string_view bytes;  ///< as received
    const Arrival& arrival;
    const study::Proposal& proposal;
    const study::Outcome& outcome;
    const Answer& answer;
    bool keep_bytes = true;  ///< false: a batch all of whose members came before
};

/// A message that is in the store, read back to be processed again.
struct StoredMessage {
    Arrival arrival;
    std::string bytes;
    std::vector<study::PriorObservation> observations;
    std::vector<study::Overlay> overlays;  ///< that hold, or were ended since it was processed
};

/// What stands for a source and a control id after a fault: by it the sender is answered.
struct StoredAnswer {
    MessageId message_id;
    Answer answer;
};

/// A change to the registry: append-only facts, each with its own time.
struct RegistryChange {
    std::vector<study::Subject> subjects;  ///< new (id 0) or with added facts
    std::vector<study::RegisteredSpecimen> specimens;
    std::string actor;  ///< `import subjects.csv`, `learned from message …`
    /// Of the person on the page whose change it is; empty: a command's or the engine's own.
    std::string role{};
    std::string session{};
    std::string reason{};
};

/// Where a message or registry change asks for work that follows it: messages to be processed again
/// and subjects to be placed again. Queued in the same transaction; survives a crash.
struct Job {
    std::int64_t id = 0;
    std::vector<MessageId> messages;  ///< process again, in this order
    std::vector<SubjectId> subjects;  ///< place again
};

/// The committer's port to the store. One thread uses it; every call but `begin` is inside a
/// transaction. Failures are StoreFault.
class CommitStore {
public:
    virtual ~CommitStore() = default;

    virtual void begin() = 0;
    /// Durable when it returns. A fault here means "unknown": reopen and look the ids up.
    virtual void commit() = 0;
    virtual void rollback() = 0;
    /// Closes and opens the database again after a fault.
    virtual void reopen() = 0;

    /// Called once after begin(), before anything is loaded for these messages. Where several nodes
    /// share the store it takes for the transaction what they must not have at the same time, drops
    /// from `state` what another node has changed, and returns the registry as all of them have
    /// made it; a store of one process has nothing to do.
    virtual study::Registry prepare(std::span<const study::Proposal* const> /*proposals*/,
                                    const study::Registry& registry, study::StateView& /*state*/) {
        return registry;
    }
    /// What this transaction is to be processed with, where that is another configuration than the
    /// one of this hash; nothing where it is that one, or the store keeps none. Asked once after
    /// prepare(). A configuration that cannot be loaded here is a fault: nothing may be processed
    /// with an older one.
    virtual std::shared_ptr<const mapping::Configuration> other_configuration(
        std::string_view /*hash*/) {
        return nullptr;
    }
    /// Others write to this store too: there may be work that nobody here has queued.
    virtual bool shared() const { return false; }

    /// Loads into `state` what the proposal's keys name and `state` does not hold yet.
    virtual void load(const study::Proposal& proposal, study::StateView& state) = 0;
    virtual void load_subject(SubjectId subject, study::StateView& state) = 0;
    /// The answer that was stored with a message.
    virtual std::optional<Answer> answer_of(MessageId message) = 0;
    /// Whether the message with these bytes is there, and with which answer: after a fault at
    /// commit. A row with other bytes is another node's, which was given our number meanwhile.
    virtual std::optional<StoredAnswer> find(MessageId message, std::string_view bytes) = 0;

    /// A new message: message, raw, observations, results, holds, outbox, learned specimens.
    virtual void write(const CommitItem& item) = 0;
    /// A message that was processed again: its observations' new dispositions and all that follows.
    virtual void write_again(const CommitItem& item) = 0;
    /// Results of a subject that were placed again.
    virtual void write_placements(SubjectId subject, const study::Replacement& replacement) = 0;
    /// Bytes that were no message: truncated or oversized frames.
    virtual void write_quarantine(std::string_view bytes, const Arrival& arrival, Code why) = 0;

    /// For a change that is planned against what is known: where several nodes share the store it
    /// keeps all others from the registry until the end of the transaction. The registry as all of
    /// them have made it.
    virtual study::Registry take_registry(const study::Registry& registry) { return registry; }
    /// Appends facts, gives new subjects their ids, queues the jobs that the facts call for, and
    /// returns the registry as it is after it.
    virtual study::Registry write_registry(const study::Registry& before,
                                           const RegistryChange& change) = 0;
    virtual study::Registry load_registry() = 0;

    /// The oldest job not yet done.
    virtual std::optional<Job> next_job() = 0;
    virtual void finish_job(std::int64_t id) = 0;
    virtual std::optional<StoredMessage> load_message(MessageId message) = 0;

    /// Greatest message id in the store: ids never go backwards over a restart.
    virtual MessageId last_message_id() = 0;
    /// The configuration that results refer to by hash; kept once.
    virtual void remember_configuration(std::string_view hash, std::string_view description) = 0;
};

}  // namespace labrelay::pipeline
