#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"
#include "labrelay/transport/tls.hpp"

namespace labrelay::transport {

/// Posts HL7 messages to one address, for `send` and tests. A connection a message. One thread at a
/// time.
class HttpSender {
public:
    /// `url`: http://host:port/hl7 or https://…, the latter with `tls` or the system's CAs. Error:
    /// usage, tls-bad.
    static Result<HttpSender> to(const std::string& url, std::chrono::milliseconds timeout,
                                 std::shared_ptr<const TlsContext> tls = nullptr);

    /// The acknowledgement; empty where the receiver gives none (204). Errors: connection-failed,
    /// answer-timeout, http-refused (4xx: nothing was stored), answer-unreadable.
    Result<std::string> send(std::string_view message) const;

private:
    HttpSender() = default;

    std::string host_;
    std::uint16_t port_ = 0;
    std::string path_;
    std::chrono::milliseconds timeout_{};
    std::shared_ptr<const TlsContext> tls_;
};

}  // namespace labrelay::transport
