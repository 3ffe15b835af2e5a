#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "labrelay/api/live_source.hpp"
#include "labrelay/api/router.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/transport/tls.hpp"

namespace labrelay::api {

/// What the HTTP side asks of the running engine. Called from request threads, concurrently.
class EnginePort {
public:
    virtual ~EnginePort() = default;
    /// True while messages can be stored.
    virtual bool ready() const = 0;
    /// Prometheus text format.
    virtual std::string metrics() const = 0;
    /// The source's answers and connections on this node; nothing where it takes none in.
    virtual LiveSource live_source(std::string_view /*source*/) const { return {}; }
    /// Other nodes take in messages of the same store too.
    virtual bool shares_store() const { return false; }
    /// Imports a registry file and says what it did, one line; all errors of the file joined by
    /// line feeds.
    virtual Result<std::string> import_subjects(std::string_view csv, const store::Act& act) = 0;
    virtual Result<std::string> import_specimens(std::string_view csv, const store::Act& act) = 0;
    /// Sends a rejected delivery again. Errors: not-found, usage.
    virtual Result<std::string> resend_delivery(std::string_view id, const store::Act& act) = 0;
    /// Freezes, locks or releases a scope, as the JSON asks (app/lock_request.hpp).
    virtual Result<std::string> change_lock(std::string_view json, const store::Act& act) = 0;
    /// Decides post-lock items, as the JSON asks.
    virtual Result<std::string> settle_post_lock(std::string_view json, const store::Act& act) = 0;
    /// Enters what a reconciliation found, as the JSON says.
    virtual Result<std::string> enter_reconciliation(std::string_view json,
                                                     const store::Act& act) = 0;
};

/// What commands on this host ask of a running server: POST subjects, specimens (text/csv),
/// deliveries/resend (an id as text), locks, post-lock, reconciliations (JSON). Each answers one
/// line of text.
void add_command_routes(Router& router, EnginePort& engine);

/// Says who sends a request, by its session; nobody where it has none that is valid. Called from
/// request threads.
class Authenticator {
public:
    virtual ~Authenticator() = default;
    /// Errors: csrf-mismatch, where a session changes something without its token.
    virtual Result<security::Principal> principal(const Request& request,
                                                  std::string_view csrf) = 0;
};

struct HttpSettings {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;  ///< 0: any free port
    std::string token;          ///< bearer token by which commands on this host are known
    std::shared_ptr<const transport::TlsContext> tls;  ///< nothing: plain
    /// Browsers are told to come over TLS only: it ends here, or at a proxy before this process.
    bool tls_only = false;
    /// What a peer may take for a request's header, and for 64 KiB of its body.
    std::chrono::milliseconds patience{15'000};
};

/// GET /healthz, /readyz, /metrics; the router's resources under /api/v1; the page for everything
/// else. A body is read only as far as the route takes one from whoever asks (Route::most_body);
/// what is larger is answered 413 unread, and what comes too slowly is not waited for. Binds in the
/// constructor (throws Poco::Exception); stop() waits for running requests. What it is given
/// outlives it.
class HttpServer {
public:
    HttpServer(const HttpSettings& settings, const Clock& clock, EnginePort& engine,
               const Router& router, Authenticator& authenticator);
    ~HttpServer();

    std::uint16_t port() const;
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// How a command on this host reaches a running server.
struct ServerAddress {
    std::string host;
    std::uint16_t http_port = 0;
    std::string token;
    std::string certificate;  ///< SHA-256 of the server's, lower-case hex; empty: it speaks plain
};

/// Posts a registry file, or what else a resource takes, to a running server. The server's line, or
/// its error. Over TLS it speaks to the very certificate that the address names, whatever name is
/// in it.
Result<std::string> post_to_server(const ServerAddress& server, const std::string& resource,
                                   const std::string& body);

}  // namespace labrelay::api
