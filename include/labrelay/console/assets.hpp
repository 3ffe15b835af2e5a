#pragma once

#include <span>
#include <string_view>

namespace labrelay::console {

/// One file of the page as it is built into the binary.
struct Asset {
    std::string_view path;  ///< `/index.html`, `/assets/…`
    std::string_view content_type;
    std::string_view bytes;
    std::string_view etag;  ///< digest of the bytes
};

/// Empty where labrelay was built without its page (LABRELAY_CONSOLE=OFF).
std::span<const Asset> assets();

}  // namespace labrelay::console
