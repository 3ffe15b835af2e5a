#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "labrelay/hl7/message.hpp"

namespace labrelay::pipeline {

/// SHA-256 of a message's text without MSH-7, MSH-8 and MSH-13: what a sender changes when it sends
/// the same message again.
std::array<std::uint8_t, 32> sameness_of(const hl7::Message& message);
/// Of bytes that are no message: all of them.
std::array<std::uint8_t, 32> sameness_of(std::string_view bytes);

}  // namespace labrelay::pipeline
