// Limits of a listener, and the client that dials an analyzer, over loopback.

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <latch>
#include <mutex>
#include <string>

#include "labrelay/hl7/mllp_framer.hpp"
#include "labrelay/transport/mllp_client.hpp"
#include "labrelay/transport/mllp_dialer.hpp"
#include "labrelay/transport/mllp_server.hpp"
#include "refusing_port.hpp"
#include "scripted_sink.hpp"

namespace labrelay::transport {
namespace {

using namespace std::chrono_literals;
using test::ScriptedSink;

MllpSettings on_a_free_port() {
    MllpSettings settings;
    settings.port = 0;
    return settings;
}

Result<MllpClient> connect(const MllpServer& server) {
    return MllpClient::connect("127.0.0.1", server.port(), ScriptedSink::kPatience);
}

TEST(Listener, P11_APeerOverItsOwnLimitIsRefusedAndCounted) {
    ScriptedSink sink;
    MllpSettings settings = on_a_free_port();
    settings.max_connections_per_peer = 2;
    MllpServer server(settings, sink);
    Result<MllpClient> first = connect(server);
    Result<MllpClient> second = connect(server);
    ASSERT_TRUE(first->send("MSH|1"));
    ASSERT_TRUE(second->send("MSH|2"));
    Result<MllpClient> third = connect(server);
    EXPECT_FALSE(third && third->send("MSH|3"));
    EXPECT_TRUE(sink.wait_for_event(Code::connection_limit));
    EXPECT_EQ(server.counters().refused, 1U);
    EXPECT_TRUE(first->send("MSH|4"));
}

TEST(Listener, TellsOfConnectionsAndHowLongAnswersTook) {
    ScriptedSink sink;
    sink.answer = [](const std::string& message) {
        MessageSink::Reply reply{{ScriptedSink::accept(message)}};
        reply.source = message == "MSH|2" ? "flow" : "lis";
        return reply;
    };
    LiveTraffic live;
    MllpServer server(on_a_free_port(), sink, &live);
    Result<MllpClient> client = connect(server);
    ASSERT_TRUE(client->send("MSH|1"));
    ASSERT_TRUE(client->send("MSH|2"));
    ASSERT_TRUE(client->send("MSH|3"));
    // The answer is on its way before it is counted: the next one waits for that of this one.
    ASSERT_TRUE(client->send("MSH|2"));
    const std::vector<OpenConnection> open = live.connections("lis");
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].peer.way, "mllp");
    EXPECT_EQ(open[0].peer.address, sink.origins()[0].peer);
    EXPECT_FALSE(open[0].peer.tls);
    EXPECT_EQ(open[0].messages, 2U);
    EXPECT_EQ(live.latencies().at("lis").count(), 2U);
    server.stop();
    EXPECT_TRUE(live.connections("lis").empty());
    EXPECT_EQ(live.latencies().at("flow").count(), 2U);
}

TEST(Listener, P11_ANewConnectionTakesTheOldOnesPlaceOnlyWhereThatIsSet) {
    ScriptedSink sink;
    MllpSettings settings = on_a_free_port();
    settings.one_connection = true;
    settings.max_connections = 1;
    MllpServer server(settings, sink);
    Result<MllpClient> half_open = connect(server);
    ASSERT_TRUE(half_open->send("MSH|1"));
    Result<MllpClient> restarted = connect(server);
    ASSERT_TRUE(restarted);
    EXPECT_EQ(restarted->send("MSH|2"), ScriptedSink::accept("MSH|2"));
    EXPECT_FALSE(half_open->send("MSH|3"));
    EXPECT_EQ(sink.events(Code::superseded), 1);
    EXPECT_EQ(server.counters().superseded, 1U);
    EXPECT_EQ(server.counters().refused, 0U);

    MllpServer other(on_a_free_port(), sink);
    Result<MllpClient> one = connect(other);
    Result<MllpClient> two = connect(other);
    EXPECT_TRUE(one->send("MSH|4"));
    EXPECT_TRUE(two->send("MSH|5"));
    EXPECT_TRUE(one->send("MSH|6"));
}

TEST(Listener, P12_WhileTheSinkIsBusyNothingMoreIsRead) {
    ScriptedSink sink;
    std::latch inside(1);
    std::latch go_on(1);
    std::once_flag first;
    sink.answer = [&](const std::string& message) {
        std::call_once(first, [&] {
            inside.count_down();
            go_on.wait();
        });
        return MessageSink::Reply{{ScriptedSink::accept(message.substr(0, 5))}};
    };
    MllpServer server(on_a_free_port(), sink);
    Poco::Net::StreamSocket flood(Poco::Net::SocketAddress("127.0.0.1", server.port()));
    const std::string frame = hl7::mllp_wrap("MSH|1" + std::string(60'000, 'x'));
    flood.sendBytes(frame.data(), static_cast<int>(frame.size()));
    inside.wait();
    // What the kernel's buffers hold, and no more, goes out before the peer has to wait.
    constexpr std::size_t kFlood = std::size_t{256} << 20U;
    flood.setBlocking(false);
    std::size_t sent = 0;
    while (sent < kFlood &&
           flood.poll(Poco::Timespan(0, 200'000), Poco::Net::Socket::SELECT_WRITE)) {
        const int size = flood.sendBytes(frame.data(), static_cast<int>(frame.size()));
        sent += static_cast<std::size_t>(std::max(size, 0));
    }
    EXPECT_LT(sent, kFlood);
    EXPECT_EQ(server.counters().frames, 1U);
    flood.close();
    go_on.count_down();
}

// An analyzer that is the server: it accepts one connection at a time.
class Analyzer {
public:
    Analyzer() : socket_(Poco::Net::SocketAddress("127.0.0.1", 0)) {}

    std::uint16_t port() const { return socket_.address().port(); }
    void accept() {
        framer_ = hl7::MllpFramer(std::size_t{1} << 20U);
        peer_ = socket_.acceptConnection();
        peer_.setReceiveTimeout(Poco::Timespan(ScriptedSink::kPatience.count(), 0));
    }
    void send(const std::string& message) {
        const std::string frame = hl7::mllp_wrap(message);
        peer_.sendBytes(frame.data(), static_cast<int>(frame.size()));
    }
    /// The next answer; "" where the engine closed instead.
    std::string answer() {
        std::array<char, 4096> buffer{};
        for (;;) {
            if (std::optional<hl7::MllpFrame> frame = framer_.next()) {
                return frame->bytes;
            }
            const int size = peer_.receiveBytes(buffer.data(), static_cast<int>(buffer.size()));
            if (size <= 0) {
                return {};
            }
            framer_.feed({buffer.data(), static_cast<std::size_t>(size)});
        }
    }
    void hang_up() { peer_.close(); }

private:
    Poco::Net::ServerSocket socket_;
    Poco::Net::StreamSocket peer_;
    hl7::MllpFramer framer_{std::size_t{1} << 20U};
};

DialSettings dial(std::uint16_t port) {
    DialSettings settings;
    settings.port = port;
    settings.first_wait = 10ms;
    settings.longest_wait = 40ms;
    return settings;
}

TEST(Dialer, ReadsFramesAndAnswersOnTheSameConnection) {
    ScriptedSink sink;
    Analyzer analyzer;
    MllpDialer dialer(dial(analyzer.port()), sink);
    analyzer.accept();
    analyzer.send("MSH|1");
    EXPECT_EQ(analyzer.answer(), ScriptedSink::accept("MSH|1"));
    analyzer.send("MSH|2");
    EXPECT_EQ(analyzer.answer(), ScriptedSink::accept("MSH|2"));
    EXPECT_TRUE(dialer.counters().connected);
    ASSERT_EQ(sink.origins().size(), 2U);
    EXPECT_EQ(sink.origins()[0].port, 0);
    EXPECT_EQ(sink.origins()[0].peer, "127.0.0.1:" + std::to_string(analyzer.port()));
    dialer.stop();
    EXPECT_EQ(analyzer.answer(), "");
}

TEST(Dialer, DialsAgainWhenTheConnectionEnds) {
    ScriptedSink sink;
    Analyzer analyzer;
    MllpDialer dialer(dial(analyzer.port()), sink);
    std::uint64_t connections = 0;
    for (const char* message : {"MSH|1", "MSH|2", "MSH|3"}) {
        analyzer.accept();
        analyzer.send(message);
        EXPECT_EQ(analyzer.answer(), ScriptedSink::accept(message));
        // Asked while it lasts: when it is over, the next one is on its way.
        EXPECT_EQ(dialer.counters().conversation.connections, ++connections);
        EXPECT_EQ(dialer.counters().failures, 0U);
        analyzer.hang_up();
    }
}

TEST(Dialer, GoesOnDiallingAnAnalyzerThatIsAway) {
    ScriptedSink sink;
    const test::RefusingPort nobody;
    MllpDialer dialer(dial(nobody.port()), sink);
    EXPECT_TRUE(sink.wait_for_event(Code::dial_failed, 3));
    EXPECT_GE(dialer.counters().failures, 3U);
    EXPECT_FALSE(dialer.counters().connected);
}

TEST(Dialer, P06_AFrameWithoutAnEndIsEvidenceAndNeverAnswered) {
    ScriptedSink sink;
    Analyzer analyzer;
    MllpDialer dialer(dial(analyzer.port()), sink);
    analyzer.accept();
    analyzer.send("MSH|1\x0bMSH|cut");
    EXPECT_EQ(analyzer.answer(), ScriptedSink::accept("MSH|cut"));
    analyzer.hang_up();
    ASSERT_EQ(sink.quarantined().size(), 1U);
    EXPECT_EQ(sink.quarantined()[0].second, Code::frame_truncated);
}

}  // namespace
}  // namespace labrelay::transport
