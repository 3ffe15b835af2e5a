#include "labrelay/targets/http_exchange.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/URI.h>
#include <fmt/format.h>

#include <array>
#include <istream>

namespace labrelay::targets {
namespace {

using Poco::Net::HTTPClientSession;
using std::chrono::steady_clock;

Poco::Timespan span_of(std::chrono::milliseconds time) {
    return Poco::Timespan(std::chrono::microseconds(time).count());
}

HttpAnswer failed(HttpAnswer::Kind kind, std::string why) {
    HttpAnswer answer;
    answer.kind = kind;
    answer.why = std::move(why);
    return answer;
}

/// POCO's texts may name addresses, never what was sent.
std::string words_of(const Poco::Exception& fault) {
    return fault.message().empty() ? std::string(fault.name()) : fault.displayText();
}

bool read_body(std::istream& stream, const HttpSettings& settings, std::string& body) {
    const auto deadline = steady_clock::now() + settings.answer_timeout;
    std::array<char, 16 * 1024> part{};
    for (;;) {
        stream.read(part.data(), part.size());
        body.append(part.data(), static_cast<std::size_t>(stream.gcount()));
        // The stream keeps a time-out or a broken connection to itself.
        if (stream.bad()) {
            return false;
        }
        if (stream.eof() || stream.gcount() == 0) {
            return true;
        }
        if (body.size() > settings.largest_answer || steady_clock::now() > deadline) {
            return false;
        }
    }
}

/// A session does not pass its time-out on to a socket that was connected before.
void limit_waiting(Poco::Net::StreamSocket& socket, const HttpSettings& settings) {
    socket.setSendTimeout(span_of(settings.answer_timeout));
    socket.setReceiveTimeout(span_of(settings.answer_timeout));
}

HttpAnswer converse(HTTPClientSession& session, const Poco::URI& url, const HttpRequest& request,
                    const HttpSettings& settings) {
    Poco::Net::HTTPRequest head(request.method,
                                request.path.empty() ? url.getPathAndQuery() : request.path,
                                Poco::Net::HTTPMessage::HTTP_1_1);
    head.setHost(url.getHost(), url.getPort());
    head.set("Accept-Encoding", "identity");
    head.set("Connection", "close");
    for (const auto& [name, value] : request.headers) {
        head.set(name, value);
    }
    if (!request.content_type.empty()) {
        head.setContentType(request.content_type);
    }
    head.setContentLength(static_cast<std::streamsize>(request.body.size()));
    session.sendRequest(head) << request.body << std::flush;
    Poco::Net::HTTPResponse response;
    std::istream& stream = session.receiveResponse(response);
    HttpAnswer answer;
    if (!read_body(stream, settings, answer.body)) {
        return failed(HttpAnswer::Kind::lost, "the answer broke off, or is too large or too slow");
    }
    const auto length = response.getContentLength64();
    if (length >= 0 && static_cast<std::size_t>(length) != answer.body.size()) {
        return failed(HttpAnswer::Kind::lost, "the answer is cut short");
    }
    answer.kind = HttpAnswer::Kind::answered;
    answer.status = static_cast<int>(response.getStatus());
    answer.content_type = response.getContentType();
    answer.location = response.get("Location", "");
    return answer;
}

}  // namespace

struct HttpExchange::Tls {
    explicit Tls(const HttpSettings& settings)
        : context(new Poco::Net::Context(Poco::Net::Context::CLIENT_USE, "", "",
                                         settings.ca.string(), Poco::Net::Context::VERIFY_RELAXED,
                                         9, settings.ca.empty())) {
        context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
        context->enableExtendedCertificateVerification(true);
    }
    Poco::Net::Context::Ptr context;
};

HttpExchange::HttpExchange(HttpSettings settings) : settings_(std::move(settings)) {}
HttpExchange::~HttpExchange() = default;
HttpExchange::HttpExchange(HttpExchange&&) noexcept = default;

HttpAnswer HttpExchange::send(const HttpRequest& request) {
    std::unique_ptr<HTTPClientSession> session;
    Poco::URI url;
    // Connecting apart from sending: until here nothing can have been done.
    try {
        url = Poco::URI(settings_.url);
        const Poco::Net::SocketAddress address(url.getHost(), url.getPort());
        if (url.getScheme() == "https") {
            if (!tls_) {
                tls_ = std::make_unique<Tls>(settings_);
            }
            Poco::Net::SecureStreamSocket socket(tls_->context);
            socket.setPeerHostName(url.getHost());
            socket.connect(address, span_of(settings_.connect_timeout));
            limit_waiting(socket, settings_);
            // POCO's own session for https refuses a socket that is connected already.
            session = std::make_unique<HTTPClientSession>(socket);
        } else {
            Poco::Net::StreamSocket socket;
            socket.connect(address, span_of(settings_.connect_timeout));
            limit_waiting(socket, settings_);
            session = std::make_unique<HTTPClientSession>(socket);
        }
    } catch (const Poco::Exception& fault) {
        return failed(HttpAnswer::Kind::not_sent, words_of(fault));
    }
    try {
        return converse(*session, url, request, settings_);
    } catch (const Poco::TimeoutException&) {
        return failed(HttpAnswer::Kind::lost, "no answer in time");
    } catch (const Poco::Exception& fault) {
        return failed(HttpAnswer::Kind::lost, words_of(fault));
    }
}

}  // namespace labrelay::targets
