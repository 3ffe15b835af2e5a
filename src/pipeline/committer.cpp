#include "labrelay/pipeline/committer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "labrelay/pipeline/process.hpp"
#include "labrelay/study/corrected_subjects.hpp"

namespace labrelay::pipeline {
namespace {

/// What stands for a message whose decision failed by a fault of ours: its bytes are kept and every
/// observation is held.
study::Outcome held_internal(const study::Proposal& proposal) {
    study::Outcome outcome;
    outcome.state = study::MessageState::held;
    outcome.findings = proposal.findings;
    outcome.findings.push_back(Finding{Code::internal_fault, Severity::hold, {}, {}, {}});
    for (const study::ProposedObservation& observation : proposal.observations) {
        study::DecidedObservation decided;
        decided.ordinal = observation.ordinal;
        decided.disposition = study::Disposition::held;
        decided.rule = Code::internal_fault;
        outcome.observations.push_back(std::move(decided));
    }
    outcome.counts.received = static_cast<std::int32_t>(proposal.observations.size());
    outcome.counts.held = outcome.counts.received;
    study::count_as_used(proposal, outcome);
    return outcome;
}

/// How often a store that went away is tried again.
constexpr std::chrono::seconds kRecoveryInterval{1};

/// How often a transaction that another node's was in the way of is tried again.
constexpr int kConflictTries = 8;

bool knows(const study::Registry& registry, const study::RegisteredSpecimen& specimen) {
    const study::RegisteredSpecimen* known = registry.specimen(specimen.name);
    return known != nullptr && known->patient == specimen.patient &&
           (!specimen.collected_at || known->collected_at == specimen.collected_at);
}

std::string_view bytes_of(const SubmittedMember& member, const Submission& submission) {
    return std::string_view(submission.bytes).substr(member.arrival.batch->offset, member.size);
}

/// How a batch of the source is answered; a member that was kept as bytes may name one that is
/// gone.
mapping::BatchReply reply_of(const mapping::Configuration& configuration, std::string_view source,
                             mapping::BatchReply otherwise) {
    const mapping::SourceDefinition* known = configuration.source(source);
    return known == nullptr ? otherwise : known->batch_reply;
}

Committed stored(Answer answer) {
    return {std::move(answer), true};
}

Committed not_stored(const Submission& submission) {
    return {answer_without_store(submission), false};
}

}  // namespace

Answer answer_without_store(const Submission& submission) {
    if (!submission.batch) {
        return answer_without_store(submission.bytes, submission.arrival, submission.proposal.ack);
    }
    const SubmittedBatch& batch = *submission.batch;
    std::vector<UnstoredMember> members;
    members.reserve(batch.members.size());
    for (const SubmittedMember& member : batch.members) {
        members.push_back(
            {member.group, bytes_of(member, submission), member.arrival, member.proposal.ack});
    }
    return answer_batch_without_store(batch.content, submission.arrival, batch.reply,
                                      submission.proposal.ack.store_failure, members);
}

Committer::Committer(CommitStore& store, Snapshots& snapshots)
    : Committer(store, snapshots, Limits{}) {}

Committer::Committer(CommitStore& store, Snapshots& snapshots, Limits limits)
    : store_(store), snapshots_(snapshots), limits_(limits) {}

void Committer::run(const std::stop_token& stop) {
    while (true) {
        {
            std::unique_lock lock(mutex_);
            busy_ = false;
            changed_.notify_all();
            const auto something_to_do = [this] {
                return !ingest_.empty() || !tasks_.empty() || (jobs_possible_ && healthy_);
            };
            if (healthy_ && !store_.shared()) {
                changed_.wait(lock, stop, something_to_do);
            } else if (!changed_.wait_for(lock, stop, kRecoveryInterval, something_to_do)) {
                jobs_possible_ = true;  // another node may have queued one
            }
            if (stop.stop_requested() && ingest_.empty() && tasks_.empty()) {
                return;
            }
            busy_ = true;
        }
        if (!healthy_) {
            recover();
        }
        serve_ingest();
        serve_task();
        if (jobs_possible_ && healthy_ && !stop.stop_requested()) {
            if (!serve_job()) {
                jobs_possible_ = false;
            }
        }
    }
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
    std::promise<void> promise;
    std::future<void> done = promise.get_future();
    Task queued;
    queued.run = [this, &task, &promise] {
        store_.begin();
        task(store_, state_);
        store_.commit();
        promise.set_value();
    };
    queued.fail = [&promise](const std::exception_ptr& fault) { promise.set_exception(fault); };
    enqueue(std::move(queued));
    done.get();
}

void Committer::change_registry(RegistryChange change) {
    std::promise<void> promise;
    std::future<void> done = promise.get_future();
    Task queued;
    queued.run = [this, &change, &promise] {
        store_.begin();
        study::Registry after = store_.write_registry(snapshots_.registry(), change);
        store_.commit();
        snapshots_.replace(std::move(after));
        jobs_possible_ = true;
        promise.set_value();
    };
    queued.fail = [&promise](const std::exception_ptr& fault) { promise.set_exception(fault); };
    enqueue(std::move(queued));
    done.get();
}

void Committer::follow_configuration() {
    std::promise<void> promise;
    std::future<void> done = promise.get_future();
    Task queued;
    queued.run = [this, &promise] {
        begin_for({});
        store_.rollback();
        jobs_possible_ = true;
        promise.set_value();
    };
    queued.fail = [&promise](const std::exception_ptr& fault) { promise.set_exception(fault); };
    enqueue(std::move(queued));
    done.get();
}

void Committer::change(const Change& task) {
    std::promise<void> promise;
    std::future<void> done = promise.get_future();
    Task queued;
    queued.run = [this, &task, &promise] {
        once_more_on_conflict([&] {
            study::Registry registry = begin_for({});
            task(store_, state_, registry);
            store_.commit();
            if (registry.version() != snapshots_.registry().version()) {
                snapshots_.replace(std::move(registry));
            }
        });
        jobs_possible_ = true;
        promise.set_value();
    };
    queued.fail = [&promise](const std::exception_ptr& fault) { promise.set_exception(fault); };
    enqueue(std::move(queued));
    done.get();
}

void Committer::enqueue(Task task) {
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
    }
    changed_.notify_all();
}

void Committer::drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] {
        return !busy_ && ingest_.empty() && tasks_.empty() && (!jobs_possible_ || !healthy_);
    });
}

Committer::Counters Committer::counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
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
        once_more_on_conflict([&] { commit_batch(batch); });
    } catch (const StoreFault& fault) {
        forget_state();
        {
            const std::lock_guard lock(mutex_);
            ++counters_.faults;
        }
        if (fault.store_is_well()) {
            store_.rollback();
            commit_singly(batch);
        } else {
            settle_after_fault(batch);
        }
    } catch (const std::exception&) {
        // A fault of ours while rows were built: only the item that causes it may suffer.
        forget_state();
        store_.rollback();
        commit_singly(batch);
    }
}

/// Runs a whole transaction, and runs it again where another node's was in the way.
void Committer::once_more_on_conflict(const std::function<void()>& transaction) {
    for (int tried = 1;; ++tried) {
        try {
            transaction();
            return;
        } catch (const StoreFault& fault) {
            if (fault.kind() != StoreFault::Kind::conflict || tried == kConflictTries) throw;
            forget_state();
            store_.rollback();
        }
    }
}

/// Opens a transaction for these submissions; the registry as all nodes of the store have made it.
/// The configuration that holds for the transaction is in place then, and stays there until the
/// next one begins: what was proposed with another is processed again before it is decided.
study::Registry Committer::begin_for(std::span<const Waiting> batch) {
    std::vector<const study::Proposal*> proposals;
    for (const Waiting& waiting : batch) {
        proposals.push_back(&waiting.submission.proposal);
        if (!waiting.submission.batch) continue;
        for (const SubmittedMember& member : waiting.submission.batch->members)
            proposals.push_back(&member.proposal);
    }
    store_.begin();
    study::Registry registry = store_.prepare(proposals, snapshots_.registry(), state_);
    if (auto other = store_.other_configuration(snapshots_.configuration()->hash())) {
        snapshots_.replace(std::move(other));
    }
    return registry;
}

void Committer::commit_batch(std::vector<Waiting>& batch) {
    std::vector<Answer> answers;
    answers.reserve(batch.size());
    study::Registry registry = begin_for(batch);
    member_in_work_.reset();
    for (const Waiting& waiting : batch) {
        answers.push_back(decide_and_write(waiting.submission, registry).answer);
    }
    store_.commit();
    finish_commit(registry);
    for (std::size_t index = 0; index < batch.size(); ++index) {
        batch[index].promise.set_value(stored(std::move(answers[index])));
    }
    const std::lock_guard lock(mutex_);
    counters_.messages += batch.size();
    ++counters_.batches;
}

Committer::Decided Committer::decide_and_write(const Submission& submission,
                                               study::Registry& registry) {
    if (submission.batch) {
        return decide_and_write_batch(submission, registry);
    }
    return decide_and_write_part({submission.bytes, submission.arrival, submission.proposal},
                                 registry);
}

/// The members in their order, each by the rules of a message, and the batch itself last, because
/// it keeps the reply.
Committer::Decided Committer::decide_and_write_batch(const Submission& submission,
                                                     study::Registry& registry) {
    const SubmittedBatch& batch = *submission.batch;
    std::vector<AnsweredMember> answered;
    answered.reserve(batch.members.size());
    bool came_before = !batch.members.empty();
    const std::shared_ptr<const mapping::Configuration> configuration = snapshots_.configuration();
    Decided whole;
    whole.proposal = submission.proposal;
    mapping::BatchReply reply = batch.reply;
    const bool made_with_another = whole.proposal.config_hash != configuration->hash();
    if (made_with_another) {
        whole.proposal.config_hash = configuration->hash();
        whole.proposal.source.clear();
        reply = mapping::BatchReply::all;
    }
    for (const SubmittedMember& member : batch.members) {
        member_in_work_ = member.arrival.message_id;
        Decided decided = decide_and_write_part(
            {bytes_of(member, submission), member.arrival, member.proposal}, registry);
        member_in_work_.reset();
        if (made_with_another && whole.proposal.source.empty() &&
            !decided.proposal.source.empty()) {
            whole.proposal.source = decided.proposal.source;
            reply = reply_of(*configuration, decided.proposal.source, reply);
        }
        came_before = came_before && decided.outcome.state == study::MessageState::duplicate;
        answered.push_back(
            {member.group, std::move(decided.answer), std::move(decided.outcome.findings)});
    }
    whole.outcome.state = study::MessageState::batch;
    whole.outcome.findings = submission.proposal.findings;
    whole.answer = answer_batch(batch.content, submission.arrival, reply, answered);
    store_.write(CommitItem{submission.bytes, submission.arrival, whole.proposal, whole.outcome,
                            whole.answer, !came_before});
    return whole;
}

Committer::Decided Committer::decide_and_write_part(const Part& part, study::Registry& registry) {
    Decided decided = decide_one(part, registry);
    std::vector<study::LearnedSpecimen> learned = std::exchange(decided.outcome.learned, {});
    store_.write(
        CommitItem{part.bytes, part.arrival, decided.proposal, decided.outcome, decided.answer});
    study::apply(decided.proposal, decided.outcome, state_);
    jobs_possible_ = jobs_possible_ || !study::corrected_subjects(decided.outcome).empty();
    decided.outcome.learned = std::move(learned);
    learn(decided.outcome, decided.proposal, registry);
    return decided;
}

Committer::Decided Committer::decide_one(const Part& part, const study::Registry& registry) {
    const std::shared_ptr<const mapping::Configuration> configuration = snapshots_.configuration();
    Decided decided;
    decided.proposal = part.proposal;
    if (std::ranges::find(broken_members_, part.arrival.message_id) != broken_members_.end()) {
        decided.outcome = held_internal(decided.proposal);
        decided.answer = answer(part.bytes, part.arrival, decided.proposal, decided.outcome);
        return decided;
    }
    try {
        if (decided.proposal.config_hash != configuration->hash() ||
            decided.proposal.registry_version != registry.version()) {
            decided.proposal = process(part.bytes, part.arrival, *configuration, registry);
        }
        store_.load(decided.proposal, state_);
        decided.outcome = study::decide(
            study::DecideInput{decided.proposal, state_, configuration->rules(), registry, {}});
        if (decided.outcome.duplicate_of) {
            if (std::optional<Answer> before = store_.answer_of(*decided.outcome.duplicate_of)) {
                decided.answer = std::move(*before);
                return decided;
            }
        }
        decided.answer = answer(part.bytes, part.arrival, decided.proposal, decided.outcome);
    } catch (const StoreFault&) {
        throw;
    } catch (const std::exception&) {
        decided.outcome = held_internal(decided.proposal);
        decided.answer = answer(part.bytes, part.arrival, decided.proposal, decided.outcome);
    }
    return decided;
}

void Committer::learn(study::Outcome& outcome, const study::Proposal& proposal,
                      study::Registry& registry) {
    RegistryChange change;
    for (study::LearnedSpecimen& learned : outcome.learned) {
        if (!knows(registry, learned.specimen)) {
            change.specimens.push_back(std::move(learned.specimen));
        }
    }
    if (change.specimens.empty()) {
        return;
    }
    change.actor = "message " + to_base32(proposal.message_id);
    registry = store_.write_registry(registry, change);
    jobs_possible_ = true;
}

/// One of the items cannot be written as it is: each by itself, so that only the bad one suffers.
void Committer::commit_singly(std::vector<Waiting>& batch) {
    for (Waiting& waiting : batch) {
        {
            const std::lock_guard lock(mutex_);
            ++counters_.redone_singly;
        }
        try {
            once_more_on_conflict([&] {
                member_in_work_.reset();
                study::Registry registry = begin_for(std::span(&waiting, 1));
                Decided decided = decide_and_write(waiting.submission, registry);
                store_.commit();
                finish_commit(registry);
                waiting.promise.set_value(stored(std::move(decided.answer)));
            });
        } catch (const std::exception&) {
            forget_state();
            store_.rollback();
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
    while (!saved && member_in_work_ &&
           broken_members_.size() < waiting.submission.batch->members.size()) {
        broken_members_.push_back(*std::exchange(member_in_work_, std::nullopt));
        try {
            study::Registry registry = begin_for(std::span(&waiting, 1));
            Decided decided = decide_and_write(waiting.submission, registry);
            store_.commit();
            finish_commit(registry);
            waiting.promise.set_value(stored(std::move(decided.answer)));
            saved = true;
        } catch (const std::exception&) {
            forget_state();
            store_.rollback();
        }
    }
    member_in_work_.reset();
    broken_members_.clear();
    return saved;
}

/// The last resort: bytes and "held: internal", nothing derived.
bool Committer::commit_bare(Waiting& waiting) {
    try {
        const study::Outcome outcome = held_internal(waiting.submission.proposal);
        Answer reply = answer(waiting.submission.bytes, waiting.submission.arrival,
                              waiting.submission.proposal, outcome);
        store_.begin();
        store_.write(CommitItem{waiting.submission.bytes, waiting.submission.arrival,
                                waiting.submission.proposal, outcome, reply});
        store_.commit();
        waiting.promise.set_value(stored(std::move(reply)));
        return true;
    } catch (const std::exception&) {
        forget_state();
        store_.rollback();
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
                found = store_.find(waiting.submission.arrival.message_id);
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
        jobs_possible_ = true;
    } catch (const StoreFault&) {
        healthy_ = false;
    }
    forget_state();
    job_.reset();
}

bool Committer::serve_task() {
    Task task;
    {
        const std::lock_guard lock(mutex_);
        if (tasks_.empty()) {
            return false;
        }
        task = std::move(tasks_.front());
        tasks_.pop_front();
    }
    try {
        task.run();
        if (on_commit_) {
            on_commit_();
        }
    } catch (const StoreFault& fault) {
        forget_state();
        store_.rollback();
        healthy_ = fault.store_is_well() && healthy_;
        task.fail(std::current_exception());
    } catch (...) {
        forget_state();
        store_.rollback();
        task.fail(std::current_exception());
    }
    return true;
}

/// A slice of the oldest job in a transaction of its own. A crash starts the job again, which does
/// no harm: what is stored stays as it is. Returns whether there may be more to do.
bool Committer::serve_job() {
    try {
        if (!job_) {
            begin_for({});  // also what was activated meanwhile, on a node that no message comes to
            job_ = store_.next_job();
            store_.rollback();
            job_position_ = 0;
            job_slice_ = limits_.job_slice;
            if (!job_) {
                return false;
            }
        }
        const std::size_t end = std::min(job_->messages.size(), job_position_ + job_slice_);
        study::Registry registry = begin_for({});
        for (std::size_t index = job_position_; index < end; ++index) {
            reprocess(job_->messages[index], registry);
        }
        const bool finished = end == job_->messages.size();
        if (finished) {
            place_subjects_again(registry);
            store_.finish_job(job_->id);
        }
        store_.commit();
        finish_commit(registry);
        job_position_ = end;
        if (finished) {
            job_.reset();
        }
        return true;
    } catch (const StoreFault& fault) {
        if (!fault.store_is_well()) {
            healthy_ = false;
            recover();
            return healthy_;
        }
        if (fault.kind() == StoreFault::Kind::conflict) {
            forget_state();
            store_.rollback();
            return true;
        }
    } catch (const std::exception&) {
        // handled below, like a row that the database refuses
    }
    skip_in_job();
    return true;
}

/// One message of the slice cannot be processed again: it stays as it is. First the slice is
/// narrowed to find it, then it is passed over.
void Committer::skip_in_job() {
    forget_state();
    store_.rollback();
    const std::lock_guard lock(mutex_);
    ++counters_.faults;
    if (job_slice_ > 1) {
        job_slice_ = 1;
    } else if (job_ && job_position_ < job_->messages.size()) {
        ++job_position_;
    } else {
        job_.reset();
        jobs_possible_ = false;
    }
}

void Committer::place_subjects_again(const study::Registry& registry) {
    for (const SubjectId subject : job_->subjects) {
        const study::Subject* known = registry.subject(subject);
        if (known == nullptr) {
            continue;
        }
        store_.load_subject(subject, state_);
        const study::Replacement moved = study::place_again(state_.subjects[subject], *known,
                                                            snapshots_.configuration()->rules());
        store_.write_placements(subject, moved);
        state_.subjects.erase(subject);
    }
}

void Committer::reprocess(MessageId message, study::Registry& registry) {
    const std::optional<StoredMessage> stored = store_.load_message(message);
    if (!stored) {
        return;  // its retention is over
    }
    const std::shared_ptr<const mapping::Configuration> configuration = snapshots_.configuration();
    const study::Proposal proposal = process(stored->bytes, stored->arrival, *configuration,
                                             registry, mapping::Lineage::written, stored->overlays);
    store_.load(proposal, state_);
    for (const SubjectId subject :
         study::subjects_in_question(stored->observations, stored->overlays, registry)) {
        store_.load_subject(subject, state_);
    }
    study::Outcome outcome =
        study::decide(study::DecideInput{proposal, state_, configuration->rules(), registry,
                                         stored->observations, true, false, stored->overlays});
    std::vector<study::LearnedSpecimen> learned = std::exchange(outcome.learned, {});
    // The sender was answered when the message came; the answer does not change.
    store_.write_again(CommitItem{stored->bytes, stored->arrival, proposal, outcome, Answer{}});
    study::apply(proposal, outcome, state_);
    jobs_possible_ = jobs_possible_ || !study::corrected_subjects(outcome).empty();
    outcome.learned = std::move(learned);
    learn(outcome, proposal, registry);
    const std::lock_guard lock(mutex_);
    ++counters_.reprocessed;
}

void Committer::finish_commit(const study::Registry& registry) {
    if (registry.version() != snapshots_.registry().version()) {
        snapshots_.replace(registry);
    }
    state_.messages.clear();
    if (state_.subjects.size() > limits_.cached_subjects) {
        state_.subjects.clear();
    }
    if (on_commit_) {
        on_commit_();
    }
}

void Committer::forget_state() {
    state_ = study::StateView{};
}

}  // namespace labrelay::pipeline
