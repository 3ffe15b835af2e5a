#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// What is stored of one source's messages, whatever became of them.
struct SourceActivity {
    std::string source;
    Instant last_received;
    std::string last_message_time;   ///< MSH-7 of that message, as sent
    std::int64_t sequence_gaps = 0;  ///< messages refused because MSH-13 was not the expected one
    std::optional<Instant> last_gap;
    std::int64_t results = 0;
    std::int64_t held = 0;
};

struct Activity {
    std::vector<SourceActivity> sources;  ///< those that sent something
    MessageId last;                       ///< of all messages; `after` where there is none
};
/// Of the messages after `after` up to `upto`, that were received since `since`.
Activity activity_between(ReadSession& session, MessageId after, MessageId upto, Instant since);

/// Messages of one source since a time.
std::int64_t messages_since(ReadSession& session, const std::string& source, Instant since);

}  // namespace labrelay::store
