#pragma once

#include <string>
#include <vector>

#include "labrelay/delivery/outbox.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

struct ResultFilter {
    std::string subject;  ///< label, subject or screening number; empty: all
    std::string visit;    ///< visit id; empty: all
};

/// A result as a target is to know it, with what only the engine knows.
struct StoredResult {
    delivery::DeliveredResult result;
    std::string control_id;  ///< of the current version's message
};

/// By study, subject, then number.
std::vector<StoredResult> results(ReadSession& session, const ResultFilter& filter);

}  // namespace labrelay::store
