#pragma once

#include "labrelay/pipeline/commit_store.hpp"
#include "writer_core.hpp"

namespace labrelay::store {

/// Rows of one message: message, message_key, message_raw, observation, awaiting. Inside a
/// transaction.
void insert_message(StoreWriter::Core& core, const pipeline::CommitItem& item);
void insert_quarantined(StoreWriter::Core& core, std::string_view bytes,
                        const pipeline::Arrival& arrival, Code why);

/// A message that was processed again: rows of observations that are not stored yet, the message's
/// state, and a row of message_again that says what moved. Bytes, answer and arrival stay as they
/// were.
void update_message(StoreWriter::Core& core, const pipeline::CommitItem& item);

/// `message:state:counts:dispositions`: what the audit's digest of a batch covers for one message.
std::string audited_text(const pipeline::CommitItem& item);

}  // namespace labrelay::store
