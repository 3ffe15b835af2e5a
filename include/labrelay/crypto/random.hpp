#pragma once

#include <cstddef>
#include <string>

namespace labrelay::crypto {

/// `bytes` unpredictable bytes in lower-case hexadecimal: for tokens.
std::string random_hex(std::size_t bytes);

}  // namespace labrelay::crypto
