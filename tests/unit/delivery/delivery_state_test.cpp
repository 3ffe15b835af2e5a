#include "labrelay/delivery/delivery_state.hpp"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace labrelay::delivery {
namespace {

using enum DeliveryState;
constexpr std::array kStates{ready, sending, delivered, retry, rejected, unknown};

TEST(DeliveryState, EveryStateHasAWordThatReadsBack) {
    for (const DeliveryState state : kStates) {
        EXPECT_EQ(delivery_state_from(to_string(state)), state);
    }
    EXPECT_EQ(delivery_state_from("Ready"), std::nullopt);
    EXPECT_EQ(delivery_state_from(""), std::nullopt);
}

TEST(DeliveryState, DeliveredIsTheOnlyEnd) {
    for (const DeliveryState from : kStates) {
        bool leaves = false;
        for (const DeliveryState to : kStates) {
            leaves = leaves || allowed(from, to);
        }
        EXPECT_EQ(leaves, from != delivered) << to_string(from);
    }
}

TEST(DeliveryState, EveryStateButReadyIsReachedAndNoRowStandsTwice) {
    std::set<std::pair<DeliveryState, DeliveryState>> seen;
    std::set<DeliveryState> reached;
    for (const DeliveryTransition& row : kDeliveryTransitions) {
        EXPECT_TRUE(seen.insert({row.from, row.to}).second)
            << to_string(row.from) << " -> " << to_string(row.to);
        EXPECT_FALSE(row.why.empty());
        reached.insert(row.to);
    }
    EXPECT_EQ(reached.size(), kStates.size());
}

}  // namespace
}  // namespace labrelay::delivery
