#include "labrelay/security/session_times.hpp"

#include <gtest/gtest.h>

namespace labrelay::security {
namespace {

constexpr std::int64_t kMinute = 60'000'000;

struct Row {
    std::int64_t last_asked;  ///< minutes after the beginning
    std::int64_t now;
    bool alive;
};
constexpr Row kRows[] = {
    {0, 0, true},    {0, 29, true},    {0, 30, false},    {20, 49, true},
    {20, 50, false}, {710, 719, true}, {719, 720, false}, {719, 800, false},
};

TEST(SessionTimes, EndByIdlenessAndInAnyCase) {
    const SessionTimes times;
    for (const Row& row : kRows) {
        EXPECT_EQ(
            times.alive(Instant{0}, Instant{row.last_asked * kMinute}, Instant{row.now * kMinute}),
            row.alive)
            << row.last_asked << " " << row.now;
    }
    EXPECT_EQ(times.end(Instant{0}, Instant{700 * kMinute}), Instant{720 * kMinute});
}

}  // namespace
}  // namespace labrelay::security
