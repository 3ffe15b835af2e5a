#include "registry_follower.hpp"

#include <algorithm>
#include <vector>

#include "registry_tables.hpp"

namespace labrelay::store {
namespace {

/// How far back a reader of the whole registry looks for numbers that were still open.
constexpr std::int64_t kLookBack = 1000;
constexpr std::int64_t kLongestTransactionUs = 120'000'000;

std::vector<std::int64_t> facts_after(Connection& database, std::int64_t after) {
    std::vector<std::int64_t> facts;
    auto query =
        database.prepare("SELECT fact_id FROM registry_fact WHERE fact_id > ? ORDER BY fact_id");
    query.bind(after);
    while (query.step()) facts.push_back(query.integer(0));
    return facts;
}

}  // namespace

void RegistryFollower::start(Connection& database, std::int64_t version, Instant now) {
    upto_ = version;
    passed_over_.clear();
    const std::int64_t from = std::max<std::int64_t>(0, version - kLookBack);
    std::int64_t next = from + 1;
    for (const std::int64_t fact : facts_after(database, from))
        for (; next <= fact; ++next)
            if (next != fact) passed_over_.emplace(next, now);
}

study::Registry RegistryFollower::newest(Connection& database, const study::Registry& registry,
                                         Instant now) {
    const std::int64_t after =
        passed_over_.empty() ? upto_ : std::min(upto_, passed_over_.begin()->first - 1);
    const std::vector<std::int64_t> facts = facts_after(database, after);
    std::int64_t oldest_new = 0;
    for (const std::int64_t fact : facts) {
        const bool fresh = fact > upto_ || passed_over_.erase(fact) > 0;
        if (fresh && oldest_new == 0) oldest_new = fact;
        for (; upto_ < fact; ++upto_)
            if (upto_ + 1 != fact) passed_over_.emplace(upto_ + 1, now);
    }
    std::erase_if(passed_over_, [&](const auto& number) {
        return now.microseconds - number.second.microseconds > kLongestTransactionUs;
    });
    if (oldest_new == 0) return registry;
    return with_facts_from(database, registry, oldest_new)
        .at_version(std::max(upto_, registry.version()));
}

}  // namespace labrelay::store
