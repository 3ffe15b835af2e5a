#pragma once

namespace labrelay::crypto {

/// libsodium's one-time start; every entry to it comes through here. Thread-safe, throws
/// std::runtime_error where the machine has no source of randomness.
void start_sodium();

}  // namespace labrelay::crypto
