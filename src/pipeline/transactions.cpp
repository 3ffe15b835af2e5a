#include "transactions.hpp"

#include "labrelay/study/corrected_subjects.hpp"

namespace labrelay::pipeline {
namespace {

/// How often one that another node's was in the way of is tried again.
constexpr int kConflictTries = 8;

bool knows(const study::Registry& registry, const study::RegisteredSpecimen& specimen) {
    const study::RegisteredSpecimen* known = registry.specimen(specimen.name);
    return known != nullptr && known->patient == specimen.patient &&
           (!specimen.collected_at || known->collected_at == specimen.collected_at);
}

}  // namespace

study::Registry Transactions::begin(std::span<const study::Proposal* const> proposals) {
    store_.begin();
    study::Registry registry = store_.prepare(proposals, snapshots_.registry(), view_);
    if (auto other = store_.other_configuration(snapshots_.configuration()->hash())) {
        snapshots_.replace(std::move(other));
    }
    return registry;
}

void Transactions::commit(const study::Registry& registry) {
    store_.commit();
    take_up(registry);
    view_.messages.clear();
    if (view_.subjects.size() > cached_subjects_) {
        view_.subjects.clear();
    }
    committed();
}

void Transactions::roll_back() {
    forget_view();
    store_.rollback();
}

void Transactions::take_up(const study::Registry& registry) {
    const study::Registry known = snapshots_.registry();
    if (registry.stamp() != known.stamp() || registry.version() != known.version()) {
        snapshots_.replace(registry);
    }
}

void Transactions::once_more_on_conflict(const std::function<void()>& transaction) {
    for (int tried = 1;; ++tried) {
        try {
            transaction();
            return;
        } catch (const StoreFault& fault) {
            if (fault.kind() != StoreFault::Kind::conflict || tried == kConflictTries) throw;
            roll_back();
        }
    }
}

void Transactions::write(const study::Proposal& proposal, study::Outcome& outcome,
                         study::Registry& registry, const std::function<void()>& put) {
    std::vector<study::LearnedSpecimen> learned = std::exchange(outcome.learned, {});
    put();
    study::apply(proposal, outcome, view_);
    if (!study::corrected_subjects(outcome).empty()) {
        expect_jobs();
    }
    learn(std::move(learned), proposal.message_id, registry);
}

void Transactions::learn(std::vector<study::LearnedSpecimen> learned, MessageId from,
                         study::Registry& registry) {
    RegistryChange change;
    for (study::LearnedSpecimen& one : learned) {
        if (!knows(registry, one.specimen)) {
            change.specimens.push_back(std::move(one.specimen));
        }
    }
    if (change.specimens.empty()) {
        return;
    }
    change.actor = "message " + to_base32(from);
    registry = store_.write_registry(registry, change);
    expect_jobs();
}

void Transactions::committed() const {
    if (on_commit_) {
        on_commit_();
    }
}

}  // namespace labrelay::pipeline
