#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "labrelay/delivery/outbox.hpp"
#include "labrelay/study/state.hpp"

namespace labrelay::store {

/// The states as the store writes them, read back.
inline std::optional<study::MessageState> message_state_from(std::string_view text) {
    using enum study::MessageState;
    for (const auto state : {received, processed, held, duplicate, refused, quarantined})
        if (study::to_string(state) == text) return state;
    return std::nullopt;
}

}  // namespace labrelay::store
