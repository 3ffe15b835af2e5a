#pragma once

#include <string_view>

namespace labrelay::crypto {

/// Whether two secrets are equal, in the same time wherever they first differ. Only their length
/// can be learned from how long it takes.
bool same_secret(std::string_view left, std::string_view right);

}  // namespace labrelay::crypto
