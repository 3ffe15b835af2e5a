#pragma once

#include <string_view>

namespace labrelay {

/// Whether a host, as a setting or a URL names it, is this machine itself: what is said to it
/// travels over no network, so it may be said in the clear.
inline bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace labrelay
