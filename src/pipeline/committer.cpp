#include "labrelay/pipeline/committer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "reprocessing.hpp"
#include "submission_writer.hpp"
#include "transactions.hpp"

namespace labrelay::pipeline {
namespace {

/// How often a store that went away is tried again, and one that is shared is asked what others
/// have changed.
constexpr std::chrono::seconds kLookInterval{1};

Committed stored(Answer answer) {
    return {std::move(answer), true};
}

Committed not_stored(const Submission& submission) {
    return {answer_without_store(submission), false};
}

}  // namespace

Committer::Committer(CommitStore& store, Snapshots& snapshots)
    : Committer(store, snapshots, Limits{}) {}

Committer::Committer(CommitStore& store, Snapshots& snapshots, Limits limits)
    : store_(store),
      snapshots_(snapshots),
      limits_(limits),
      transactions_(std::make_unique<Transactions>(store, snapshots, limits.cached_subjects)),
      writer_(std::make_unique<SubmissionWriter>(store, snapshots, *transactions_)),
      reprocessing_(
          std::make_unique<Reprocessing>(store, snapshots, *transactions_, limits.job_slice)) {}

Committer::~Committer() = default;

void Committer::run(const std::stop_token& stop) {
    auto look_at = std::chrono::steady_clock::now() + kLookInterval;
    while (true) {
        {
            std::unique_lock lock(mutex_);
            busy_ = false;
            changed_.notify_all();
            const auto something_to_do = [this] {
                return !ingest_.empty() || !tasks_.empty() || may_work_on_jobs();
            };
            if (healthy_ && !store_.shared() && !jobs_paused_) {
                changed_.wait(lock, stop, something_to_do);
            } else {
                changed_.wait_until(lock, stop, look_at, something_to_do);
            }
            if (stop.stop_requested() && ingest_.empty() && tasks_.empty()) {
                return;
            }
            busy_ = true;
        }
        if (!healthy_) {
            recover();
        }
        if (const auto now = std::chrono::steady_clock::now(); now >= look_at) {
            look_at = now + kLookInterval;
            jobs_paused_ = false;
            look_around();
        }
        serve_ingest();
        serve_task();
        if (may_work_on_jobs() && !stop.stop_requested()) {
            serve_job();
        }
    }
}

/// By the clock, however much there is to do: another node may have queued a job, and who has none
/// to do finds what was activated and registered, or that the store went away, before a message
/// must.
void Committer::look_around() {
    if (!healthy_ || !store_.shared()) {
        return;
    }
    if (jobs_go_to_ == nullptr) {
        transactions_->expect_jobs();
        return;
    }
    try {
        follow();
    } catch (const StoreFault& fault) {
        transactions_->roll_back();
        if (!fault.store_is_well()) {
            healthy_ = false;
            recover();
        }
    } catch (const std::exception&) {
        // A row that cannot be understood costs what needs it, not this thread.
        transactions_->roll_back();
    }
}

bool Committer::may_work_on_jobs() const {
    return transactions_->jobs_possible() && healthy_ && !jobs_paused_;
}

void Committer::follow() {
    const study::Registry registry = transactions_->begin({});
    store_.commit();
    transactions_->take_up(registry);
}

std::future<Committed> Committer::submit(Submission submission) {
    Waiting waiting{std::move(submission), {}};
    std::future<Committed> answer = waiting.promise.get_future();
    {
        const std::lock_guard lock(mutex_);
        ingest_.push_back(std::move(waiting));
    }
    changed_.notify_all();
    return answer;
}

std::future<bool> Committer::quarantine(std::string bytes, Arrival arrival, Code why) {
    auto promise = std::make_shared<std::promise<bool>>();
    std::future<bool> done = promise->get_future();
    Task task;
    task.run = [this, promise, bytes = std::move(bytes), arrival = std::move(arrival), why] {
        store_.begin();
        store_.write_quarantine(bytes, arrival, why);
        store_.commit();
        promise->set_value(true);
    };
    task.fail = [promise](const std::exception_ptr&) { promise->set_value(false); };
    enqueue(std::move(task));
    return done;
}

void Committer::write(const std::function<void(CommitStore&, study::StateView&)>& task) {
    run_between_batches([&] {
        store_.begin();
        task(store_, transactions_->view());
        store_.commit();
    });
}

void Committer::change_registry(const RegistryPlan& plan) {
    change([&plan](CommitStore& store, study::StateView&, study::Registry& registry) {
        registry = store.take_registry(registry);
        if (const std::optional<RegistryChange> planned = plan(registry)) {
            registry = store.write_registry(registry, *planned);
        }
    });
}

void Committer::follow_configuration() {
    run_between_batches([&] {
        follow();
        transactions_->expect_jobs();
    });
}

void Committer::change(const Change& task) {
    run_between_batches([&] {
        transactions_->once_more_on_conflict([&] {
            study::Registry registry = transactions_->begin({});
            task(store_, transactions_->view(), registry);
            store_.commit();
            // What the task loaded of a subject into a view of its own counts as seen here.
            transactions_->forget_view();
            transactions_->take_up(registry);
        });
        transactions_->expect_jobs();
    });
}

void Committer::run_between_batches(const std::function<void()>& work) {
    std::promise<void> promise;
    std::future<void> done = promise.get_future();
    Task task;
    task.run = [&work, &promise] {
        work();
        promise.set_value();
    };
    task.fail = [&promise](const std::exception_ptr& fault) { promise.set_exception(fault); };
    enqueue(std::move(task));
    done.get();
}

void Committer::enqueue(Task task) {
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
    }
    changed_.notify_all();
}

void Committer::expect_jobs() {
    {
        const std::lock_guard lock(mutex_);
        transactions_->expect_jobs();
    }
    changed_.notify_all();
}

void Committer::drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] {
        return !busy_ && ingest_.empty() && tasks_.empty() &&
               (!transactions_->jobs_possible() || !healthy_);
    });
}

Committer::Counters Committer::counters() const {
    const std::lock_guard lock(mutex_);
    Counters all = counters_;
    all.reprocessed = reprocessing_->reprocessed();
    all.faults += reprocessing_->faults();
    return all;
}

std::vector<Committer::Waiting> Committer::take_batch() {
    const std::lock_guard lock(mutex_);
    std::vector<Waiting> batch;
    std::size_t bytes = 0;
    while (
        !ingest_.empty() && batch.size() < limits_.batch_messages &&
        (batch.empty() || bytes + ingest_.front().submission.bytes.size() <= limits_.batch_bytes)) {
        bytes += ingest_.front().submission.bytes.size();
        batch.push_back(std::move(ingest_.front()));
        ingest_.pop_front();
    }
    return batch;
}

void Committer::serve_ingest() {
    std::vector<Waiting> batch = take_batch();
    if (batch.empty()) {
        return;
    }
    if (!healthy_) {
        for (Waiting& waiting : batch) {
            waiting.promise.set_value(not_stored(waiting.submission));
        }
        return;
    }
    try {
        transactions_->once_more_on_conflict([&] { commit_batch(batch); });
    } catch (const StoreFault& fault) {
        {
            const std::lock_guard lock(mutex_);
            ++counters_.faults;
        }
        if (fault.store_is_well()) {
            transactions_->roll_back();
            commit_singly(batch);
        } else {
            settle_after_fault(batch);
        }
    } catch (const std::exception&) {
        // A fault of ours while rows were built: only the item that causes it may suffer.
        transactions_->roll_back();
        commit_singly(batch);
    }
}

void Committer::commit_batch(std::vector<Waiting>& batch) {
    std::vector<Answer> answers;
    answers.reserve(batch.size());
    study::Registry registry = begin_for(batch);
    writer_->forget_members();
    for (const Waiting& waiting : batch) {
        answers.push_back(writer_->write(waiting.submission, registry));
    }
    transactions_->commit(registry);
    for (std::size_t index = 0; index < batch.size(); ++index) {
        batch[index].promise.set_value(stored(std::move(answers[index])));
    }
    const std::lock_guard lock(mutex_);
    counters_.messages += batch.size();
    ++counters_.batches;
}

/// Opens a transaction for what these and their members propose.
study::Registry Committer::begin_for(std::span<const Waiting> batch) {
    std::vector<const study::Proposal*> proposals;
    for (const Waiting& waiting : batch) {
        proposals.push_back(&waiting.submission.proposal);
        if (!waiting.submission.batch) continue;
        for (const SubmittedMember& member : waiting.submission.batch->members)
            proposals.push_back(&member.proposal);
    }
    return transactions_->begin(proposals);
}

void Committer::commit_one(Waiting& waiting) {
    study::Registry registry = begin_for(std::span(&waiting, 1));
    Answer reply = writer_->write(waiting.submission, registry);
    transactions_->commit(registry);
    waiting.promise.set_value(stored(std::move(reply)));
}

/// One of the items cannot be written as it is: each by itself, so that only the bad one suffers.
void Committer::commit_singly(std::vector<Waiting>& batch) {
    for (Waiting& waiting : batch) {
        {
            const std::lock_guard lock(mutex_);
            ++counters_.redone_singly;
        }
        try {
            transactions_->once_more_on_conflict([&] {
                writer_->forget_members();
                commit_one(waiting);
            });
        } catch (const std::exception&) {
            transactions_->roll_back();
            const bool saved = waiting.submission.batch ? commit_batch_without_broken(waiting)
                                                        : commit_bare(waiting);
            if (!saved) {
                healthy_ = false;
                waiting.promise.set_value(not_stored(waiting.submission));
            }
        }
    }
}

/// A batch one of whose members cannot be written: again, with that member kept as bytes and held,
/// until the rest goes through. A broken member costs itself only.
bool Committer::commit_batch_without_broken(Waiting& waiting) {
    bool saved = false;
    while (!saved && writer_->set_aside_member(*waiting.submission.batch)) {
        try {
            commit_one(waiting);
            saved = true;
        } catch (const std::exception&) {
            transactions_->roll_back();
        }
    }
    writer_->forget_members();
    return saved;
}

bool Committer::commit_bare(Waiting& waiting) {
    try {
        store_.begin();
        Answer reply = writer_->write_bare(waiting.submission);
        store_.commit();
        waiting.promise.set_value(stored(std::move(reply)));
        return true;
    } catch (const std::exception&) {
        transactions_->roll_back();
        return false;
    }
}

/// After a failed sync or a fault during COMMIT nothing is known of the batch: what is found in the
/// reopened store is answered, the rest gets no answer and is sent again by its sender.
void Committer::settle_after_fault(std::vector<Waiting>& batch) {
    healthy_ = false;
    recover();
    for (Waiting& waiting : batch) {
        std::optional<StoredAnswer> found;
        if (healthy_) {
            try {
                found =
                    store_.find(waiting.submission.arrival.message_id, waiting.submission.bytes);
            } catch (const StoreFault&) {
                healthy_ = false;
            }
        }
        waiting.promise.set_value(found ? stored(std::move(found->answer))
                                        : not_stored(waiting.submission));
    }
}

void Committer::recover() {
    try {
        store_.reopen();
        snapshots_.replace(store_.load_registry());
        healthy_ = true;
        transactions_->expect_jobs();
    } catch (const std::exception&) {
        healthy_ = false;
    }
    transactions_->forget_view();
    reprocessing_->begin_again();
}

void Committer::serve_task() {
    Task task;
    {
        const std::lock_guard lock(mutex_);
        if (tasks_.empty()) {
            return;
        }
        task = std::move(tasks_.front());
        tasks_.pop_front();
    }
    try {
        task.run();
        transactions_->committed();
    } catch (const StoreFault& fault) {
        transactions_->roll_back();
        healthy_ = fault.store_is_well() && healthy_;
        task.fail(std::current_exception());
    } catch (...) {
        transactions_->roll_back();
        task.fail(std::current_exception());
    }
}

void Committer::serve_job() {
    transactions_->expect_jobs(false);  // before the look: what comes meanwhile is looked for again
    if (jobs_go_to_ != nullptr) {
        jobs_go_to_->expect_jobs();
        return;
    }
    try {
        if (reprocessing_->work()) {
            transactions_->expect_jobs();
        }
    } catch (const StoreFault&) {
        // Messages go on at once; the job, which may meet the same again, with the next look.
        healthy_ = false;
        recover();
        jobs_paused_ = true;
    }
}

void Committer::on_commit(std::function<void()> callback) {
    transactions_->on_commit(std::move(callback));
}

}  // namespace labrelay::pipeline
