#pragma once

#include <Poco/Net/ServerSocket.h>

#include <cstdint>
#include <string>

#include "labrelay/transport/tls.hpp"

namespace labrelay::transport {

/// A socket that listens for HTTP; over TLS where `tls` is there. The handshake is part of the
/// first read on a connection, so that it keeps no other waiting. Throws Poco::Exception, also
/// where another process listens there.
Poco::Net::ServerSocket listen_for_http(const std::string& host, std::uint16_t port,
                                        const TlsContext* tls);

}  // namespace labrelay::transport
