#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"

namespace labrelay::api {

/// What the HTTP side asks of the running engine. Called from request threads, concurrently.
class EnginePort {
public:
    virtual ~EnginePort() = default;
    /// True while messages can be stored.
    virtual bool ready() const = 0;
    /// Prometheus text format.
    virtual std::string metrics() const = 0;
    /// Imports a registry file and says what it did, one line; all errors of the file joined by
    /// line feeds.
    virtual Result<std::string> import_subjects(std::string_view csv) = 0;
    virtual Result<std::string> import_specimens(std::string_view csv) = 0;
};

struct HttpSettings {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;  ///< 0: any free port
    std::string token;          ///< bearer token that /api/v1 asks for
};

/// GET /healthz, /readyz, /metrics; POST /api/v1/subjects and /api/v1/specimens (text/csv), the
/// latter two for whoever can read the token file of the data directory. Errors are
/// application/problem+json with the catalogue's code. Binds in the constructor (throws
/// Poco::Exception); stop() waits for running requests.
class HttpServer {
public:
    HttpServer(HttpSettings settings, EnginePort& engine);
    ~HttpServer();

    std::uint16_t port() const;
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Posts a registry file to a running server. The server's line, or its error.
Result<std::string> post_registry_file(const std::string& host, std::uint16_t port,
                                       const std::string& token, const std::string& resource,
                                       const std::string& csv);

}  // namespace labrelay::api
