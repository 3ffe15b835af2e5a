#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "labrelay/study/outcome.hpp"
#include "writer_core.hpp"

namespace labrelay::store {

/// Results that are new or changed: their rows, derived versions, and one outbox row a (subject,
/// target) for those that a target is to know or knows already. `cause`: the message, where one
/// caused it.
void write_changes(SqliteWriter::Core& core, std::optional<MessageId> cause,
                   std::span<const study::ResultChange> changes, std::string_view config_hash);

/// The targets are to be told again of everything that they were told of a subject: its label
/// changed.
void tell_again(SqliteWriter::Core& core, SubjectId subject);

}  // namespace labrelay::store
