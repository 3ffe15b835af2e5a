#include "labrelay/transport/http_listener.hpp"

#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/SocketAddress.h>

#include "tls_context.hpp"

namespace labrelay::transport {
namespace {

constexpr int kBacklog = 64;

}  // namespace

Poco::Net::ServerSocket listen_for_http(const std::string& host, std::uint16_t port,
                                        const TlsContext* tls) {
    Poco::Net::ServerSocket socket;
    if (tls != nullptr) {
        // What accepts is the implementation, which both kinds of socket only hold.
        const Poco::Net::SecureServerSocket secure(tls->impl().poco);
        socket = static_cast<const Poco::Net::Socket&>(secure);
    }
    // Without SO_REUSEPORT: a second engine on the same port would silently get half of the
    // connections.
    socket.bind(Poco::Net::SocketAddress(host, port), true, false);
    socket.listen(kBacklog);
    return socket;
}

}  // namespace labrelay::transport
