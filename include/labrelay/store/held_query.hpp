#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/mapping/difference.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// What is held at some sources, as far as it is grouped into problems. `without`: analytes whose
/// results neither count nor bring their message.
struct HeldAtSources {
    std::int64_t observations = 0;    ///< of all messages
    std::vector<MessageId> messages;  ///< the oldest
};
HeldAtSources held_at(ReadSession& session, const mapping::TouchedSources& sources,
                      std::size_t most_messages, const std::vector<std::string>& without = {});

/// Why an observation is held, and of which analyte it was when it came: empty where its code was
/// not mapped.
struct HeldObservation {
    Code rule{};
    std::string analyte;
};
/// Of each observation of the message that is held now; ordinal 0: the message itself.
std::map<std::int32_t, HeldObservation> holds_of(ReadSession& session, MessageId message);

/// The message as it would be processed again; nothing where its bytes are gone.
std::optional<pipeline::StoredMessage> stored_message(ReadSession& session, MessageId message);

/// How a study database knows the result; empty where there is none of this number.
std::string result_name(ReadSession& session, SubjectId subject, std::int64_t number);

}  // namespace labrelay::store
