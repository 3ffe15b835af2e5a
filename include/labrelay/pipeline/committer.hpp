#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "labrelay/pipeline/batch_answer.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/pipeline/snapshots.hpp"

namespace labrelay::pipeline {

/// A member of a batch, with what process() made of it.
struct SubmittedMember {
    Arrival arrival;  ///< names the batch
    std::size_t size = 0;
    std::size_t group = 0;
    study::Proposal proposal;
};

struct SubmittedBatch {
    hl7::Batch content;
    mapping::BatchReply reply = mapping::BatchReply::all;
    std::vector<SubmittedMember> members;
};

/// A message or a whole batch that waits for its commit, with what process() made of it. Of a
/// batch, `proposal` names source and findings and has no observation; it and all its members are
/// written in one transaction.
struct Submission {
    std::string bytes;
    Arrival arrival;
    study::Proposal proposal;
    std::optional<SubmittedBatch> batch;
};

/// What the sender of a submission is told when the store cannot take it: never anything positive,
/// and nothing at all unless its source's `store-failure` says so.
Answer answer_without_store(const Submission& submission);

/// What the sender may be told.
struct Committed {
    Answer answer;
    bool stored = false;  ///< false: the store could not take it, and `answer` says so or nothing
};

/// The one thread that writes. It takes what waits (up to 256 messages or 4 MiB), decides and
/// writes it in one transaction, syncs once, and only then lets the answers out. Nobody sleeps to
/// gather a batch: batches form because a sync takes time. Between batches it serves tasks of other
/// threads (registry imports, outbox marks) and the jobs that late facts queue. See committer.md.
///
/// submit() and the task functions may be called from any thread; run() belongs to one.
class Committer {
public:
    struct Limits {
        std::size_t batch_messages = 256;
        std::size_t batch_bytes = std::size_t{4} << 20U;
        std::size_t cached_subjects = 1000;
        std::size_t job_slice = 64;
    };

    Committer(CommitStore& store, Snapshots& snapshots);
    Committer(CommitStore& store, Snapshots& snapshots, Limits limits);
    Committer(const Committer&) = delete;
    Committer& operator=(const Committer&) = delete;

    /// Until stop is requested and everything submitted before it is committed and answered.
    void run(const std::stop_token& stop);

    std::future<Committed> submit(Submission submission);
    /// Evidence of bytes that were no message. Ready when it is durable; false: the store is away.
    std::future<bool> quarantine(std::string bytes, Arrival arrival, Code why);
    /// Appends registry facts and waits until they are durable. Throws StoreFault.
    void change_registry(RegistryChange change);
    /// Runs `task` in a transaction of its own on the writing thread and waits. Throws what it
    /// throws. The state is the committer's cache: a task that changes stored results changes it
    /// too.
    void write(const std::function<void(CommitStore&, study::StateView&)>& task);

    /// Takes up what was activated meanwhile, also where no message comes; waits for it. Throws
    /// StoreFault.
    void follow_configuration();
    /// The same for a task that changes the registry too (CommitStore::write_registry) or queues
    /// jobs: it is given the newest one, and what it leaves there holds once it is durable. A task
    /// is run again where another node's transaction was in the way.
    using Change = std::function<void(CommitStore&, study::StateView&, study::Registry&)>;
    void change(const Change& task);

    /// Waits until nothing is queued and no job is open. For the demo, tests and orderly stops.
    void drain();
    /// False while the store is away: intake then stops accepting.
    bool healthy() const { return healthy_; }

    struct Counters {
        std::uint64_t messages = 0;
        std::uint64_t batches = 0;
        std::uint64_t redone_singly = 0;
        std::uint64_t reprocessed = 0;
        std::uint64_t faults = 0;
    };
    Counters counters() const;
    /// Called on the writing thread after each commit that may have left something in the outbox.
    void on_commit(std::function<void()> callback) { on_commit_ = std::move(callback); }

private:
    struct Waiting {
        Submission submission;
        std::promise<Committed> promise;
    };
    struct Task {
        std::function<void()> run;
        std::function<void(const std::exception_ptr&)> fail;
    };
    struct Decided {
        study::Proposal proposal;
        study::Outcome outcome;
        Answer answer;
    };

    void enqueue(Task task);
    void serve_ingest();
    bool serve_task();
    bool serve_job();
    std::vector<Waiting> take_batch();
    void commit_batch(std::vector<Waiting>& batch);
    void commit_singly(std::vector<Waiting>& batch);
    bool commit_bare(Waiting& waiting);
    void once_more_on_conflict(const std::function<void()>& transaction);
    study::Registry begin_for(std::span<const Waiting> batch);
    /// A message as decide and write need it: the submission's own, or a member of its batch.
    struct Part {
        std::string_view bytes;
        const Arrival& arrival;
        const study::Proposal& proposal;
    };
    Decided decide_and_write(const Submission& submission, study::Registry& registry);
    Decided decide_and_write_batch(const Submission& submission, study::Registry& registry);
    Decided decide_and_write_part(const Part& part, study::Registry& registry);
    Decided decide_one(const Part& part, const study::Registry& registry);
    bool commit_batch_without_broken(Waiting& waiting);
    void learn(study::Outcome& outcome, const study::Proposal& proposal, study::Registry& registry);
    void skip_in_job();
    void place_subjects_again(const study::Registry& registry);
    void reprocess(MessageId message, study::Registry& registry);
    void settle_after_fault(std::vector<Waiting>& batch);
    void forget_state();
    void recover();
    void finish_commit(const study::Registry& registry);

    CommitStore& store_;
    Snapshots& snapshots_;
    Limits limits_;
    study::StateView state_;
    std::optional<Job> job_;  ///< the one in work, and how far it is
    std::size_t job_position_ = 0;
    std::size_t job_slice_ = 1;
    /// Members of the batch in work that cannot be decided or written as they are: kept and held.
    std::vector<MessageId> broken_members_;
    std::optional<MessageId> member_in_work_;
    std::atomic<bool> jobs_possible_{true};
    std::function<void()> on_commit_;

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Waiting> ingest_;
    std::deque<Task> tasks_;
    bool busy_ = false;
    Counters counters_;
    std::atomic<bool> healthy_{true};
};

}  // namespace labrelay::pipeline
