#include "delivery_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::store {
namespace {

std::int64_t read_number(const char*& at, const char* end) {
    std::int64_t number = 0;
    const auto read = std::from_chars(at, end, number);
    if (read.ec != std::errc{}) throw pipeline::unreadable("an outbox row is broken");
    at = read.ptr;
    return number;
}

}  // namespace

std::vector<ListedResult> unpack_results(std::string_view text) {
    std::vector<ListedResult> listed;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        ListedResult result;
        result.lock = *at == 'L';
        if (result.lock) ++at;
        result.number = read_number(at, end);
        if (at != end && *at == ':') result.reason = static_cast<Code>(read_number(++at, end));
        if (at != end) ++at;
        listed.push_back(result);
    }
    return listed;
}

std::string pack_results(const std::vector<ListedResult>& results) {
    std::string text;
    for (const ListedResult& result : results) {
        fmt::format_to(std::back_inserter(text), "{}{}{}", text.empty() ? "" : " ",
                       result.lock ? "L" : "", result.number);
        if (result.reason != Code::none)
            fmt::format_to(std::back_inserter(text), ":{}", static_cast<int>(result.reason));
    }
    return text;
}

bool is_release(Code reason) {
    return reason == Code::released_from_freeze || reason == Code::post_lock_correction;
}

bool tells_of_places(bool of_message, const std::vector<ListedResult>& results) {
    return !of_message && std::ranges::any_of(results, [](const ListedResult& listed) {
        return !listed.lock && !is_release(listed.reason);
    });
}

std::optional<Instant> oldest_waiting(Connection& database, std::int64_t target) {
    auto query = database.prepare(
        "SELECT m.received_us FROM outbox o JOIN message m ON m.message_id = o.message_id "
        "WHERE o.target_id = ? AND o.state IN ('ready', 'retry') ORDER BY o.delivery_id LIMIT 1");
    query.bind(target);
    if (!query.step()) return std::nullopt;
    return Instant{query.integer(0)};
}

}  // namespace labrelay::store
