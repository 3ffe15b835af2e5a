#pragma once

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>

#include <cstdint>

namespace labrelay::test {

/// A port of the loopback where every connection is refused, as long as this lives: it is taken, so
/// that nobody else's server can come to stand there, and nobody listens.
class RefusingPort {
public:
    RefusingPort() { socket_.bind(Poco::Net::SocketAddress("127.0.0.1", 0)); }
    std::uint16_t port() const { return socket_.address().port(); }

private:
    Poco::Net::ServerSocket socket_;
};

}  // namespace labrelay::test
