#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/pipeline/snapshots.hpp"
#include "labrelay/pipeline/submission.hpp"

namespace labrelay::pipeline {

class Reprocessing;
class SubmissionWriter;
class Transactions;

/// What the sender may be told.
struct Committed {
    Answer answer;
    bool stored = false;  ///< false: the store could not take it, and `answer` says so or nothing
};

/// A thread that writes; on SQLite the only one. It takes what waits (up to 256 messages or 4 MiB),
/// decides and writes it in one transaction, syncs once, and only then lets the answers out. Nobody
/// sleeps to gather a batch: batches form because a sync takes time. Between batches it serves
/// tasks of other threads (registry imports, outbox marks) and the jobs that late facts queue. See
/// committer.md.
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
    ~Committer();

    /// Jobs that wait for this one are worked on by `other`, which writes to the same store and
    /// outlives it. To be said before run().
    void leave_jobs_to(Committer& other) { jobs_go_to_ = &other; }

    /// Until stop is requested and everything submitted before it is committed and answered.
    void run(const std::stop_token& stop);

    std::future<Committed> submit(Submission submission);
    /// Evidence of bytes that were no message. Ready when it is durable; false: the store is away.
    std::future<bool> quarantine(std::string bytes, Arrival arrival, Code why);
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
    /// What is to change, against the newest registry; nothing: it is refused or says nothing new.
    using RegistryPlan = std::function<std::optional<RegistryChange>(const study::Registry&)>;
    /// Appends what `plan` says to the registry, which nobody changes meanwhile on any node, and
    /// waits until it is durable. Like change(), it may be planned more than once.
    void change_registry(const RegistryPlan& plan);

    /// Waits until nothing is queued and no job is open here. For the demo, tests and orderly
    /// stops.
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
    void on_commit(std::function<void()> callback);

private:
    struct Waiting {
        Submission submission;
        std::promise<Committed> promise;
    };
    struct Task {
        std::function<void()> run;
        std::function<void(const std::exception_ptr&)> fail;
    };

    void enqueue(Task task);
    void expect_jobs();
    void look_around();
    bool may_work_on_jobs() const;
    void follow();
    /// In the writing thread; waits for it and throws what it throws.
    void run_between_batches(const std::function<void()>& work);
    void serve_ingest();
    void serve_task();
    void serve_job();
    std::vector<Waiting> take_batch();
    study::Registry begin_for(std::span<const Waiting> batch);
    void commit_batch(std::vector<Waiting>& batch);
    void commit_singly(std::vector<Waiting>& batch);
    void commit_one(Waiting& waiting);
    bool commit_batch_without_broken(Waiting& waiting);
    bool commit_bare(Waiting& waiting);
    void settle_after_fault(std::vector<Waiting>& batch);
    void recover();

    CommitStore& store_;
    Snapshots& snapshots_;
    const Limits limits_;
    std::unique_ptr<Transactions> transactions_;
    std::unique_ptr<SubmissionWriter> writer_;
    std::unique_ptr<Reprocessing> reprocessing_;
    Committer* jobs_go_to_ = nullptr;
    bool jobs_paused_ = false;  // until the next look; the committing thread's

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Waiting> ingest_;
    std::deque<Task> tasks_;
    bool busy_ = false;
    Counters counters_;
    std::atomic<bool> healthy_{true};
};

}  // namespace labrelay::pipeline
