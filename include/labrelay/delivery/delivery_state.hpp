#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace labrelay::delivery {

/// Where one delivery to one target stands. The picture: src/delivery/delivery_state.md.
enum class DeliveryState : std::uint8_t { ready, sending, delivered, retry, rejected, unknown };

std::string_view to_string(DeliveryState state);
std::optional<DeliveryState> delivery_state_from(std::string_view text);

struct DeliveryTransition {
    DeliveryState from;
    DeliveryState to;
    std::string_view why;
};

inline constexpr std::array kDeliveryTransitions{
    DeliveryTransition{DeliveryState::ready, DeliveryState::sending,
                       "taken, by a target where a repeat can do harm"},
    DeliveryTransition{DeliveryState::ready, DeliveryState::delivered,
                       "written, by a target where a repeat changes nothing"},
    DeliveryTransition{DeliveryState::ready, DeliveryState::retry, "the target is away"},
    DeliveryTransition{DeliveryState::ready, DeliveryState::rejected,
                       "the target refuses the data"},
    DeliveryTransition{DeliveryState::sending, DeliveryState::delivered, "the target confirmed"},
    DeliveryTransition{DeliveryState::sending, DeliveryState::retry,
                       "failed before anything was sent"},
    DeliveryTransition{DeliveryState::sending, DeliveryState::rejected,
                       "the target refuses the data"},
    DeliveryTransition{DeliveryState::sending, DeliveryState::unknown, "sent, the answer was lost"},
    DeliveryTransition{DeliveryState::unknown, DeliveryState::delivered, "read back and found"},
    DeliveryTransition{DeliveryState::unknown, DeliveryState::ready, "read back and not found"},
    DeliveryTransition{DeliveryState::unknown, DeliveryState::rejected,
                       "read back, and something else stands there"},
    DeliveryTransition{DeliveryState::retry, DeliveryState::sending, "due again"},
    DeliveryTransition{DeliveryState::retry, DeliveryState::delivered, "due again, and written"},
    DeliveryTransition{DeliveryState::retry, DeliveryState::retry, "due again, still away"},
    DeliveryTransition{DeliveryState::retry, DeliveryState::rejected, "due again, and refused"},
    DeliveryTransition{DeliveryState::rejected, DeliveryState::ready,
                       "sent again by a person after a repair"},
};

constexpr bool allowed(DeliveryState from, DeliveryState to) {
    return std::any_of(
        kDeliveryTransitions.begin(), kDeliveryTransitions.end(),
        [&](const DeliveryTransition& row) { return row.from == from && row.to == to; });
}

static_assert(!allowed(DeliveryState::delivered, DeliveryState::ready),
              "what was delivered is corrected by a new delivery");
static_assert(!allowed(DeliveryState::unknown, DeliveryState::retry),
              "a lost answer is settled by reading back, not by sending again");

}  // namespace labrelay::delivery
