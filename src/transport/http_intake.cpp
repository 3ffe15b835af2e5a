#include "labrelay/transport/http_intake.hpp"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/MediaType.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/Net/X509Certificate.h>
#include <Poco/ThreadPool.h>
#include <Poco/Timespan.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <string_view>

#include "labrelay/hl7/charset.hpp"
#include "labrelay/hl7/header.hpp"
#include "labrelay/transport/http_listener.hpp"
#include "tls_context.hpp"

namespace labrelay::transport {
namespace {

using Poco::Net::HTTPResponse;
using Poco::Net::HTTPServerRequest;
using Poco::Net::HTTPServerResponse;
using std::chrono::steady_clock;

constexpr int kBacklog = 64;
constexpr std::array<std::string_view, 3> kTypes{"application/hl7-v2", "application/hl7-v2+er7",
                                                 "x-application/hl7-v2+er7"};

struct Tally {
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> stored{0};
    std::atomic<std::uint64_t> refused{0};
    std::atomic<std::uint64_t> unavailable{0};
    std::atomic<std::uint64_t> connections_refused{0};
};

struct Surroundings {
    const HttpIntakeSettings& settings;
    MessageSink& sink;
    Tally& tally;
    const std::uint16_t& port;
    LiveTraffic* live;
};

/// Why a request is not taken; nothing of it is stored then.
struct Refusal {
    HTTPResponse::HTTPStatus status;
    std::string why;
};

std::optional<Refusal> check_request(const HTTPServerRequest& request, std::size_t most) {
    const std::string path = request.getURI().substr(0, request.getURI().find('?'));
    if (path != "/hl7") {
        return Refusal{HTTPResponse::HTTP_NOT_FOUND, "messages are posted to /hl7"};
    }
    if (request.getMethod() != "POST") {
        return Refusal{HTTPResponse::HTTP_METHOD_NOT_ALLOWED, "messages are posted"};
    }
    const Poco::Net::MediaType type(request.getContentType());
    const std::string name = Poco::toLower(type.getType() + "/" + type.getSubType());
    if (std::find(kTypes.begin(), kTypes.end(), name) == kTypes.end()) {
        return Refusal{HTTPResponse::HTTP_UNSUPPORTED_MEDIA_TYPE,
                       "the content type is application/hl7-v2 or x-application/hl7-v2+er7"};
    }
    const std::string coding = Poco::toLower(request.get("Content-Encoding", "identity"));
    if (coding != "identity") {
        return Refusal{HTTPResponse::HTTP_UNSUPPORTED_MEDIA_TYPE, "no content coding is taken"};
    }
    if (!request.hasContentLength() && !request.getChunkedTransferEncoding()) {
        return Refusal{HTTPResponse::HTTP_LENGTH_REQUIRED, "the length of the body is not given"};
    }
    if (request.hasContentLength() &&
        request.getContentLength64() > static_cast<Poco::Int64>(most)) {
        return Refusal{HTTPResponse::HTTP_REQUEST_ENTITY_TOO_LARGE, "the message is too large"};
    }
    return std::nullopt;
}

/// The body, read in the pieces that come, so that a peer that sends a byte a second does not hold
/// a thread for longer than the time-out.
tl::expected<std::string, Refusal> read_body(HTTPServerRequest& request,
                                             const HttpIntakeSettings& settings) {
    const auto deadline = steady_clock::now() + settings.read_timeout;
    const Refusal too_late{HTTPResponse::HTTP_REQUEST_TIMEOUT, "the request took too long"};
    std::string body;
    try {
        std::streambuf& stream = *request.stream().rdbuf();
        while (stream.sgetc() != std::char_traits<char>::eof()) {
            std::array<char, std::size_t{16} * 1024> piece{};
            const auto here =
                std::min<std::streamsize>(std::max<std::streamsize>(stream.in_avail(), 1),
                                          static_cast<std::streamsize>(piece.size()));
            const std::streamsize got = stream.sgetn(piece.data(), here);
            body.append(piece.data(), static_cast<std::size_t>(got));
            if (body.size() > settings.max_message_bytes) {
                return tl::unexpected(Refusal{HTTPResponse::HTTP_REQUEST_ENTITY_TOO_LARGE,
                                              "the message is too large"});
            }
            if (steady_clock::now() >= deadline) {
                return tl::unexpected(too_late);
            }
        }
    } catch (const Poco::TimeoutException&) {
        return tl::unexpected(too_late);
    }
    if (request.hasContentLength() &&
        body.size() != static_cast<std::size_t>(request.getContentLength64())) {
        return tl::unexpected(Refusal{HTTPResponse::HTTP_BAD_REQUEST, "the body ended too early"});
    }
    return body;
}

std::optional<Refusal> check_body(const HTTPServerRequest& request, std::string_view body) {
    const auto bad = [](std::string why) {
        return Refusal{HTTPResponse::HTTP_BAD_REQUEST, std::move(why)};
    };
    constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
    std::string_view text = body;
    if (text.starts_with(kUtf8Mark)) {
        text.remove_prefix(kUtf8Mark.size());
    }
    text.remove_prefix(std::min(text.find_first_not_of("\r\n\t "), text.size()));
    constexpr std::array<std::string_view, 3> kBegins{"MSH", "BHS", "FHS"};
    const auto begins = [&](std::string_view id) { return text.starts_with(id); };
    if (std::none_of(kBegins.begin(), kBegins.end(), begins)) {
        return bad("the body begins with none of MSH, BHS, FHS");
    }
    const Poco::Net::MediaType type(request.getContentType());
    const bool ascii = std::none_of(body.begin(), body.end(),
                                    [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    if (!type.hasParameter("charset") || ascii || !text.starts_with("MSH")) {
        return std::nullopt;
    }
    // MSH-18 decides how the message is read, here as on any other way in; a parameter that says
    // something else means that one of them is wrong.
    const std::string declared = type.getParameter("charset");
    const std::string written = hl7::read_header_of_unreadable(text).charset;
    const auto by_type = hl7::charset_from_name(declared);
    const auto by_header = written.empty() ? hl7::Charset::utf_8 : hl7::charset_from_name(written);
    if (!by_type || !by_header || *by_type != *by_header) {
        return bad(fmt::format("the content type's charset {} is not the one of MSH-18", declared));
    }
    return std::nullopt;
}

std::string client_certificate(HTTPServerRequest& request) {
    if (!request.secure()) {
        return {};
    }
    // Only POCO's own server makes these requests.
    Poco::Net::SecureStreamSocket socket(
        static_cast<Poco::Net::HTTPServerRequestImpl&>(request).socket());
    if (!socket.havePeerCertificate()) {
        return {};
    }
    return sha256_of(socket.peerCertificate().certificate());
}

class Handler final : public Poco::Net::HTTPRequestHandler {
public:
    explicit Handler(const Surroundings& around) : around_(around) {}

    void handleRequest(HTTPServerRequest& request, HTTPServerResponse& response) override {
        ++around_.tally.requests;
        if (const auto refusal = check_request(request, around_.settings.max_message_bytes)) {
            refuse(request, response, *refusal);
            return;
        }
        tl::expected<std::string, Refusal> body = read_body(request, around_.settings);
        if (!body) {
            refuse(request, response, body.error());
            return;
        }
        const auto came = steady_clock::now();
        if (const auto refusal = check_body(request, *body)) {
            refuse(request, response, *refusal);
            return;
        }
        const Origin origin{around_.port, request.clientAddress().toString(),
                            client_certificate(request)};
        const MessageSink::Reply reply = around_.sink.receive(*std::move(body), origin);
        answer(request, response, reply);
        if (around_.live != nullptr && !reply.messages.empty()) {
            around_.live->took(reply.source, steady_clock::now() - came);
        }
    }

private:
    void answer(const HTTPServerRequest& request, HTTPServerResponse& response,
                const MessageSink::Reply& reply) {
        std::string body;
        for (const std::string& message : reply.messages) {
            body += message;
        }
        if (reply.not_stored) {
            ++around_.tally.unavailable;
            response.set("Retry-After", "10");
            if (!body.empty()) {  // the source wants an AE or AR then
                send(response, HTTPResponse::HTTP_SERVICE_UNAVAILABLE, answered_type(request),
                     body);
                return;
            }
            send(response, HTTPResponse::HTTP_SERVICE_UNAVAILABLE, "text/plain",
                 "the message was not stored: send it again\n");
            return;
        }
        ++around_.tally.stored;
        if (body.empty()) {
            response.setStatusAndReason(HTTPResponse::HTTP_NO_CONTENT);
            response.setContentLength(0);
            response.send();
            return;
        }
        send(response, HTTPResponse::HTTP_OK, answered_type(request), body);
    }

    /// The request's own, with its charset: the answer is written in the message's.
    static std::string answered_type(const HTTPServerRequest& request) {
        const Poco::Net::MediaType asked(request.getContentType());
        Poco::Net::MediaType type(asked.getType(), asked.getSubType());
        if (asked.hasParameter("charset")) {
            type.setParameter("charset", asked.getParameter("charset"));
        }
        return type.toString();
    }

    void refuse(const HTTPServerRequest& request, HTTPServerResponse& response,
                const Refusal& refusal) {
        ++around_.tally.refused;
        around_.sink.on_connection_event(
            Code::http_refused, request.clientAddress().toString(),
            fmt::format("{}: {}", static_cast<int>(refusal.status), refusal.why));
        if (refusal.status == HTTPResponse::HTTP_METHOD_NOT_ALLOWED) {
            response.set("Allow", "POST");
        }
        send(response, refusal.status, "text/plain", refusal.why + "\n");
    }

    static void send(HTTPServerResponse& response, HTTPResponse::HTTPStatus status,
                     const std::string& type, const std::string& body) {
        response.setStatusAndReason(status);
        response.setContentType(type);
        response.setContentLength64(static_cast<Poco::Int64>(body.size()));
        response.send() << body;
    }

    const Surroundings& around_;
};

class Factory final : public Poco::Net::HTTPRequestHandlerFactory {
public:
    explicit Factory(const Surroundings& around) : around_(around) {}

    Poco::Net::HTTPRequestHandler* createRequestHandler(const HTTPServerRequest&) override {
        return std::make_unique<Handler>(around_).release();  // POCO owns it
    }

private:
    const Surroundings& around_;
};

/// POCO drops a connection that finds no room without a word; here it is counted and logged.
class Limit final : public Poco::Net::TCPServerConnectionFilter {
public:
    explicit Limit(const Surroundings& around) : around_(around) {}

    void watch(const Poco::Net::TCPServer* server) { server_ = server; }

    bool accept(const Poco::Net::StreamSocket& socket) override {
        const Poco::Net::TCPServer* server = server_;
        if (server == nullptr || server->currentConnections() + server->queuedConnections() <
                                     around_.settings.max_connections) {
            return true;
        }
        ++around_.tally.connections_refused;
        around_.sink.on_connection_event(Code::connection_limit, socket.peerAddress().toString(),
                                         "http_intake: max_connections");
        return false;
    }

private:
    const Surroundings& around_;
    std::atomic<const Poco::Net::TCPServer*> server_{nullptr};
};

Poco::Net::HTTPServerParams::Ptr parameters(const HttpIntakeSettings& settings) {
    Poco::Net::HTTPServerParams::Ptr made = new Poco::Net::HTTPServerParams;
    made->setKeepAlive(false);
    made->setMaxThreads(settings.max_connections);
    made->setMaxQueued(settings.max_connections + kBacklog);
    made->setTimeout(Poco::Timespan(
        std::chrono::duration_cast<std::chrono::microseconds>(settings.read_timeout).count()));
    return made;
}

}  // namespace

struct HttpIntake::Impl {
    Impl(HttpIntakeSettings given, MessageSink& sink, LiveTraffic* live)
        : settings(std::move(given)),
          around{settings, sink, tally, port, live},
          pool(1, settings.max_connections),
          socket(listen_for_http(settings.host, settings.port, settings.tls.get())),
          port(socket.address().port()),
          limit(new Limit(around)),
          server(new Factory(around), pool, socket, parameters(settings)) {
        limit->watch(&server);
        server.setConnectionFilter(limit);
        server.start();
    }

    const HttpIntakeSettings settings;
    Tally tally;
    Surroundings around;
    Poco::ThreadPool pool;
    Poco::Net::ServerSocket socket;
    std::uint16_t port;
    Poco::AutoPtr<Limit> limit;
    Poco::Net::HTTPServer server;
    std::once_flag stopped;
};

HttpIntake::HttpIntake(HttpIntakeSettings settings, MessageSink& sink, LiveTraffic* live)
    : impl_(std::make_unique<Impl>(std::move(settings), sink, live)) {}

HttpIntake::~HttpIntake() {
    stop();
}

std::uint16_t HttpIntake::port() const {
    return impl_->port;
}

void HttpIntake::stop() {
    std::call_once(impl_->stopped, [this] {
        impl_->server.stop();
        impl_->socket.close();  // else the kernel would go on accepting for nobody
        impl_->pool.joinAll();
        impl_->limit->watch(nullptr);
    });
}

HttpIntakeCounters HttpIntake::counters() const {
    const Tally& tally = impl_->tally;
    return {tally.requests, tally.stored, tally.refused, tally.unavailable,
            tally.connections_refused};
}

}  // namespace labrelay::transport
