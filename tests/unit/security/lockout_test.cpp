#include "labrelay/security/lockout.hpp"

#include <gtest/gtest.h>

namespace labrelay::security {
namespace {

constexpr std::int64_t kMinute = 60'000'000;

TEST(Lockout, TheFifthFailureClosesForAQuarterOfAnHour) {
    Standing standing;
    const Instant now{1'000 * kMinute};
    for (int failure = 1; failure < kFailuresAllowed; ++failure) {
        standing = after_failure(standing, now);
        EXPECT_EQ(standing.failures, failure);
        EXPECT_FALSE(standing.closed(now));
    }
    standing = after_failure(standing, now);
    EXPECT_TRUE(standing.closed(now));
    EXPECT_TRUE(standing.closed(Instant{now.microseconds + 15 * kMinute - 1}));
    EXPECT_FALSE(standing.closed(Instant{now.microseconds + 15 * kMinute}));
    EXPECT_EQ(standing.failures, 0);
}

TEST(Lockout, FailuresOfBeforeLapse) {
    Standing standing;
    const Instant begin{1'000 * kMinute};
    const Instant later{begin.microseconds + 15 * kMinute};
    for (int failure = 1; failure < kFailuresAllowed; ++failure) {
        standing = after_failure(standing, begin);
    }
    EXPECT_TRUE(after_failure(standing, Instant{later.microseconds - 1})
                    .closed(Instant{later.microseconds - 1}));
    standing = after_failure(standing, later);
    EXPECT_FALSE(standing.closed(later));
    EXPECT_EQ(standing.failures, 1);
}

/// A name that no account has is told from one that somebody has by nothing.
TEST(Lockout, AccountsAndStrangersStandAlike) {
    FailureCounter strangers(kFailuresAllowed, kClosedFor);
    Standing account;
    Instant now{1'000 * kMinute};
    for (const int minutes : {0, 1, 5, 5, 5, 0, 1, 0, 0, 14, 1, 0, 3, 0, 0, 0, 16, 4, 4, 4, 4}) {
        now.microseconds += minutes * kMinute;
        ASSERT_EQ(account.closed(now), strangers.exhausted("nobody", now));
        if (!account.closed(now)) {
            account = after_failure(account, now);
            strangers.add("nobody", now);
        }
        ASSERT_EQ(account.closed(now), strangers.exhausted("nobody", now));
    }
}

TEST(FailureCounter, CountsEachKeyWithinItsWindow) {
    FailureCounter counter(2, std::chrono::minutes(1));
    const Instant now{1'000 * kMinute};
    counter.add("10.0.0.1", now);
    EXPECT_FALSE(counter.exhausted("10.0.0.1", now));
    counter.add("10.0.0.1", now);
    EXPECT_TRUE(counter.exhausted("10.0.0.1", now));
    EXPECT_FALSE(counter.exhausted("10.0.0.2", now));
    const Instant later{now.microseconds + kMinute};
    EXPECT_FALSE(counter.exhausted("10.0.0.1", later));
    counter.add("10.0.0.1", later);
    EXPECT_FALSE(counter.exhausted("10.0.0.1", later));
}

TEST(FailureCounter, ForgetsTheOldestWhereTooManyAsk) {
    FailureCounter counter(1, std::chrono::minutes(60));
    for (int each = 0; each < 10'001; ++each) {
        counter.add(std::to_string(each), Instant{each});
    }
    EXPECT_FALSE(counter.exhausted("0", Instant{20'000}));
    EXPECT_TRUE(counter.exhausted("1", Instant{20'000}));
    EXPECT_TRUE(counter.exhausted("10000", Instant{20'000}));
}

}  // namespace
}  // namespace labrelay::security
