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

/// Of a row `o` of the outbox and its target `t`, in SQL: 1 where it waits and the target was given
/// it, and nothing was marked since.
inline constexpr std::string_view kTried =
    "CASE WHEN o.state IN ('ready', 'retry') AND o.delivery_id <= t.tried_upto THEN 1 ELSE 0 END";

bool is_release(Code reason);
/// The row came with no message and releases nothing: results moved, or their subject has another
/// label. What the target holds of them stands where they stood before, and nothing keeps where.
bool tells_of_places(bool of_message, const std::vector<ListedResult>& results);

/// When the message of the first delivery came that waits for a target. Locks and changes of the
/// registry came with none; what stands behind them is not hidden by them.
std::optional<Instant> oldest_waiting(Connection& database, std::int64_t target);

}  // namespace labrelay::store
