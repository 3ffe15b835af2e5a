#pragma once

#include <algorithm>
#include <chrono>

#include "labrelay/core/time.hpp"

namespace labrelay::security {

/// How long a session lasts: until nothing was asked for `idle`, and never longer than `whole`.
struct SessionTimes {
    std::chrono::minutes idle{30};
    std::chrono::minutes whole{std::chrono::hours(12)};

    /// Where nothing more is asked.
    Instant end(Instant created, Instant last_asked) const {
        return std::min(after(created, whole), after(last_asked, idle));
    }
    bool alive(Instant created, Instant last_asked, Instant now) const {
        return now < end(created, last_asked);
    }

private:
    static Instant after(Instant at, std::chrono::microseconds passed) {
        return Instant{at.microseconds + passed.count()};
    }
};

}  // namespace labrelay::security
