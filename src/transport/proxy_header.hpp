#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"
#include "socket_io.hpp"

namespace labrelay::transport {

/// The header with which a proxy names the peer it speaks for: the PROXY protocol of HAProxy,
/// version 1 (a line) and 2 (binary).
struct ProxyHeader {
    /// `address:port`, `[address]:port`; nothing where the proxy speaks for itself (a health
    /// check) or does not know.
    std::optional<std::string> source;
};

/// Both versions begin with as many bytes at least.
inline constexpr std::size_t kProxySignature = 12;
inline constexpr std::size_t kProxyFixedPart = 16;  ///< of version 2

bool is_proxy_v2(std::string_view signature);
/// How many bytes follow the fixed part.
std::size_t proxy_v2_rest(std::string_view fixed_part);
/// The whole header. Error: connection-failed, saying what is wrong with it.
Result<ProxyHeader> parse_proxy_v2(std::string_view header);
/// The line without its CR LF.
Result<ProxyHeader> parse_proxy_v1(std::string_view line);

/// Reads a header from a connection, and not one byte more. Nothing where the peer went away before
/// it sent any, as a check of the port does.
Result<std::optional<ProxyHeader>> read_proxy_header(int socket, int stop_signal,
                                                     SteadyTime deadline);

}  // namespace labrelay::transport
