#pragma once

#include <span>
#include <string_view>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/study/registry.hpp"
#include "writer_core.hpp"

namespace labrelay::store {

/// The registry as its tables have it. From any connection.
study::Registry read_registry(Connection& database);
/// `registry` with the subjects and specimens whose last fact is this one or a later one.
study::Registry with_facts_from(Connection& database, const study::Registry& registry,
                                std::int64_t fact);

struct AppendedFacts {
    study::Registry registry;
    std::string facts;  ///< one a line, for the audit's digest; empty: nothing new
};

/// Appends what is new in `change` as facts, brings the tables up to date, queues the jobs and
/// deliveries that follow, and returns `before` with the change. What says nothing new leaves no
/// trace.
AppendedFacts append_facts(StoreWriter::Core& core, const study::Registry& before,
                           const pipeline::RegistryChange& change);

/// Specimens that a message taught: the same, without a snapshot of the registry.
void append_learned(StoreWriter::Core& core, MessageId message,
                    std::span<const study::LearnedSpecimen> learned);

/// Corrections that a message brought: what a check holds of their subjects is asked again.
void queue_after_corrections(StoreWriter::Core& core, MessageId message,
                             const study::Outcome& outcome);

}  // namespace labrelay::store
