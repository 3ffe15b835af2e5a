#include "labrelay/delivery/delivery_state.hpp"

namespace labrelay::delivery {

std::string_view to_string(DeliveryState state) {
    switch (state) {
        case DeliveryState::ready:
            return "ready";
        case DeliveryState::sending:
            return "sending";
        case DeliveryState::delivered:
            return "delivered";
        case DeliveryState::retry:
            return "retry";
        case DeliveryState::rejected:
            return "rejected";
        case DeliveryState::unknown:
            return "unknown";
    }
    return "";
}

std::optional<DeliveryState> delivery_state_from(std::string_view text) {
    using enum DeliveryState;
    for (const DeliveryState state : {ready, sending, delivered, retry, rejected, unknown}) {
        if (to_string(state) == text) {
            return state;
        }
    }
    return std::nullopt;
}

}  // namespace labrelay::delivery
