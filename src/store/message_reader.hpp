#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "connection.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/study/state.hpp"
#include "raw_codec.hpp"
#include "terms.hpp"

namespace labrelay::store {

/// The messages that came under a source and a control id, oldest first.
/// The same for many keys in one question, into `state`; a key that is there already is left as it
/// is. For databases where each question is a round trip.
void load_prior_messages(Connection& database, Terms& terms,
                         std::span<const study::Proposal* const> proposals,
                         study::StateView& state);
std::vector<study::PriorMessage> read_prior_messages(
    Connection& database, Terms& terms, const std::pair<std::string, std::string>& key);

/// Whether the message is there and came with these bytes.
bool has_bytes(Connection& database, MessageId message, std::string_view bytes);
std::optional<pipeline::Answer> read_answer(Connection& database, MessageId message);

/// The last number of a source whose messages are counted, where the state does not know it yet.
void load_sequence(Connection& database, Terms& terms, const study::Proposal& proposal,
                   study::StateView& state);

/// The bytes as received. Nothing where there is no such message, or where its bytes were purged or
/// never kept. Throws StoreFault (raw-unreadable) where they do not match their digest or key.
/// A member of a batch has its slice of the batch's.
std::optional<std::string> read_raw(Connection& database, const RawCodec& codec, MessageId message);

/// Blanks instead of these bytes, which must not be kept any longer.
void blank_out(std::string& bytes, std::int64_t offset, std::int64_t size);

/// Where a member stands in its batch; nothing of other messages.
std::optional<pipeline::BatchPlace> read_batch_place(Connection& database, MessageId message);

/// Nothing where the message or its bytes are not there.
std::optional<pipeline::StoredMessage> read_stored_message(Connection& database, Terms& terms,
                                                           const RawCodec& codec,
                                                           MessageId message);

}  // namespace labrelay::store
