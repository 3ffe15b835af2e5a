#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "labrelay/core/result.hpp"

namespace labrelay::transport {

/// PEM files. A server needs certificate and key; a client needs them where it is asked for them.
struct TlsFiles {
    std::filesystem::path certificate;  ///< with the certificates between it and its CA
    std::filesystem::path key;
    std::filesystem::path ca;  ///< whom we believe; a client without it believes the system's CAs
};

enum class ClientCertificate : std::uint8_t { ignored, required };

/// What TLS connections of one listener or client share: TLS 1.2 and 1.3, no renegotiation, no
/// sessions to resume, so that every connection's certificate was verified in it. Immutable,
/// shared by threads.
class TlsContext {
public:
    /// Error: tls-bad, with the file that is wrong.
    static Result<std::shared_ptr<const TlsContext>> for_server(const TlsFiles& files,
                                                                ClientCertificate client);
    static Result<std::shared_ptr<const TlsContext>> for_client(const TlsFiles& files);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    /// SHA-256 of our own certificate, lower-case hex; empty: there is none.
    std::string certificate() const;

    struct Impl;
    const Impl& impl() const { return *impl_; }

private:
    explicit TlsContext(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace labrelay::transport
