#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"
#include "labrelay/transport/tls.hpp"

namespace labrelay::transport {

/// An MLLP client for `send`, the demo, tests and benchmarks. One thread at a time.
class MllpClient {
public:
    static Result<MllpClient> connect(const std::string& host, std::uint16_t port,
                                      std::chrono::milliseconds timeout,
                                      std::shared_ptr<const TlsContext> tls = nullptr);
    MllpClient(MllpClient&&) noexcept;
    MllpClient& operator=(MllpClient&&) noexcept;
    ~MllpClient();

    /// SHA-256 of the server's certificate; empty without TLS.
    const std::string& server_certificate() const;
    /// Sends one framed message and waits for one frame. Errors: connection-failed, answer-timeout,
    /// answer-unreadable.
    Result<std::string> send(std::string_view message);
    /// The two halves, for pipelined sending.
    Result<void> write(std::string_view message);
    Result<std::string> read_answer();

private:
    struct Impl;
    explicit MllpClient(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace labrelay::transport
