#include "labrelay/security/lockout.hpp"

#include <algorithm>

namespace labrelay::security {
namespace {

constexpr std::size_t kKeys = 10'000;

/// The first of the failures is so long ago that none of them counts any more.
bool lapsed(const Standing& standing, Instant now, std::chrono::minutes within) {
    return now.microseconds - standing.since.microseconds >=
           std::chrono::microseconds(within).count();
}

}  // namespace

Standing after_failure(const Standing& before, Instant now, std::int64_t allowed,
                       std::chrono::minutes within) {
    Standing after = before;
    if (after.failures == 0 || lapsed(before, now, within)) {
        after.failures = 0;
        after.since = now;
    }
    if (++after.failures >= allowed) {
        after.failures = 0;
        after.closed_until = Instant{now.microseconds + std::chrono::microseconds(within).count()};
    }
    return after;
}

bool FailureCounter::exhausted(const std::string& key, Instant now) {
    const std::lock_guard lock(mutex_);
    const auto found = standings_.find(key);
    return found != standings_.end() && found->second.closed(now);
}

void FailureCounter::add(const std::string& key, Instant now) {
    const std::lock_guard lock(mutex_);
    if (standings_.size() >= kKeys && !standings_.contains(key)) {
        make_room(now);
    }
    Standing& standing = standings_[key];
    standing = after_failure(standing, now, allowed_, window_);
}

void FailureCounter::make_room(Instant now) {
    std::erase_if(standings_, [&](const auto& each) {
        return !each.second.closed(now) && lapsed(each.second, now, window_);
    });
    if (standings_.size() >= kKeys) {
        standings_.erase(std::ranges::min_element(
            standings_, {}, [](const auto& each) { return each.second.since; }));
    }
}

}  // namespace labrelay::security
