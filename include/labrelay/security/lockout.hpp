#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "labrelay/core/time.hpp"

namespace labrelay::security {

/// After this many failures one after the other an account is closed for this long, whatever is
/// tried meanwhile.
inline constexpr std::int64_t kFailuresAllowed = 5;
inline constexpr std::chrono::minutes kClosedFor{15};

struct Standing {
    std::int64_t failures = 0;  ///< since the last success or closing
    Instant closed_until;

    bool closed(Instant now) const { return now < closed_until; }
    friend bool operator==(const Standing&, const Standing&) = default;
};

/// How an account that is not closed stands after one more failure.
Standing after_failure(const Standing& before, Instant now);

/// Failures by address, or by a name that no account has, within the last `window`; in memory, of
/// this process. Holds some thousand keys and then forgets the oldest. Thread-safe.
class FailureCounter {
public:
    FailureCounter(std::int64_t allowed, std::chrono::minutes window)
        : allowed_(allowed), window_(window) {}

    /// No more tries for this key until its window has passed.
    bool exhausted(const std::string& key, Instant now);
    void add(const std::string& key, Instant now);

private:
    struct Count {
        std::int64_t failures = 0;
        Instant first;
    };
    bool over(const Count& count, Instant now) const {
        return now.microseconds - count.first.microseconds >=
               std::chrono::microseconds(window_).count();
    }
    void make_room(Instant now);

    std::int64_t allowed_;
    std::chrono::minutes window_;
    std::mutex mutex_;
    std::map<std::string, Count> counts_;
};

}  // namespace labrelay::security
