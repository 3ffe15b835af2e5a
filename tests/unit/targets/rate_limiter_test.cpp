#include "labrelay/targets/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace labrelay::targets {
namespace {

class TestClock final : public Clock {
public:
    Instant now() const override { return now_; }
    Instant now_{1'000'000};
};

// Whatever the pattern of the requests: no window of a minute holds more than the limit.
TEST(RateLimiter, NeverExceedsTheLimitWithinAnyMinute) {
    for (const std::uint32_t limit : {1U, 2U, 7U, 60U, 600U}) {
        TestClock clock;
        RateLimiter limiter(clock, limit, [&](Instant until) { clock.now_ = until; });
        std::mt19937 random(limit);
        std::deque<std::int64_t> window;
        std::size_t most = 0;
        for (int request = 0; request < 20000; ++request) {
            if (random() % (4 * limit) == 0) {
                clock.now_.microseconds += static_cast<std::int64_t>(random() % 90'000'000);
            }
            ASSERT_TRUE(limiter.acquire());
            window.push_back(clock.now_.microseconds);
            while (window.front() <= clock.now_.microseconds - 60'000'000) {
                window.pop_front();
            }
            most = std::max(most, window.size());
        }
        EXPECT_LE(most, limit);
        EXPECT_GE(most * 10, limit * 8) << "and uses most of it";
    }
}

TEST(RateLimiter, AWaitThatIsCutShortGivesNoToken) {
    TestClock clock;
    RateLimiter limiter(clock, 6, [](Instant) {});
    EXPECT_TRUE(limiter.acquire());
    EXPECT_FALSE(limiter.acquire());
}

}  // namespace
}  // namespace labrelay::targets
