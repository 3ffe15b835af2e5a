#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/study/outcome.hpp"

namespace labrelay::store {

/// By the time of receipt; `until` is not part of it.
struct LedgerFilter {
    std::optional<Instant> from;
    std::optional<Instant> until;
    std::optional<std::string> source;
    std::chrono::minutes utc_offset{0};  ///< where a day of the ledger begins
    std::vector<std::string> without;    ///< analytes whose lines count nowhere
};

struct RuleCount {
    Code rule{};
    std::int64_t count = 0;
};

/// One day of one source. `received` is what the messages said that they hold; the others are
/// counted line by line, so that the balance is a check and not a definition.
struct LedgerRow {
    LocalDay day{};
    std::string source;  ///< empty: no source recognised
    std::int64_t messages = 0;
    std::int64_t duplicates = 0;
    std::int64_t refused = 0;
    std::int64_t quarantined = 0;
    std::int64_t received = 0;
    std::int64_t stored = 0;
    std::int64_t held = 0;
    std::int64_t ignored = 0;
    std::vector<RuleCount> held_by_rule;     ///< most first
    std::vector<RuleCount> ignored_by_rule;  ///< most first

    bool balanced() const { return received == stored + held + ignored; }
};
std::vector<LedgerRow> ledger(ReadSession& session, const LedgerFilter& filter);

struct LedgerMessage {
    MessageId id;
    std::string source;
    std::string control_id;
    study::MessageState state = study::MessageState::processed;
    Instant received_at;
    study::Counts counts;
    Code rule{};  ///< why refused or quarantined
    std::optional<MessageId> duplicate_of;
};
/// The next `limit` messages after `after`, in order of their ids.
std::vector<LedgerMessage> ledger_messages(ReadSession& session, const LedgerFilter& filter,
                                           MessageId after, std::size_t limit);

}  // namespace labrelay::store
