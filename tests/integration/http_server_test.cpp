// The page's server over real sockets: how much it reads from whom, how long it waits, and TLS.

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/StreamCopier.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "certificates.hpp"
#include "idle_engine.hpp"
#include "labrelay/api/http_server.hpp"
#include "labrelay/api/sessions.hpp"
#include "labrelay/core/time.hpp"
#include "temporary_directory.hpp"

namespace labrelay::api {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Poco::Timespan kPatience(20, 0);

/// Whoever brings the cookie `known` is somebody.
class Doorman final : public Authenticator {
public:
    Result<security::Principal> principal(const Request& request, std::string_view) override {
        security::Principal who;
        who.account = request.cookie == "known" ? 1 : 0;
        return who;
    }
};

class HttpServerTest : public ::testing::Test {
protected:
    HttpServerTest() {
        const auto sizes = [](const Request& request) -> Result<Response> {
            Response made;
            made.content_type = "text/plain";
            made.body = std::to_string(request.body.size()) + (request.secure ? " over TLS" : "");
            return made;
        };
        router_.add({Method::post, "/small", Access::anyone(), "", {}, {}, {}, sizes});
        router_.add(
            {Method::post, "/large", Access::signed_in(), "", {}, {}, {}, sizes, kFileBody});
        router_.add(
            {Method::post, "/for-commands", Access::commands(), "", {}, {}, {}, sizes, kFileBody});
    }

    std::unique_ptr<HttpServer> serve(std::chrono::milliseconds patience = 15s,
                                      std::shared_ptr<const transport::TlsContext> tls = nullptr) {
        return std::make_unique<HttpServer>(
            HttpSettings{.port = 0, .token = "secret", .tls = std::move(tls), .patience = patience},
            clock_, engine_, router_, doorman_);
    }

    struct Answer {
        int status = 0;
        std::string body;
        std::string content_type;
        std::string tls_only;
        bool keep_alive = false;
    };
    static Answer post(Poco::Net::HTTPClientSession& session, const std::string& path,
                       const std::string& body, const std::string& cookie = {}) {
        session.setTimeout(kPatience);
        session.setKeepAlive(
            true);  // without it POCO's client asks to close, whatever a request says
        Poco::Net::HTTPRequest request("POST", "/api/v1" + path, "HTTP/1.1");
        request.setContentLength64(static_cast<Poco::Int64>(body.size()));
        if (!cookie.empty()) {
            request.set("Cookie", cookie);
        }
        session.sendRequest(request) << body;
        return answer(session);
    }
    static Answer answer(Poco::Net::HTTPClientSession& session) {
        Poco::Net::HTTPResponse response;
        Answer made;
        Poco::StreamCopier::copyToString(session.receiveResponse(response), made.body);
        made.status = response.getStatus();
        made.content_type = response.getContentType();
        made.tls_only = response.get("Strict-Transport-Security", "");
        made.keep_alive = response.getKeepAlive();
        return made;
    }

    /// Everything that the server says until it closes; what it did not say in time fails the test.
    static std::string all_of(Poco::Net::StreamSocket& socket) {
        std::string all;
        hear(socket, all);
        return all;
    }
    static void hear(Poco::Net::StreamSocket& socket, std::string& all) {
        socket.setReceiveTimeout(kPatience);
        std::array<char, 4096> piece{};
        for (int size = 1; size > 0;) {
            size = socket.receiveBytes(piece.data(), static_cast<int>(piece.size()));
            all.append(piece.data(), static_cast<std::size_t>(std::max(size, 0)));
        }
    }
    static Poco::Net::StreamSocket connect(const HttpServer& server) {
        return Poco::Net::StreamSocket(Poco::Net::SocketAddress("127.0.0.1", server.port()));
    }
    static void say(Poco::Net::StreamSocket& socket, const std::string& text) {
        socket.sendBytes(text.data(), static_cast<int>(text.size()));
    }

    SystemClock clock_;
    labrelay::testing::IdleEngine engine_;
    Doorman doorman_;
    Router router_;
};

TEST_F(HttpServerTest, ReadsAsMuchAsTheRouteTakesFromWhoeverAsks) {
    struct Row {
        const char* path;
        const char* cookie;
        std::size_t size;
        int status;
    };
    const Row rows[] = {
        {"/small", "", kSmallBody, 200},
        {"/small", "", kSmallBody + 1, 413},
        {"/small", "known", kSmallBody + 1, 413},
        {"/large", "known", kSmallBody + 1, 200},
        {"/large", "known", 3 * kListBody, 200},
        {"/large", "", kSmallBody + 1, 413},
        {"/for-commands", "", kSmallBody + 1, 413},
        {"/nowhere", "known", kSmallBody + 1, 413},
    };
    const auto server = serve();
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(row.path) + " " + std::to_string(row.size));
        Poco::Net::StreamSocket socket = connect(*server);
        say(socket, std::string("POST /api/v1") + row.path +
                        " HTTP/1.1\r\nConnection: close\r\nCookie: " + row.cookie +
                        "\r\nContent-Length: " + std::to_string(row.size) + "\r\n\r\n");
        // Where it is too large the answer comes without a byte of it.
        if (row.status == 200) {
            say(socket, std::string(row.size, 'x'));
        }
        const std::string all = all_of(socket);
        EXPECT_THAT(all, StartsWith("HTTP/1.1 " + std::to_string(row.status) + " "));
        EXPECT_THAT(all, HasSubstr(row.status == 200 ? std::to_string(row.size)
                                                     : "application/problem+json"));
    }
}

TEST_F(HttpServerTest, ACommandOnThisHostMaySendFiles) {
    const auto server = serve();
    const Result<std::string> done = post_to_server({"127.0.0.1", server->port(), "secret", ""},
                                                    "for-commands", std::string(kListBody, 'x'));
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_EQ(*done, std::to_string(kListBody));
    const Result<std::string> stranger =
        post_to_server({"127.0.0.1", server->port(), "guess", ""}, "for-commands", "x");
    ASSERT_FALSE(stranger);
    EXPECT_EQ(stranger.error().code, Code::sign_in_needed);
}

TEST_F(HttpServerTest, SaysWhyInAProblemAndTakesTheNextRequestOfItsConnection) {
    const auto server = serve();
    Poco::Net::HTTPClientSession session("127.0.0.1", server->port());
    EXPECT_EQ(post(session, "/small", "one").body, "3");
    const Poco::Net::SocketAddress first = session.socket().address();
    const Answer small = post(session, "/small", "three");
    EXPECT_EQ(small.body, "5");
    EXPECT_EQ(session.socket().address().toString(), first.toString()) << "the same connection";
    EXPECT_TRUE(small.keep_alive);
    EXPECT_EQ(small.tls_only, "") << "it speaks plain";
    Poco::Net::StreamSocket socket = connect(*server);
    say(socket, "POST /api/v1/small HTTP/1.1\r\nContent-Length: 65537\r\n\r\n");
    const std::string refused = all_of(socket);
    const auto problem = nlohmann::json::parse(refused.substr(refused.find("\r\n\r\n") + 4));
    EXPECT_EQ(problem["status"], 413);
    EXPECT_EQ(problem["code"], "body-bad");
    EXPECT_EQ(problem["detail"], "at most 65536 bytes");
    Poco::Net::StreamSocket endless = connect(*server);
    say(endless, "POST /api/v1/small HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_THAT(all_of(endless), StartsWith("HTTP/1.1 411 "));
}

// Each byte comes well within the time of one read; the whole does not.
TEST_F(HttpServerTest, AHeaderThatTricklesInIsNotWaitedFor) {
    const auto server = serve(1s);
    Poco::Net::StreamSocket silent = connect(*server);
    Poco::Net::StreamSocket half = connect(*server);
    say(half, "POST /api/v1/small HTTP/1.1\r\nX-Slow: ");
    EXPECT_EQ(all_of(silent), "");
    EXPECT_THAT(all_of(half), StartsWith("HTTP/1.1 408 ")) << "half a header was served";
    Poco::Net::HTTPClientSession session("127.0.0.1", server->port());
    EXPECT_EQ(post(session, "/small", "one").body, "3");
}

TEST_F(HttpServerTest, ABodyThatTricklesInIsAnsweredAndNotWaitedFor) {
    const auto server = serve(1s);
    Poco::Net::StreamSocket slow = connect(*server);
    say(slow, "POST /api/v1/small HTTP/1.1\r\nContent-Length: 1000\r\n\r\nbegun");
    const std::string all = all_of(slow);
    EXPECT_THAT(all, StartsWith("HTTP/1.1 408 "));
    EXPECT_THAT(all, HasSubstr("it did not come whole, or not in time"));
}

TEST_F(HttpServerTest, AStopDoesNotWaitForWhoSaysNothing) {
    const auto server = serve(1h);
    Poco::Net::StreamSocket silent = connect(*server);
    Poco::Net::HTTPClientSession idle("127.0.0.1", server->port());
    EXPECT_EQ(post(idle, "/small", "one").body, "3");
    server->stop();
    EXPECT_EQ(all_of(silent), "");
}

TEST_F(HttpServerTest, SpeaksTlsAloneAndTellsBrowsersSo) {
    const test::TemporaryDirectory directory;
    const test::Certificates certificates(directory.path());
    const auto tls = transport::TlsContext::for_server(certificates.of("server"),
                                                       transport::ClientCertificate::ignored);
    ASSERT_TRUE(tls) << describe(tls.error());
    const auto server = serve(15s, *tls);
    Poco::Net::Context::Ptr trusting = new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE,
                                                              certificates.file("ca.pem").string(),
                                                              Poco::Net::Context::VERIFY_RELAXED);
    Poco::Net::HTTPSClientSession session("127.0.0.1", server->port(), trusting);
    const Answer answered = post(session, "/small", "one");
    EXPECT_EQ(answered.body, "3 over TLS");
    EXPECT_EQ(answered.tls_only, "max-age=31536000");
    Poco::Net::StreamSocket plain = connect(*server);
    say(plain, "GET /healthz HTTP/1.1\r\n\r\n");
    std::string said;
    try {
        hear(plain, said);
    } catch (const Poco::Net::ConnectionResetException&) {
        // A refusal too.
    }
    EXPECT_THAT(said, Not(HasSubstr("HTTP/"))) << "it answered who speaks plain";

    // A command speaks to the certificate that stands in server.json, and to no other.
    const ServerAddress address{"127.0.0.1", server->port(), "secret", (*tls)->certificate()};
    const Result<std::string> done = post_to_server(address, "for-commands", "four");
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_EQ(*done, "4 over TLS");
    ServerAddress another = address;
    another.certificate = certificates.client_digest();
    const Result<std::string> refused = post_to_server(another, "for-commands", "four");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::connection_failed);
}

}  // namespace
}  // namespace labrelay::api
