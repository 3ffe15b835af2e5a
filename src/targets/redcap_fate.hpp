#pragma once

#include <cstdint>
#include <string>

#include "labrelay/delivery/target.hpp"
#include "labrelay/targets/redcap_plan.hpp"

namespace labrelay::targets {

/// What became of one part of an import.
struct RedcapFate {
    enum class Kind : std::uint8_t { written, refused, not_sent, stopped, unknown };
    Kind kind = Kind::not_sent;
    std::string why;
};

/// Compares what was being sent of one delivery, and what had been written before, with what
/// stands at the project. Pure.
delivery::ReadBack compare_with_sent(const delivery::Delivery& delivery,
                                     const RedcapRecords& there);

}  // namespace labrelay::targets
