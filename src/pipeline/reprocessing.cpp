#include "reprocessing.hpp"

#include <algorithm>
#include <memory>

#include "labrelay/pipeline/process.hpp"

namespace labrelay::pipeline {
namespace {

std::size_t items(const Job& job) {
    return job.messages.size() + job.subjects.size();
}

}  // namespace

bool Reprocessing::work() {
    try {
        if (!job_ && !take_job()) {
            return false;
        }
        work_on_slice();
        return true;
    } catch (const StoreFault& fault) {
        if (!fault.store_is_well()) {
            throw;
        }
        if (fault.kind() == StoreFault::Kind::conflict) {
            transactions_.roll_back();
            return true;
        }
    } catch (const std::exception&) {
        // handled below, like a row that the database refuses
    }
    return skip();
}

bool Reprocessing::take_job() {
    // Also what was activated and registered meanwhile, on a node that no message comes to.
    const study::Registry registry = transactions_.begin({});
    position_ = 0;
    narrowed_slice_ = slice_;
    job_ = store_.next_job();
    store_.commit();
    transactions_.take_up(registry);
    return job_.has_value();
}

void Reprocessing::work_on_slice() {
    const std::size_t messages = job_->messages.size();
    const std::size_t end = std::min(items(*job_), position_ + narrowed_slice_);
    study::Registry registry = transactions_.begin({});
    for (std::size_t index = position_; index < end; ++index) {
        if (index < messages) {
            reprocess(job_->messages[index], registry);
        } else {
            place_again(job_->subjects[index - messages], registry);
        }
    }
    const bool finished = end == items(*job_);
    if (finished) {
        store_.finish_job(job_->id);
    }
    transactions_.commit(registry);
    position_ = end;
    if (finished) {
        job_.reset();
    }
}

void Reprocessing::reprocess(MessageId message, study::Registry& registry) {
    const std::optional<StoredMessage> stored = store_.load_message(message);
    if (!stored) {
        return;  // its retention is over
    }
    const std::shared_ptr<const mapping::Configuration> configuration = snapshots_.configuration();
    const study::Proposal proposal = process(stored->bytes, stored->arrival, *configuration,
                                             registry, mapping::Lineage::written, stored->overlays);
    study::StateView& view = transactions_.view();
    store_.load(proposal, view);
    for (const SubjectId subject :
         study::subjects_in_question(stored->observations, stored->overlays, registry)) {
        store_.load_subject(subject, view);
    }
    study::Outcome outcome =
        study::decide(study::DecideInput{proposal, view, configuration->rules(), registry,
                                         stored->observations, true, false, stored->overlays});
    // The sender was answered when the message came; the answer does not change.
    transactions_.write(proposal, outcome, registry, [&] {
        store_.write_again(CommitItem{stored->bytes, stored->arrival, proposal, outcome, Answer{}});
    });
    ++reprocessed_;
}

void Reprocessing::place_again(SubjectId subject, const study::Registry& registry) {
    const study::Subject* known = registry.subject(subject);
    if (known == nullptr) {
        return;
    }
    study::StateView& view = transactions_.view();
    store_.load_subject(subject, view);
    const study::Replacement moved =
        study::place_again(view.subjects[subject], *known, snapshots_.configuration()->rules());
    store_.write_placements(subject, moved);
    view.subjects.erase(subject);
}

/// One message of the slice cannot be processed again, or one subject not be placed again: it stays
/// as it is. First the slice is narrowed to find it, then it is passed over.
bool Reprocessing::skip() {
    transactions_.roll_back();
    ++faults_;
    if (narrowed_slice_ > 1) {
        narrowed_slice_ = 1;
    } else if (job_ && position_ < items(*job_)) {
        ++position_;
    } else {
        job_.reset();
        return false;
    }
    return true;
}

}  // namespace labrelay::pipeline
