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
void write_changes(StoreWriter::Core& core, std::optional<MessageId> cause,
                   std::span<const study::ResultChange> changes, std::string_view config_hash);

/// The targets are to be told again of everything that they were told of a subject: its label
/// changed. What is frozen, locked or kept back by a person is left out.
void tell_again(StoreWriter::Core& core, SubjectId subject);
/// The same, where the label changed while something was left out.
void tell_again_of_released(StoreWriter::Core& core, SubjectId subject);

struct ResultToTell {
    std::int64_t number = 0;
    Code reason = Code::none;
};
/// The targets are to be told of these results as they are now, whatever covers them.
void tell_results(StoreWriter::Core& core, SubjectId subject,
                  std::span<const ResultToTell> results);

}  // namespace labrelay::store
