#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/store/ledger_query.hpp"

namespace labrelay::store {

/// Where a page of messages ends: newest first.
struct MessageCursor {
    std::int64_t received_us = 0;
    std::int64_t message_id = 0;
};

struct MessageListFilter {
    std::optional<std::string> source;
    std::optional<study::MessageState> state;
    std::optional<Instant> from;
    std::optional<Instant> until;  ///< not part of it
    std::optional<MessageCursor> after;
    std::size_t limit = 50;
};
/// Newest first.
std::vector<LedgerMessage> message_list(ReadSession& session, const MessageListFilter& filter);
std::optional<LedgerMessage> listed_message(ReadSession& session, MessageId id);

/// Whose the observations of each message are, as far as that is known.
std::map<MessageId, std::vector<SubjectId>> subjects_of(ReadSession& session,
                                                        const std::vector<MessageId>& messages);

/// How many lines of a message are of an analyte (empty: of codes that are not mapped), and what
/// became of them.
struct AnalyteCount {
    std::string analyte;
    study::Disposition disposition = study::Disposition::held;
    std::int64_t count = 0;
};
std::map<MessageId, std::vector<AnalyteCount>> analyte_counts(
    ReadSession& session, const std::vector<MessageId>& messages);

/// A message that holds something of an analyte.
struct HeldAnalyte {
    std::string source;
    Instant received;
    MessageId message;
    std::string analyte;
};
/// Of what was received within the time and came after the message.
std::vector<HeldAnalyte> held_analytes(ReadSession& session, Instant since, Instant until,
                                       MessageId after);

/// The newest message of the source and type before `before` that was processed without a hold and
/// holds one of these codes; where none does, the newest of the type. Looks at no more than the
/// last 500. The lines of the analytes `without` neither hold a message nor are of a code.
std::optional<MessageId> last_good(ReadSession& session, const std::string& source,
                                   const std::string& type, MessageId before,
                                   const std::vector<std::string>& codes,
                                   const std::vector<std::string>& without = {});

/// The newest message before `message` that says something of one of its specimens, first of the
/// same tests: what it corrects, completes or repeats. Among the results of the subjects that are
/// known, else among the last 500 messages of the source. Its lines of the analytes `without` are
/// left out.
std::optional<MessageId> previous_of_order(ReadSession& session, MessageId message,
                                           const std::vector<std::string>& without = {});

/// An hour of a source's traffic, counted from `since` on.
struct TrafficHour {
    std::string source;
    std::int64_t hour = 0;
    std::int64_t messages = 0;
    std::int64_t held = 0;  ///< messages with a hold
    std::int64_t sequence_gaps = 0;
};
std::vector<TrafficHour> traffic_hours(ReadSession& session, Instant since, Instant until);

/// What came after a message, by source; `last` is where to go on.
struct FreshTraffic {
    std::string source;
    std::int64_t messages = 0;
    std::int64_t held = 0;
};
std::vector<FreshTraffic> traffic_after(ReadSession& session, MessageId after);
MessageId newest_message(ReadSession& session);

/// The newest message of a source: when it came, and MSH-7 as sent.
struct LastHeard {
    MessageId id;
    Instant received;
    std::string message_time;
};
std::optional<LastHeard> last_heard(ReadSession& session, const std::string& source);

/// How often a code came in the source's last 1,000 messages since a time.
struct CodeCount {
    std::string code;
    std::string system;
    std::int64_t count = 0;
};
std::vector<CodeCount> code_counts(ReadSession& session, const std::string& source, Instant since);

}  // namespace labrelay::store
