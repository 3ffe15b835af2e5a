#include "labrelay/transport/http_sender.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/StreamCopier.h>
#include <Poco/Timespan.h>
#include <Poco/URI.h>
#include <fmt/format.h>

#include <istream>
#include <ostream>

#include "tls_context.hpp"

namespace labrelay::transport {

Result<HttpSender> HttpSender::to(const std::string& url, std::chrono::milliseconds timeout,
                                  std::shared_ptr<const TlsContext> tls) {
    HttpSender sender;
    std::string scheme;
    try {
        const Poco::URI uri(url);
        scheme = uri.getScheme();
        sender.host_ = uri.getHost();
        sender.port_ = uri.getPort();
        sender.path_ = uri.getPathEtc().empty() ? "/hl7" : uri.getPathEtc();
    } catch (const Poco::Exception& fault) {
        return fail(Code::usage, Place{url}, fault.displayText());
    }
    if ((scheme != "http" && scheme != "https") || sender.host_.empty()) {
        return fail(Code::usage, Place{url}, "write http://HOST:PORT/hl7 or https://HOST:PORT/hl7");
    }
    sender.timeout_ = timeout;
    if (scheme == "https") {
        sender.tls_ = std::move(tls);
        if (!sender.tls_) {
            Result<std::shared_ptr<const TlsContext>> made = TlsContext::for_client({});
            if (!made) {
                return tl::unexpected(made.error());
            }
            sender.tls_ = *made;
        }
    }
    return sender;
}

Result<std::string> HttpSender::send(std::string_view message) const {
    using Poco::Net::HTTPResponse;
    const Place place{fmt::format("{}:{}{}", host_, port_, path_)};
    std::unique_ptr<Poco::Net::HTTPClientSession> session;
    if (tls_) {
        session = std::make_unique<Poco::Net::HTTPSClientSession>(host_, port_, tls_->impl().poco);
    } else {
        session = std::make_unique<Poco::Net::HTTPClientSession>(host_, port_);
    }
    try {
        session->setTimeout(Poco::Timespan(
            std::chrono::duration_cast<std::chrono::microseconds>(timeout_).count()));
        Poco::Net::HTTPRequest request("POST", path_, "HTTP/1.1");
        request.setContentType("application/hl7-v2");
        request.set("Accept", "application/hl7-v2");
        request.setContentLength64(static_cast<Poco::Int64>(message.size()));
        session->sendRequest(request).write(message.data(),
                                            static_cast<std::streamsize>(message.size()));
        HTTPResponse response;
        std::string body;
        Poco::StreamCopier::copyToString(session->receiveResponse(response), body);
        if (response.getStatus() == HTTPResponse::HTTP_OK ||
            response.getStatus() == HTTPResponse::HTTP_NO_CONTENT) {
            return body;
        }
        const bool theirs = response.getStatus() >= HTTPResponse::HTTP_INTERNAL_SERVER_ERROR;
        return fail(theirs ? Code::connection_failed : Code::http_refused, place,
                    fmt::format("{} {}", static_cast<int>(response.getStatus()),
                                body.substr(0, body.find('\n'))));
    } catch (const Poco::TimeoutException&) {
        return fail(Code::answer_timeout, place, fmt::format("{} ms", timeout_.count()));
    } catch (const Poco::Exception& fault) {
        return fail(Code::connection_failed, place, fault.displayText());
    }
}

}  // namespace labrelay::transport
