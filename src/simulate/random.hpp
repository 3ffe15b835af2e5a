#pragma once

#include <cstdint>

namespace labrelay::simulate {

/// A small generator (splitmix64) whose numbers are the same on every compiler and machine, which
/// those of the standard distributions are not.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31U);
    }
    /// Both ends included.
    std::int64_t between(std::int64_t low, std::int64_t high) {
        const auto span = static_cast<std::uint64_t>(high - low) + 1U;
        return low + static_cast<std::int64_t>(next() % span);
    }

private:
    std::uint64_t state_;
};

}  // namespace labrelay::simulate
