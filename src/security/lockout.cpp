#include "labrelay/security/lockout.hpp"

#include <algorithm>

namespace labrelay::security {
namespace {

constexpr std::size_t kKeys = 10'000;

}  // namespace

Standing after_failure(const Standing& before, Instant now) {
    Standing after = before;
    if (++after.failures >= kFailuresAllowed) {
        after.failures = 0;
        after.closed_until =
            Instant{now.microseconds + std::chrono::microseconds(kClosedFor).count()};
    }
    return after;
}

bool FailureCounter::exhausted(const std::string& key, Instant now) {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(key);
    return found != counts_.end() && !over(found->second, now) &&
           found->second.failures >= allowed_;
}

void FailureCounter::add(const std::string& key, Instant now) {
    const std::lock_guard lock(mutex_);
    if (counts_.size() >= kKeys && !counts_.contains(key)) {
        make_room(now);
    }
    Count& count = counts_[key];
    if (count.failures == 0 || over(count, now)) {
        count = Count{0, now};
    }
    ++count.failures;
}

void FailureCounter::make_room(Instant now) {
    std::erase_if(counts_, [&](const auto& each) { return over(each.second, now); });
    if (counts_.size() >= kKeys) {
        counts_.erase(std::ranges::min_element(counts_, {},
                                               [](const auto& each) { return each.second.first; }));
    }
}

}  // namespace labrelay::security
