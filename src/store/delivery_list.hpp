#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/core/time.hpp"

namespace labrelay::store {

/// What an outbox row lists: a result of the subject, or a lock fact.
struct ListedResult {
    std::int64_t number = 0;
    Code reason = Code::none;
    bool lock = false;
};
/// `12 13:537`, or `L4`. Throws pipeline::StoreFault for anything else.
std::vector<ListedResult> unpack_results(std::string_view text);
std::string pack_results(const std::vector<ListedResult>& results);

/// When the message of the first delivery came that waits for a target. Locks and changes of the
/// registry came with none; what stands behind them is not hidden by them.
std::optional<Instant> oldest_waiting(Connection& database, std::int64_t target);

}  // namespace labrelay::store
