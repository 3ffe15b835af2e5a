#pragma once

#include <span>
#include <string_view>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/study/registry.hpp"
#include "writer_core.hpp"

namespace labrelay::store {

/// The registry as its tables have it. From any connection.
study::Registry read_registry(sqlite::Database& database);

/// Appends what is new in `change` as facts, brings the tables up to date, queues the jobs and deliveries
/// that follow, and returns `before` with the change. What says nothing new leaves no trace.
study::Registry append_facts(SqliteWriter::Core& core, const study::Registry& before,
                             const pipeline::RegistryChange& change);

/// Specimens that a message taught: the same, without a snapshot of the registry.
void append_learned(SqliteWriter::Core& core, MessageId message,
                    std::span<const study::LearnedSpecimen> learned);

}  // namespace labrelay::store
