#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "labrelay/core/time.hpp"

namespace labrelay::security {

/// After this many failures within this time, without a success between them, an account is closed
/// for as long, whatever is tried meanwhile.
inline constexpr std::int64_t kFailuresAllowed = 5;
inline constexpr std::chrono::minutes kClosedFor{15};

struct Standing {
    std::int64_t failures = 0;  ///< since the last success or closing, within the time
    Instant since;              ///< the first of them
    Instant closed_until;

    bool closed(Instant now) const { return now < closed_until; }
    friend bool operator==(const Standing&, const Standing&) = default;
};

/// How an account that is not closed stands after one more failure.
Standing after_failure(const Standing& before, Instant now, std::int64_t allowed = kFailuresAllowed,
                       std::chrono::minutes within = kClosedFor);

/// Failures by address, or by a name that no account has: each key stands as an account would; in
/// memory, of this process. Holds some thousand keys and then forgets the oldest. Thread-safe.
class FailureCounter {
public:
    FailureCounter(std::int64_t allowed, std::chrono::minutes window)
        : allowed_(allowed), window_(window) {}

    /// No more tries for this key for a while.
    bool exhausted(const std::string& key, Instant now);
    void add(const std::string& key, Instant now);

private:
    void make_room(Instant now);

    std::int64_t allowed_;
    std::chrono::minutes window_;
    std::mutex mutex_;
    std::map<std::string, Standing> standings_;
};

}  // namespace labrelay::security
