// MLLP over TLS on loopback, with real certificates.

#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <csignal>
#include <functional>
#include <memory>
#include <string>

#include "certificates.hpp"
#include "labrelay/transport/mllp_client.hpp"
#include "labrelay/transport/mllp_server.hpp"
#include "scripted_sink.hpp"
#include "temporary_directory.hpp"

namespace labrelay::transport {
namespace {

using namespace std::chrono_literals;
using test::ScriptedSink;

class Tls : public testing::Test {
protected:
    static void SetUpTestSuite() {
        directory_ = std::make_unique<test::TemporaryDirectory>();
        certificates_ = std::make_unique<test::Certificates>(directory_->path());
    }
    static void TearDownTestSuite() {
        certificates_.reset();
        directory_.reset();
    }

    static MllpSettings settings(ClientCertificate client, const TlsFiles& files) {
        MllpSettings settings;
        settings.port = 0;
        auto tls = TlsContext::for_server(files, client);
        EXPECT_TRUE(tls) << (tls ? "" : describe(tls.error()));
        settings.tls = tls ? *tls : nullptr;
        return settings;
    }
    static MllpSettings settings(ClientCertificate client = ClientCertificate::ignored) {
        return settings(client, certificates().of("server"));
    }
    static Result<MllpClient> connect(const MllpServer& server, const TlsFiles& files,
                                      const std::string& host = "127.0.0.1") {
        return MllpClient::connect(host, server.port(), ScriptedSink::kPatience,
                                   TlsContext::for_client(files).value());
    }
    /// A handshake by OpenSSL alone; the version agreed on, or "" where there was none.
    static std::string shake_hands(std::uint16_t port, const std::function<void(SSL_CTX*)>& with) {
        const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()),
                                                                   SSL_CTX_free);
        SSL_CTX_set_security_level(context.get(), 0);
        with(context.get());
        Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", port));
        const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), SSL_free);
        SSL_set_fd(ssl.get(), socket.impl()->sockfd());
        return SSL_connect(ssl.get()) == 1 ? SSL_get_version(ssl.get()) : "";
    }
    static const test::Certificates& certificates() { return *certificates_; }

    static std::unique_ptr<test::TemporaryDirectory> directory_;
    static std::unique_ptr<test::Certificates> certificates_;
};
std::unique_ptr<test::TemporaryDirectory> Tls::directory_;
std::unique_ptr<test::Certificates> Tls::certificates_;

TEST_F(Tls, CarriesMessagesAndAnswersOfAnySize) {
    ScriptedSink sink;
    MllpServer server(settings(), sink);
    Result<MllpClient> client = connect(server, certificates().only_ca());
    ASSERT_TRUE(client) << describe(client.error());
    const std::string large(std::size_t{3} << 20U, 'L');
    EXPECT_EQ(client->send("MSH|1"), ScriptedSink::accept("MSH|1"));
    for (const std::string& message : {large, std::string("MSH|2"), std::string("MSH|3")}) {
        ASSERT_TRUE(client->write(message));
        if (message.size() == large.size()) {
            EXPECT_EQ(sink.wait_for_messages(2), true);
        }
    }
    sink.wait_for_messages(4);
    EXPECT_EQ(sink.messages().at(1), large);
    EXPECT_EQ(sink.origins().at(0).certificate, "");
    EXPECT_EQ(server.counters().frames, 4U);
}

TEST_F(Tls, TheVerifiedClientCertificateIsPartOfTheOrigin) {
    ScriptedSink sink;
    MllpServer server(settings(ClientCertificate::required), sink);
    Result<MllpClient> client = connect(server, certificates().of("client"));
    ASSERT_TRUE(client) << describe(client.error());
    EXPECT_EQ(client->send("MSH|1"), ScriptedSink::accept("MSH|1"));
    ASSERT_EQ(sink.origins().size(), 1U);
    EXPECT_EQ(sink.origins()[0].certificate, certificates().client_digest());
    EXPECT_EQ(sink.origins()[0].certificate.size(), 64U);
}

TEST_F(Tls, AnOpenConnectionNamesTheCertificateOfItsPeer) {
    ScriptedSink sink;
    sink.answer = [](const std::string& message) {
        MessageSink::Reply reply{{ScriptedSink::accept(message)}};
        reply.source = "lis";
        return reply;
    };
    LiveTraffic live;
    MllpServer server(settings(ClientCertificate::required), sink, &live);
    Result<MllpClient> client = connect(server, certificates().of("client"));
    ASSERT_TRUE(client) << describe(client.error());
    ASSERT_TRUE(client->send("MSH|1"));
    ASSERT_TRUE(client->send("MSH|2"));  // the first is counted by now
    const std::vector<OpenConnection> open = live.connections("lis");
    ASSERT_EQ(open.size(), 1U);
    EXPECT_TRUE(open[0].peer.tls);
    EXPECT_EQ(open[0].peer.subject, "CN=client");
    ASSERT_TRUE(open[0].peer.expires) << "in two days";
    const std::int64_t left = open[0].peer.expires->microseconds - SystemClock().now().microseconds;
    EXPECT_GT(left, 86'400'000'000);
    EXPECT_LE(left, 2 * 86'400'000'000);
}

TEST_F(Tls, TakesVersions12And13AndNoOlder) {
    ScriptedSink sink;
    MllpServer server(settings(), sink);
    const auto only = [&](int version) {
        return shake_hands(server.port(), [version](SSL_CTX* context) {
            SSL_CTX_set_min_proto_version(context, version);
            SSL_CTX_set_max_proto_version(context, version);
        });
    };
    EXPECT_EQ(only(TLS1_3_VERSION), "TLSv1.3");
    EXPECT_EQ(only(TLS1_2_VERSION), "TLSv1.2");
    EXPECT_EQ(only(TLS1_1_VERSION), "");
    EXPECT_EQ(only(TLS1_VERSION), "");
    EXPECT_TRUE(sink.wait_for_event(Code::handshake_failed, 2));
    EXPECT_EQ(server.counters().handshakes_failed, 2U);
}

TEST_F(Tls, RefusesAClientWithoutACertificateWhereOneIsRequired) {
    ScriptedSink sink;
    MllpServer server(settings(ClientCertificate::required), sink);
    // In TLS 1.3 the client's part of the handshake ends before the server has judged it.
    Result<MllpClient> client = connect(server, certificates().only_ca());
    EXPECT_FALSE(client && client->send("MSH|1"));
    EXPECT_TRUE(sink.wait_for_event(Code::handshake_failed));
    EXPECT_TRUE(sink.messages().empty());
}

TEST_F(Tls, RefusesAClientOfAnotherCa) {
    ScriptedSink sink;
    MllpServer server(settings(ClientCertificate::required), sink);
    Result<MllpClient> client = connect(server, certificates().of("stranger"));
    EXPECT_FALSE(client && client->send("MSH|1"));
    EXPECT_TRUE(sink.wait_for_event(Code::handshake_failed));
    EXPECT_TRUE(sink.messages().empty());
}

TEST_F(Tls, OurClientRefusesAServerOfAnotherCaOrName) {
    ScriptedSink sink;
    MllpServer server(settings(), sink);
    const Result<MllpClient> other_ca = connect(server, certificates().only_ca("other"));
    ASSERT_FALSE(other_ca);
    EXPECT_EQ(other_ca.error().code, Code::handshake_failed);
    MllpServer misnamed(settings(ClientCertificate::ignored, certificates().of("elsewhere")), sink);
    const Result<MllpClient> other_name = connect(misnamed, certificates().only_ca());
    ASSERT_FALSE(other_name);
    EXPECT_EQ(other_name.error().code, Code::handshake_failed);
    EXPECT_TRUE(connect(server, certificates().only_ca(), "localhost"));
}

TEST_F(Tls, P10_AHandshakeThatNeverEndsTimesOutAndCostsNobodyElse) {
    ScriptedSink sink;
    MllpSettings patient = settings();
    patient.handshake_timeout = 300ms;
    MllpServer server(patient, sink);
    Poco::Net::StreamSocket silent(Poco::Net::SocketAddress("127.0.0.1", server.port()));
    Poco::Net::StreamSocket half(Poco::Net::SocketAddress("127.0.0.1", server.port()));
    half.sendBytes("\x16\x03\x01", 3);
    // On a busy machine an honest handshake may take too long as well; then it is tried again.
    Result<MllpClient> client = connect(server, certificates().only_ca());
    int late = 0;
    for (; !client || !client->send("MSH|1"); ++late) {
        client = connect(server, certificates().only_ca());
    }
    EXPECT_TRUE(sink.wait_for_event(Code::handshake_timeout, 2 + late));
    EXPECT_EQ(client->send("MSH|2"), ScriptedSink::accept("MSH|2"));
}

TEST_F(Tls, P15_PlainBytesOnATlsPortAreRefusedAndStoreNothing) {
    ScriptedSink sink;
    MllpServer server(settings(), sink);
    Result<MllpClient> plain =
        MllpClient::connect("127.0.0.1", server.port(), ScriptedSink::kPatience);
    ASSERT_TRUE(plain);
    EXPECT_FALSE(plain->send("MSH|1"));
    EXPECT_TRUE(sink.wait_for_event(Code::handshake_failed));
    EXPECT_TRUE(sink.messages().empty());
}

TEST_F(Tls, P13_StopAnswersWhatArrivedWholeAndEndsHandshakes) {
    ScriptedSink sink;
    MllpServer server(settings(), sink);
    Poco::Net::StreamSocket silent(Poco::Net::SocketAddress("127.0.0.1", server.port()));
    Result<MllpClient> client = connect(server, certificates().only_ca());
    ASSERT_TRUE(client);
    EXPECT_EQ(client->send("MSH|1"), ScriptedSink::accept("MSH|1"));
    server.stop();
    EXPECT_FALSE(client->send("MSH|2"));
    EXPECT_EQ(sink.messages().size(), 1U);
}

TEST_F(Tls, FilesThatDoNotBelongTogetherAreNamed) {
    const auto code_of = [](const TlsFiles& files, ClientCertificate client) {
        const auto made = TlsContext::for_server(files, client);
        return made ? Code::none : made.error().code;
    };
    const TlsFiles sound = certificates().of("server");
    EXPECT_EQ(code_of(sound, ClientCertificate::required), Code::none);
    EXPECT_EQ(code_of({sound.certificate, certificates().file("client.key"), sound.ca},
                      ClientCertificate::ignored),
              Code::tls_bad);
    EXPECT_EQ(code_of({sound.certificate, {}, sound.ca}, ClientCertificate::ignored),
              Code::tls_bad);
    EXPECT_EQ(code_of({sound.certificate, sound.key, {}}, ClientCertificate::required),
              Code::tls_bad);
    EXPECT_EQ(code_of({certificates().file("nowhere.pem"), sound.key, sound.ca},
                      ClientCertificate::ignored),
              Code::tls_bad);
}

}  // namespace
}  // namespace labrelay::transport
