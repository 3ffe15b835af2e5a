#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/transport/tls.hpp"
#include "socket_io.hpp"

namespace labrelay::transport {

/// The two directions of one connection, plain or over TLS. Borrows its socket, which its owner
/// closes afterwards. One thread.
class ByteStream {
public:
    virtual ~ByteStream() = default;

    /// Waits until there may be something to read, see wait_readable().
    virtual SocketEvent wait(int stop_signal, SteadyTime deadline) = 0;
    /// Reads what is there without waiting; `timed_out`: nothing is there.
    virtual ReadOutcome read(std::span<char> buffer) = 0;
    /// Writes all of it before the deadline.
    virtual SocketEvent write(std::string_view bytes, SteadyTime deadline) = 0;
    /// Says that nothing more is written; the peer's bytes still come.
    virtual void end_writing() = 0;
};

std::unique_ptr<ByteStream> plain_stream(int socket);

/// A TLS connection whose handshake is done.
struct SecureStream {
    std::unique_ptr<ByteStream> stream;
    std::string peer_certificate;  ///< SHA-256, lower-case hex; empty: none was asked for
    std::string peer_subject;      ///< of that certificate, as RFC 2253 writes it
    std::optional<Instant> peer_expires;
};

/// The handshake, as server. Errors: handshake-failed, handshake-timeout (also where
/// `stop_signal` was raised).
Result<SecureStream> accept_tls(const TlsContext& context, int socket, int stop_signal,
                                SteadyTime deadline);
/// The handshake, as client of a server whose certificate is for `host`.
Result<SecureStream> connect_tls(const TlsContext& context, int socket, const std::string& host,
                                 int stop_signal, SteadyTime deadline);

}  // namespace labrelay::transport
