#include "labrelay/api/http_server.hpp"

#include <Poco/DigestEngine.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPServerConnection.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/NetSSL.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/Net/TCPServerConnectionFactory.h>
#include <Poco/Net/X509Certificate.h>
#include <Poco/StreamCopier.h>
#include <Poco/ThreadPool.h>
#include <Poco/Timespan.h>
#include <Poco/URI.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <istream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "connection_watch.hpp"
#include "labrelay/console/assets.hpp"
#include "labrelay/crypto/same_secret.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/transport/http_listener.hpp"

namespace labrelay::api {
namespace {

using Poco::Net::HTTPRequestHandler;
using Poco::Net::HTTPResponse;
using Poco::Net::HTTPServerRequest;
using Poco::Net::HTTPServerResponse;

constexpr int kThreads = 16;
/// Between two requests of a connection.
constexpr std::chrono::seconds kKeepAlive{5};
constexpr std::chrono::seconds kOneRead{10};
/// An answer that the peer does not read.
constexpr std::chrono::seconds kOneWrite{30};
/// What is still under way when a body is refused.
constexpr std::chrono::milliseconds kLinger{500};

constexpr std::string_view kApi = "/api/v1";

Poco::Timespan timespan(std::chrono::microseconds time) {
    return Poco::Timespan(time.count());
}

/// What every answer says to the browser: nothing from elsewhere, no framing, no guessing of types,
/// and nothing kept of what names a patient.
constexpr std::pair<const char*, const char*> kSafety[] = {
    {"Content-Security-Policy",
     "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
     "form-action 'self'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), microphone=(), geolocation=()"},
};

/// A year: browsers come over TLS from the first visit on.
constexpr const char* kTlsOnly = "max-age=31536000";

void send(HTTPServerResponse& response, const Response& made, bool tls_only) {
    response.setStatusAndReason(static_cast<HTTPResponse::HTTPStatus>(made.status));
    response.setContentType(made.content_type);
    for (const auto& [name, value] : kSafety) {
        response.set(name, value);
    }
    response.set("Cache-Control", "no-store");
    if (tls_only) {
        response.set("Strict-Transport-Security", kTlsOnly);
    }
    if (!made.etag.empty()) {
        response.set("ETag", '"' + made.etag + '"');
    }
    for (const auto& [name, value] : made.headers) {
        response.add(name, value);
    }
    if (made.stream) {
        response.setChunkedTransferEncoding(true);
        made.stream(response.send());
        return;
    }
    response.setContentLength64(static_cast<Poco::Int64>(made.body.size()));
    (response.send() << made.body).flush();
}

Response text(int status, std::string body, std::string type = "text/plain; charset=utf-8") {
    Response made;
    made.status = status;
    made.content_type = std::move(type);
    made.body = std::move(body);
    return made;
}

std::string without_quotes(std::string text) {
    if (text.starts_with("W/")) {
        text.erase(0, 2);
    }
    std::erase(text, '"');
    return text;
}

struct Services {
    const Clock& clock;
    EnginePort& engine;
    const Router& router;
    Authenticator& authenticator;
    std::string token;
    bool tls_only;
    std::chrono::milliseconds patience;
};

/// The same pace for every 64 KiB.
std::chrono::milliseconds time_for(std::size_t body, std::chrono::milliseconds patience) {
    return patience * (1 + static_cast<std::int64_t>(body / kSmallBody));
}

/// The time that a request's header has. POCO takes the end of the stream for the end of the
/// header: one that was cut off would be served as if it were whole. Of the connection's thread
/// only.
class HeaderTime {
public:
    explicit HeaderTime(ConnectionWatch::Connection& connection) : connection_(connection) {}

    void begin(std::chrono::milliseconds time) {
        // Before the watch counts: where it has cut, this is over too.
        until_ = std::chrono::steady_clock::now() + time;
        connection_.expect_within(time);
    }
    /// False: the header may have been cut.
    bool end() {
        connection_.expect_nothing();
        return std::chrono::steady_clock::now() < until_;
    }

private:
    ConnectionWatch::Connection& connection_;
    std::chrono::steady_clock::time_point until_;
};

class Handler final : public HTTPRequestHandler {
public:
    Handler(const Services& services, ConnectionWatch::Connection& connection,
            HeaderTime& header_time, bool header_whole)
        : services_(services),
          connection_(connection),
          header_time_(header_time),
          header_whole_(header_whole) {}
    // The connection waits for its next request.
    ~Handler() override { header_time_.begin(kKeepAlive + services_.patience); }
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;

    void handleRequest(HTTPServerRequest& request, HTTPServerResponse& response) override {
        try {
            const Response made = header_whole_ ? answer_to(request) : header_late();
            // What was not read would be taken for the connection's next request.
            const bool unread =
                !body_read_ && (request.hasContentLength() || request.getChunkedTransferEncoding());
            if (unread || !header_whole_) {
                response.setKeepAlive(false);
            }
            send(response, made, services_.tls_only);
            if (unread) {
                let_run_out(request);
            }
        } catch (const pipeline::StoreFault& fault) {
            fail_with(response, Error{Code::store_io, {}, {}}, fault.what());
        } catch (const Poco::Net::NetException&) {
            // The peer went away; nobody is there to be told.
        } catch (const std::exception& fault) {
            fail_with(response, Error{Code::internal_fault, {}, {}}, fault.what());
        }
    }

private:
    /// A connection that is closed while bytes come in is reset, and the answer may be lost with
    /// it: what is under way is thrown away for a moment.
    void let_run_out(HTTPServerRequest& request) {
        const auto end = std::chrono::steady_clock::now() + kLinger;
        connection_.expect_within(kLinger);
        std::array<char, std::size_t{16} * 1024> thrown_away{};
        while (std::chrono::steady_clock::now() < end &&
               request.stream().read(thrown_away.data(), thrown_away.size())) {
        }
    }

    void fail_with(HTTPServerResponse& response, const Error& error, const char* why) const {
        spdlog::error("a request failed: {}", why);
        if (!response.sent()) {
            send(response, problem(error), services_.tls_only);
        }
    }

    static Response header_late() {
        return problem(Error{Code::body_bad, {}, "its header did not come in time"},
                       HTTPResponse::HTTP_REQUEST_TIMEOUT);
    }

    Response answer_to(HTTPServerRequest& request) {
        const Poco::URI uri(request.getURI());
        const std::string& path = uri.getPath();
        const bool gets = request.getMethod() == "GET" || request.getMethod() == "HEAD";
        if (gets && path == "/healthz") {
            return text(200, "alive\n");
        }
        if (gets && path == "/readyz") {
            const bool ready = services_.engine.ready();
            return text(ready ? 200 : 503, ready ? "ready\n" : "the store is away\n");
        }
        if (gets && path == "/metrics") {
            return text(200, services_.engine.metrics(), "text/plain; version=0.0.4");
        }
        if (path.starts_with(kApi) && (path.size() == kApi.size() || path[kApi.size()] == '/')) {
            return of_api(request, uri);
        }
        return gets ? of_page(request, path) : problem(Error{Code::not_found, {}, {}});
    }

    Response of_api(HTTPServerRequest& request, const Poco::URI& uri) {
        const auto method = method_from(request.getMethod());
        if (!method) {
            return problem(Error{Code::method_not_allowed, {}, {}});
        }
        Request read;
        read.method = *method;
        read.path = uri.getPath().substr(kApi.size());
        for (const auto& [name, value] : uri.getQueryParameters()) {
            read.query.emplace(name, value);
        }
        read.content_type = request.getContentType();
        read.if_match = without_quotes(request.get("If-Match", ""));
        read.cookie = request.get("Cookie", "");
        read.host = request.get("Host", "");
        read.origin = request.get("Origin", "");
        read.fetch_site = request.get("Sec-Fetch-Site", "");
        read.peer = request.clientAddress().host().toString();
        read.secure = request.secure();
        read.at = services_.clock.now();
        if (crypto::same_secret(request.get("Authorization", ""), "Bearer " + services_.token)) {
            read.who.command = true;
            read.who.name = "command";
        } else {
            Result<security::Principal> who =
                services_.authenticator.principal(read, request.get("X-CSRF-Token", ""));
            if (!who) {
                return problem(who.error());
            }
            read.who = std::move(*who);
        }
        if (std::optional<Response> refused = read_body(request, read)) {
            return std::move(*refused);
        }
        return services_.router.serve(std::move(read));
    }

    /// An answer: the body was not taken.
    std::optional<Response> read_body(HTTPServerRequest& request, Request& read) {
        if (request.getChunkedTransferEncoding()) {
            return problem(Error{Code::body_bad, {}, "its length is not given"},
                           HTTPResponse::HTTP_LENGTH_REQUIRED);
        }
        if (!request.hasContentLength()) {
            return std::nullopt;
        }
        const std::size_t most = services_.router.most_body(read);
        const Poco::Int64 size = request.getContentLength64();
        if (size < 0 || static_cast<std::uint64_t>(size) > most) {
            return problem(Error{Code::body_bad, {}, fmt::format("at most {} bytes", most)},
                           HTTPResponse::HTTP_REQUEST_ENTITY_TOO_LARGE);
        }
        const auto whole = static_cast<std::size_t>(size);
        connection_.expect_within(time_for(whole, services_.patience));
        Poco::StreamCopier::copyToString(request.stream(), read.body);
        connection_.expect_nothing();
        if (read.body.size() != whole) {
            return problem(Error{Code::body_bad, {}, "it did not come whole, or not in time"},
                           HTTPResponse::HTTP_REQUEST_TIMEOUT);
        }
        body_read_ = true;
        return std::nullopt;
    }

    /// A file of the page, or the page itself: its router reads the address.
    static Response of_page(const HTTPServerRequest& request, const std::string& path) {
        const std::span<const console::Asset> assets = console::assets();
        const auto find = [&](std::string_view wanted) {
            return std::ranges::find_if(
                assets, [&](const console::Asset& asset) { return asset.path == wanted; });
        };
        auto found = find(path);
        if (found == assets.end() && !path.starts_with("/assets/")) {
            found = find("/index.html");
        }
        if (found == assets.end()) {
            return problem(Error{Code::not_found, {}, {}});
        }
        Response made = text(200, {}, std::string(found->content_type));
        made.etag = found->etag;
        made.headers.emplace_back("Cache-Control", "no-cache");
        if (without_quotes(request.get("If-None-Match", "")) == found->etag) {
            made.status = 304;
            return made;
        }
        made.body = found->bytes;
        return made;
    }

    const Services& services_;
    ConnectionWatch::Connection& connection_;
    HeaderTime& header_time_;
    const bool header_whole_;
    bool body_read_ = false;
};

/// Of one connection, made right before it runs.
class HandlerFactory final : public Poco::Net::HTTPRequestHandlerFactory {
public:
    HandlerFactory(const Services& services, ConnectionWatch::Connection& connection)
        : services_(services), connection_(connection), header_time_(connection) {
        header_time_.begin(services.patience);
    }

    /// Called when a request's header has been read.
    HTTPRequestHandler* createRequestHandler(const HTTPServerRequest&) override {
        const bool whole = header_time_.end();
        return std::make_unique<Handler>(services_, connection_, header_time_, whole)
            .release();  // POCO owns it
    }

private:
    const Services& services_;
    ConnectionWatch::Connection& connection_;
    HeaderTime header_time_;
};

class Connection final : public Poco::Net::HTTPServerConnection {
public:
    Connection(const Poco::Net::StreamSocket& socket, const Poco::Net::HTTPServerParams::Ptr& how,
               const Services& services, std::unique_ptr<ConnectionWatch::Connection> watched)
        : HTTPServerConnection(socket, how, new HandlerFactory(services, *watched)),
          watched_(std::move(watched)) {}

    void run() override {
        this->socket().setSendTimeout(timespan(kOneWrite));
        HTTPServerConnection::run();
    }

private:
    const std::unique_ptr<ConnectionWatch::Connection> watched_;
};

class ConnectionFactory final : public Poco::Net::TCPServerConnectionFactory {
public:
    ConnectionFactory(const Services& services, ConnectionWatch& watch,
                      Poco::Net::HTTPServerParams::Ptr how)
        : services_(services), watch_(watch), how_(std::move(how)) {}

    Poco::Net::TCPServerConnection* createConnection(
        const Poco::Net::StreamSocket& socket) override {
        auto watched =
            std::make_unique<ConnectionWatch::Connection>(watch_, socket.impl()->sockfd());
        return std::make_unique<Connection>(socket, how_, services_, std::move(watched)).release();
    }

private:
    const Services& services_;
    ConnectionWatch& watch_;
    const Poco::Net::HTTPServerParams::Ptr how_;
};

}  // namespace

struct HttpServer::Impl {
    Impl(const HttpSettings& settings, Services given)
        : services(std::move(given)),
          tls(settings.tls),
          pool(kThreads, kThreads),
          socket(transport::listen_for_http(settings.host, settings.port, tls.get())),
          server(new ConnectionFactory(services, watch, parameters()), pool, socket, parameters()) {
        server.start();
    }

    static Poco::Net::HTTPServerParams::Ptr parameters() {
        Poco::Net::HTTPServerParams::Ptr made = new Poco::Net::HTTPServerParams;
        made->setKeepAlive(true);
        made->setKeepAliveTimeout(timespan(kKeepAlive));
        made->setMaxThreads(kThreads);
        made->setTimeout(timespan(kOneRead));
        return made;
    }

    Services services;
    std::shared_ptr<const transport::TlsContext> tls;
    ConnectionWatch watch;
    Poco::ThreadPool pool;
    Poco::Net::ServerSocket socket;
    Poco::Net::TCPServer server;
};

HttpServer::HttpServer(const HttpSettings& settings, const Clock& clock, EnginePort& engine,
                       const Router& router, Authenticator& authenticator)
    : impl_(std::make_unique<Impl>(
          settings, Services{clock, engine, router, authenticator, settings.token,
                             settings.tls_only || settings.tls, settings.patience})) {}

HttpServer::~HttpServer() {
    stop();
}

std::uint16_t HttpServer::port() const {
    return impl_->socket.address().port();
}

void HttpServer::stop() {
    impl_->server.stop();
    impl_->watch.stop();
    impl_->pool.joinAll();
}

namespace {

/// Sends nothing before the peer has shown the certificate that the server wrote beside its token:
/// whatever else listens there is not told it.
std::unique_ptr<Poco::Net::HTTPClientSession> session_with(const ServerAddress& server) {
    if (server.certificate.empty()) {
        return std::make_unique<Poco::Net::HTTPClientSession>(server.host, server.http_port);
    }
    static std::once_flag initialised;
    std::call_once(initialised, [] { Poco::Net::initializeSSL(); });
    const Poco::Net::Context::Ptr context = new Poco::Net::Context(
        Poco::Net::Context::TLS_CLIENT_USE, "", Poco::Net::Context::VERIFY_NONE);
    Poco::Net::SecureStreamSocket socket(context);
    socket.connect(Poco::Net::SocketAddress(server.host, server.http_port), timespan(kOneRead));
    socket.completeHandshake();
    const auto shown =
        Poco::DigestEngine::digestToHex(socket.peerCertificate().fingerprint("SHA256"));
    if (shown != server.certificate) {
        throw Poco::Net::SSLException("another server answers there", shown);
    }
    // Of an HTTPSClientSession POCO would set the port, which a connected session refuses.
    return std::make_unique<Poco::Net::HTTPClientSession>(socket);
}

}  // namespace

Result<std::string> post_to_server(const ServerAddress& server, const std::string& resource,
                                   const std::string& posted) {
    try {
        const auto session = session_with(server);
        session->setTimeout(Poco::Timespan(60, 0));
        Poco::Net::HTTPRequest request("POST", "/api/v1/" + resource, "HTTP/1.1");
        request.setHost(server.host, server.http_port);
        request.set("Authorization", "Bearer " + server.token);
        request.setContentLength64(static_cast<Poco::Int64>(posted.size()));
        session->sendRequest(request) << posted;
        HTTPResponse response;
        std::string body;
        Poco::StreamCopier::copyToString(session->receiveResponse(response), body);
        if (response.getStatus() == HTTPResponse::HTTP_OK) {
            return body;
        }
        const nlohmann::json problem = nlohmann::json::parse(body, nullptr, false);
        if (problem.is_object()) {
            const std::optional<Code> code = code_from_key(problem.value("code", ""));
            return fail(code.value_or(Code::usage), Place{problem.value("instance", "")},
                        problem.value("detail", ""));
        }
        return fail(Code::connection_failed, {}, body);
    } catch (const Poco::Exception& fault) {
        return fail(Code::connection_failed,
                    Place{fmt::format("{}:{}", server.host, server.http_port)},
                    fault.displayText());
    }
}

}  // namespace labrelay::api
