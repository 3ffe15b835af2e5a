#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "labrelay/core/time.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

// What alarms look at in the store, beside queues and critical values.

/// Problems that nobody closed, per source: of those that opened before `before` and are not
/// snoozed.
struct AgedProblems {
    std::string source;
    std::int64_t count = 0;
    std::int64_t oldest = 0;  ///< its problem id
    Instant since;
};
std::vector<AgedProblems> aged_problems(ReadSession& session, Instant before, Instant now);

/// Hash of the configuration that was activated last; empty: none ever was.
std::string active_configuration(ReadSession& session);

}  // namespace labrelay::store
