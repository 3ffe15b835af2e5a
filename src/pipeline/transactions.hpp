#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/pipeline/snapshots.hpp"

namespace labrelay::pipeline {

/// The transactions of the committer's thread, one after the other, and what one leaves to the
/// next: the view of what is stored, on which decisions are made, and whether a job may wait. See
/// committer.md. One thread, but for jobs_possible().
class Transactions {
public:
    /// Both outlive it. The view forgets its subjects when they are more than `cached_subjects`.
    Transactions(CommitStore& store, Snapshots& snapshots, std::size_t cached_subjects)
        : store_(store), snapshots_(snapshots), cached_subjects_(cached_subjects) {}

    /// Opens one for messages with these proposals; the registry as all nodes of the store have
    /// made it. The configuration that holds for it is in place then, and stays there until the
    /// next one begins: what was proposed with another is processed again before it is decided.
    study::Registry begin(std::span<const study::Proposal* const> proposals);
    /// Durable when it returns, and readers see the registry as it has become.
    void commit(const study::Registry& registry);
    /// Whatever the open one has done, the store and the view know nothing of it.
    void roll_back();
    void forget_view() { view_ = study::StateView{}; }
    /// Readers see this registry, where its content or its version is another.
    void take_up(const study::Registry& registry);
    /// Runs a whole one, and runs it again where another node's was in the way.
    void once_more_on_conflict(const std::function<void()>& transaction);

    /// What was decided for a message: `put` has the store write it, then the view knows it, and
    /// the registry what it teaches. The specimens are the registry's to write and are taken out of
    /// the outcome.
    void write(const study::Proposal& proposal, study::Outcome& outcome, study::Registry& registry,
               const std::function<void()>& put);

    study::StateView& view() { return view_; }
    bool jobs_possible() const { return jobs_possible_; }
    void expect_jobs(bool possible = true) { jobs_possible_ = possible; }
    /// Called after each that may have left something in the outbox; committed() calls it for one
    /// that did not go through commit().
    void on_commit(std::function<void()> callback) { on_commit_ = std::move(callback); }
    void committed() const;

private:
    void learn(std::vector<study::LearnedSpecimen> learned, MessageId from,
               study::Registry& registry);

    CommitStore& store_;
    Snapshots& snapshots_;
    const std::size_t cached_subjects_;
    study::StateView view_;
    std::atomic<bool> jobs_possible_{true};
    std::function<void()> on_commit_;
};

}  // namespace labrelay::pipeline
