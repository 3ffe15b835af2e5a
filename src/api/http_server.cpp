#include "labrelay/api/http_server.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>
#include <Poco/ThreadPool.h>
#include <Poco/Timespan.h>
#include <fmt/format.h>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

namespace labrelay::api {
namespace {

using Poco::Net::HTTPRequestHandler;
using Poco::Net::HTTPResponse;
using Poco::Net::HTTPServerRequest;
using Poco::Net::HTTPServerResponse;

constexpr std::size_t kMaxBody = std::size_t{64} << 20U;
constexpr int kThreads = 4;

void send_text(HTTPServerResponse& response, HTTPResponse::HTTPStatus status,
               const std::string& type, const std::string& body) {
    response.setStatusAndReason(status);
    response.setContentType(type);
    response.setContentLength64(static_cast<Poco::Int64>(body.size()));
    response.send() << body;
}

void send_problem(HTTPServerResponse& response, const Error& error) {
    const CatalogueEntry& known = entry(error.code);
    const nlohmann::ordered_json json = {{"type", "about:blank"},
                                         {"title", std::string(known.text)},
                                         {"status", known.http_status},
                                         {"code", std::string(known.key)},
                                         {"detail", error.detail},
                                         {"instance", error.place.text},
                                         {"advice", std::string(known.advice)}};
    send_text(response, static_cast<HTTPResponse::HTTPStatus>(known.http_status),
              "application/problem+json",
              json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

/// Compares in the same time wherever the first difference is.
bool same_secret(std::string_view left, std::string_view right) {
    unsigned difference = left.size() == right.size() ? 0U : 1U;
    for (std::size_t index = 0; index < std::min(left.size(), right.size()); ++index) {
        difference |= static_cast<unsigned>(left[index]) ^ static_cast<unsigned>(right[index]);
    }
    return difference == 0;
}

class Handler final : public HTTPRequestHandler {
public:
    Handler(EnginePort& engine, const std::string& token) : engine_(engine), token_(token) {}

    void handleRequest(HTTPServerRequest& request, HTTPServerResponse& response) override {
        const std::string route = request.getMethod() + " " + request.getURI();
        if (route == "GET /healthz") {
            send_text(response, HTTPResponse::HTTP_OK, "text/plain", "alive\n");
        } else if (route == "GET /readyz") {
            const bool ready = engine_.ready();
            send_text(response,
                      ready ? HTTPResponse::HTTP_OK : HTTPResponse::HTTP_SERVICE_UNAVAILABLE,
                      "text/plain", ready ? "ready\n" : "the store is away\n");
        } else if (route == "GET /metrics") {
            send_text(response, HTTPResponse::HTTP_OK, "text/plain; version=0.0.4",
                      engine_.metrics());
        } else if (route == "POST /api/v1/subjects") {
            import(request, response, &EnginePort::import_subjects);
        } else if (route == "POST /api/v1/specimens") {
            import(request, response, &EnginePort::import_specimens);
        } else {
            send_problem(response, Error{Code::not_found, Place{request.getURI()}, {}});
        }
    }

private:
    using Import = Result<std::string> (EnginePort::*)(std::string_view);

    void import(HTTPServerRequest& request, HTTPServerResponse& response, Import what) {
        if (!same_secret(request.get("Authorization", ""), "Bearer " + token_)) {
            send_text(response, HTTPResponse::HTTP_UNAUTHORIZED, "text/plain",
                      "the token of the data directory is needed\n");
            return;
        }
        if (!request.hasContentLength() ||
            request.getContentLength64() > static_cast<Poco::Int64>(kMaxBody)) {
            send_text(response, HTTPResponse::HTTP_REQUEST_ENTITY_TOO_LARGE, "text/plain",
                      "the file is too large or its length is not given\n");
            return;
        }
        std::string body;
        Poco::StreamCopier::copyToString(request.stream(), body);
        const Result<std::string> done = (engine_.*what)(body);
        if (!done) {
            send_problem(response, done.error());
            return;
        }
        send_text(response, HTTPResponse::HTTP_OK, "text/plain; charset=utf-8", *done + "\n");
    }

    EnginePort& engine_;
    const std::string& token_;
};

class Factory final : public Poco::Net::HTTPRequestHandlerFactory {
public:
    Factory(EnginePort& engine, std::string token) : engine_(engine), token_(std::move(token)) {}

    HTTPRequestHandler* createRequestHandler(const HTTPServerRequest&) override {
        return std::make_unique<Handler>(engine_, token_).release();  // POCO owns it
    }

private:
    EnginePort& engine_;
    std::string token_;
};

}  // namespace

struct HttpServer::Impl {
    Impl(HttpSettings settings, EnginePort& engine)
        : pool(kThreads, kThreads),
          socket(Poco::Net::SocketAddress(settings.host, settings.port)),
          server(new Factory(engine, std::move(settings.token)), pool, socket, parameters()) {
        server.start();
    }

    static Poco::Net::HTTPServerParams::Ptr parameters() {
        Poco::Net::HTTPServerParams::Ptr made = new Poco::Net::HTTPServerParams;
        made->setKeepAlive(false);
        made->setMaxThreads(kThreads);
        made->setTimeout(Poco::Timespan(10, 0));
        return made;
    }

    Poco::ThreadPool pool;
    Poco::Net::ServerSocket socket;
    Poco::Net::HTTPServer server;
};

HttpServer::HttpServer(HttpSettings settings, EnginePort& engine)
    : impl_(std::make_unique<Impl>(std::move(settings), engine)) {}

HttpServer::~HttpServer() {
    stop();
}

std::uint16_t HttpServer::port() const {
    return impl_->socket.address().port();
}

void HttpServer::stop() {
    impl_->server.stopAll(false);
    impl_->pool.joinAll();
}

Result<std::string> post_registry_file(const std::string& host, std::uint16_t port,
                                       const std::string& token, const std::string& resource,
                                       const std::string& csv) {
    try {
        Poco::Net::HTTPClientSession session(host, port);
        session.setTimeout(Poco::Timespan(60, 0));
        Poco::Net::HTTPRequest request("POST", "/api/v1/" + resource, "HTTP/1.1");
        request.set("Authorization", "Bearer " + token);
        request.setContentType("text/csv");
        request.setContentLength64(static_cast<Poco::Int64>(csv.size()));
        session.sendRequest(request) << csv;
        HTTPResponse response;
        std::string body;
        Poco::StreamCopier::copyToString(session.receiveResponse(response), body);
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
        return fail(Code::connection_failed, Place{fmt::format("{}:{}", host, port)},
                    fault.displayText());
    }
}

}  // namespace labrelay::api
