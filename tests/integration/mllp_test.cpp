// The MLLP listener and client over loopback, with a sink in memory. Waiting is always for an
// event, with kPatience as the limit after which a test fails.

#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <latch>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "labrelay/hl7/mllp_framer.hpp"
#include "labrelay/transport/mllp_client.hpp"
#include "labrelay/transport/mllp_server.hpp"

namespace labrelay::transport {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr std::chrono::seconds kPatience{20};

// Answers "A:" + message, and keeps everything that it was given.
class RecordingSink final : public MessageSink {
public:
    using Reply = MessageSink::Reply;

    Reply receive(std::string bytes, const Origin& /*origin*/) override {
        Reply reply = on_message ? on_message(bytes) : Reply{{"A:" + bytes}};
        const std::lock_guard lock(mutex_);
        messages_.push_back(std::move(bytes));
        changed_.notify_all();
        return reply;
    }
    std::vector<Reply> receive_all(std::vector<std::string> messages,
                                   const Origin& origin) override {
        {
            const std::lock_guard lock(mutex_);
            batches_.push_back(messages.size());
            peers_.insert({origin.peer, origin.port});
            changed_.notify_all();
        }
        std::vector<Reply> replies;
        for (std::string& message : messages) {
            replies.push_back(receive(std::move(message), origin));
        }
        return replies;
    }
    Reply quarantine(std::string bytes, Code why, const Origin& origin) override {
        const std::lock_guard lock(mutex_);
        quarantined_.emplace_back(std::move(bytes), why);
        last_offset_ = origin.offset;
        changed_.notify_all();
        return quarantine_answer;
    }
    void on_connection_event(Code what, const std::string& /*peer*/,
                             std::string_view /*detail*/) override {
        const std::lock_guard lock(mutex_);
        ++events_[what];
        changed_.notify_all();
    }

    bool wait_for(const std::function<bool()>& reached) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kPatience, reached);
    }
    bool wait_for_event(Code what, int times = 1) {
        return wait_for([&] { return events_[what] >= times; });
    }
    bool wait_for_quarantined(std::size_t count) {
        return wait_for([&] { return quarantined_.size() >= count; });
    }
    bool wait_for_batches(std::size_t count) {
        return wait_for([&] { return batches_.size() >= count; });
    }
    std::vector<std::string> messages() {
        const std::lock_guard lock(mutex_);
        return messages_;
    }
    std::vector<std::size_t> batches() {
        const std::lock_guard lock(mutex_);
        return batches_;
    }
    std::uint64_t last_offset() {
        const std::lock_guard lock(mutex_);
        return last_offset_;
    }
    std::vector<std::pair<std::string, Code>> quarantined() {
        const std::lock_guard lock(mutex_);
        return quarantined_;
    }
    std::map<std::string, std::uint16_t> peers() {
        const std::lock_guard lock(mutex_);
        return peers_;
    }
    int events(Code what) {
        const std::lock_guard lock(mutex_);
        return events_[what];
    }

    // Set before the server starts.
    std::function<Reply(const std::string&)> on_message;
    Reply quarantine_answer;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> messages_;
    std::vector<std::size_t> batches_;
    std::vector<std::pair<std::string, Code>> quarantined_;
    std::uint64_t last_offset_ = 0;
    std::map<std::string, std::uint16_t> peers_;
    std::map<Code, int> events_;
};

// A peer that sends bytes as they are and reads what comes.
class RawPeer {
public:
    explicit RawPeer(std::uint16_t port)
        : socket_(Poco::Net::SocketAddress("127.0.0.1", port)), framer_(std::size_t{64} << 20U) {
        socket_.setNoDelay(true);
        socket_.setReceiveTimeout(Poco::Timespan(kPatience.count(), 0));
    }

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const int sent = socket_.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    void end_sending() { socket_.shutdownSend(); }
    void reset() {
        socket_.setLinger(true, 0);
        socket_.close();
    }

    // Fewer than `count` when the server closed or nothing came in time.
    std::vector<std::string> answers(std::size_t count) {
        std::vector<std::string> found;
        while (found.size() < count) {
            if (std::optional<hl7::MllpFrame> frame = framer_.next()) {
                found.push_back(std::move(frame->bytes));
            } else if (!read_some()) {
                break;
            }
        }
        return found;
    }
    // Reads to the end of the stream; false when it did not end in time.
    bool closed_by_server() {
        while (read_some()) {
        }
        return ended_;
    }
    std::size_t bytes_read() const { return bytes_read_; }

private:
    bool read_some() {
        std::array<char, 65536> buffer{};
        int size = 0;
        try {
            size = socket_.receiveBytes(buffer.data(), static_cast<int>(buffer.size()));
        } catch (const Poco::TimeoutException&) {
            return false;
        } catch (const Poco::Exception&) {
            ended_ = true;
            return false;
        }
        ended_ = size <= 0;
        if (!ended_) {
            bytes_read_ += static_cast<std::size_t>(size);
            framer_.feed({buffer.data(), static_cast<std::size_t>(size)});
        }
        return !ended_;
    }

    Poco::Net::StreamSocket socket_;
    hl7::MllpFramer framer_;
    std::size_t bytes_read_ = 0;
    bool ended_ = false;
};

MllpSettings on_a_free_port() {
    MllpSettings settings;
    settings.port = 0;
    return settings;
}

std::string frame(std::string_view payload) {
    return hl7::mllp_wrap(payload);
}

TEST(MllpServer, AnswersAMessageToOurOwnClient) {
    RecordingSink sink;
    MllpServer server(on_a_free_port(), sink);
    Result<MllpClient> client = MllpClient::connect("127.0.0.1", server.port(), kPatience);
    ASSERT_TRUE(client);
    EXPECT_EQ(client->send("MSH|1"), "A:MSH|1");
    EXPECT_EQ(client->send("MSH|2"), "A:MSH|2");
    EXPECT_THAT(sink.messages(), ElementsAre("MSH|1", "MSH|2"));
    ASSERT_EQ(sink.peers().size(), 1U);
    EXPECT_THAT(sink.peers().begin()->first, testing::StartsWith("127.0.0.1:"));
    EXPECT_EQ(sink.peers().begin()->second, server.port());
    EXPECT_EQ(server.counters().frames, 2U);
    EXPECT_EQ(server.counters().open, 1U);
}

TEST(MllpServer, P14_PipelinedMessagesAreAnsweredInOrder) {
    RecordingSink sink;
    MllpServer server(on_a_free_port(), sink);
    Result<MllpClient> client = MllpClient::connect("127.0.0.1", server.port(), kPatience);
    ASSERT_TRUE(client);
    for (int i = 0; i < 200; ++i) {
        ASSERT_TRUE(client->write("M" + std::to_string(i)));
    }
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(client->read_answer(), "A:M" + std::to_string(i));
    }
}

TEST(MllpServer, AnySplitOfTheBytesGivesTheSameReplies) {
    const std::string stream = "\r\n"s + frame("MSH|first\rPID|1\r") + "x" +
                               frame("MSH|\x1c|second") + frame(std::string(3000, 'L')) +
                               frame("   ") + frame("MSH|last");
    const auto converse = [&](std::size_t piece) {
        RecordingSink sink;
        MllpServer server(on_a_free_port(), sink);
        RawPeer peer(server.port());
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            peer.send(std::string_view(stream).substr(at, piece));
        }
        peer.end_sending();
        const std::vector<std::string> answers = peer.answers(100);
        EXPECT_TRUE(peer.closed_by_server());
        EXPECT_EQ(sink.messages().size(), answers.size());
        EXPECT_EQ(server.counters().stray_bytes, 3U) << piece;
        EXPECT_THAT(sink.quarantined(), ElementsAre(std::pair("\r\nx"s, Code::stray_bytes)));
        return answers;
    };
    const std::vector<std::string> whole = converse(stream.size());
    ASSERT_EQ(whole.size(), 4U);
    EXPECT_EQ(whole[0], "A:MSH|first\rPID|1\r");
    EXPECT_EQ(whole[3], "A:MSH|last");
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U}) {
        EXPECT_EQ(converse(piece), whole) << piece;
    }
}

TEST(MllpServer, MessagesOfOneReadGoToTheSinkTogether) {
    RecordingSink sink;
    MllpServer server(on_a_free_port(), sink);
    RawPeer peer(server.port());
    peer.send(frame("1") + frame("2") + frame("3"));
    EXPECT_THAT(peer.answers(3), ElementsAre("A:1", "A:2", "A:3"));
    EXPECT_THAT(sink.batches(), ElementsAre(3U));
}

TEST(MllpServer, AFrameWithoutItsLastCrIsTakenAfterAMoment) {
    RecordingSink sink;
    MllpServer server(on_a_free_port(), sink);
    RawPeer peer(server.port());
    peer.send("\x0bMSH|1\x1c");
    EXPECT_THAT(peer.answers(1), ElementsAre("A:MSH|1"));
    peer.send("\r" + frame("MSH|2"));
    EXPECT_THAT(peer.answers(1), ElementsAre("A:MSH|2"));
    EXPECT_EQ(server.counters().stray_bytes, 0U);
}

TEST(MllpServer, VtInsideAFrameQuarantinesTheCutOneAndTakesTheNext) {
    RecordingSink sink;
    MllpServer server(on_a_free_port(), sink);
    RawPeer peer(server.port());
    peer.send(frame("MSH|0") + "\x0bMSH|cut" + frame("MSH|1"));
    EXPECT_THAT(peer.answers(2), ElementsAre("A:MSH|0", "A:MSH|1"));
    EXPECT_THAT(sink.quarantined(), ElementsAre(std::pair("MSH|cut"s, Code::frame_truncated)));
    EXPECT_EQ(server.counters().truncated, 1U);
    EXPECT_EQ(server.counters().frames, 2U);
}

TEST(MllpServer, TheSinksAnswerToABadFrameIsSentInItsPlace) {
    RecordingSink sink;
    sink.quarantine_answer = {{"AR"}};
    MllpServer server(on_a_free_port(), sink);
    RawPeer peer(server.port());
    peer.send(frame("MSH|0") + "\x0bMSH|cut" + frame("MSH|1"));
    EXPECT_THAT(peer.answers(3), ElementsAre("A:MSH|0", "AR", "A:MSH|1"));
}

TEST(MllpServer, AStreamThatEndsInAFrameLeavesEvidence) {
    RecordingSink sink;
    MllpServer server(on_a_free_port(), sink);
    RawPeer ended(server.port());
    ended.send(frame("MSH|whole") + "\x0bMSH|half");
    ended.end_sending();
    EXPECT_THAT(ended.answers(2), ElementsAre("A:MSH|whole"));
    ASSERT_TRUE(sink.wait_for_quarantined(1));
    RawPeer died(server.port());
    died.send("\x0bMSH|died");
    died.send(frame("MSH|then"));
    EXPECT_THAT(died.answers(1), ElementsAre("A:MSH|then"));
    died.send("\x0bMSH|again");
    died.reset();
    ASSERT_TRUE(sink.wait_for_quarantined(2));
    EXPECT_EQ(sink.quarantined()[0], std::pair("MSH|half"s, Code::frame_truncated));
    EXPECT_EQ(sink.quarantined()[1], std::pair("MSH|died"s, Code::frame_truncated));
}

TEST(MllpServer, AnOversizedFrameIsQuarantinedOnceAndTheConnectionGoesOn) {
    RecordingSink sink;
    MllpSettings settings = on_a_free_port();
    settings.max_message_bytes = 1000;
    MllpServer server(settings, sink);
    RawPeer peer(server.port());
    peer.send(frame(std::string(1000, 'f')) + frame(std::string(200'000, 'x')) +
              frame("MSH|after"));
    EXPECT_THAT(peer.answers(2), ElementsAre("A:" + std::string(1000, 'f'), "A:MSH|after"));
    ASSERT_EQ(sink.quarantined().size(), 1U);
    EXPECT_EQ(sink.quarantined()[0].second, Code::frame_too_large);
    EXPECT_EQ(server.counters().oversized, 1U);
    EXPECT_EQ(server.counters().truncated, 0U);
}

TEST(MllpServer, P10_AFrameThatIsNeverFinishedTimesOutAndCloses) {
    RecordingSink sink;
    sink.quarantine_answer = {{"AE"}, true};
    MllpSettings settings = on_a_free_port();
    settings.mid_frame_timeout = 50ms;
    MllpServer server(settings, sink);
    RawPeer peer(server.port());
    peer.send(frame("MSH|whole") + "\x0bMSH|half");
    EXPECT_THAT(peer.answers(3), ElementsAre("A:MSH|whole", "AE"));
    EXPECT_TRUE(peer.closed_by_server());
    EXPECT_THAT(sink.quarantined(), ElementsAre(std::pair("MSH|half"s, Code::frame_timeout)));
    EXPECT_EQ(server.counters().frame_timeouts, 1U);
    EXPECT_EQ(server.counters().idle_closed, 0U);
}

TEST(MllpServer, P07_AFlexiblePortTakesHl7WithoutVt) {
    RecordingSink sink;
    MllpSettings settings = on_a_free_port();
    settings.framing = hl7::Framing::flexible;
    MllpServer server(settings, sink);
    RawPeer peer(server.port());
    peer.send("\x02MSH|1\rPID|1\r");
    EXPECT_THAT(peer.answers(1), ElementsAre("A:MSH|1\rPID|1\r")) << "at a pause";
    peer.send("MSH|2\rMSH|3\r\x1c");
    EXPECT_THAT(peer.answers(2), ElementsAre("A:MSH|2\r", "A:MSH|3\r"));
    peer.send(frame("MSH|4") + "MSH|5\rOBX|cut");
    EXPECT_THAT(peer.answers(1), ElementsAre("A:MSH|4"));
    peer.end_sending();
    EXPECT_TRUE(peer.closed_by_server());
    EXPECT_THAT(sink.quarantined(),
                ElementsAre(std::pair("MSH|5\rOBX|cut"s, Code::frame_truncated)));
}

TEST(MllpServer, P15_OtherProtocolsAreRefusedByName) {
    RecordingSink sink;
    MllpServer server(on_a_free_port(), sink);
    RawPeer peer(server.port());
    peer.send(frame("\x06") + frame("D23\rMSH|1\r00012345"));
    EXPECT_TRUE(sink.wait_for_quarantined(2));
    EXPECT_EQ(sink.quarantined()[0].second, Code::mllp_release_2);
    EXPECT_EQ(sink.quarantined()[1].second, Code::hllp_block);
    EXPECT_THAT(sink.messages(), IsEmpty());
}

TEST(MllpServer, P02_StrayBytesAreKeptOncePerConnectionAndHeartbeatsAreNot) {
    RecordingSink sink;
    MllpServer server(on_a_free_port(), sink);
    {
        RawPeer peer(server.port());
        peer.send("\x02\x02" + frame("MSH|1") + "\x02");
        EXPECT_THAT(peer.answers(1), ElementsAre("A:MSH|1"));
        peer.end_sending();
        EXPECT_TRUE(peer.closed_by_server());
    }
    EXPECT_THAT(sink.quarantined(), IsEmpty());
    RawPeer peer(server.port());
    peer.send(frame("MSH|2") + std::string(300, 'x') + frame("MSH|3") + "more" + frame("MSH|4"));
    EXPECT_EQ(peer.answers(3).size(), 3U);
    peer.end_sending();
    EXPECT_TRUE(peer.closed_by_server());
    EXPECT_THAT(sink.quarantined(),
                ElementsAre(std::pair(std::string(256, 'x'), Code::stray_bytes)));
    EXPECT_EQ(sink.last_offset(), 8U);
}

TEST(MllpServer, P10_APeerThatDribblesBytesDoesNotProlongItsFrame) {
    RecordingSink sink;
    MllpSettings settings = on_a_free_port();
    settings.mid_frame_timeout = 100ms;
    MllpServer server(settings, sink);
    RawPeer peer(server.port());
    peer.send("\x0bMSH|");
    std::jthread dribble([&](std::stop_token stop) {
        try {
            while (!stop.stop_requested()) {
                peer.send("x");
                std::this_thread::yield();
            }
        } catch (const Poco::Exception&) {
            // The server hung up, as it should.
        }
    });
    EXPECT_TRUE(sink.wait_for_quarantined(1));
    dribble.request_stop();
    dribble.join();
    EXPECT_EQ(sink.quarantined()[0].second, Code::frame_timeout);
}

TEST(MllpServer, P10_AnIdleConnectionIsClosedAndCounted) {
    RecordingSink sink;
    MllpSettings settings = on_a_free_port();
    settings.idle_timeout = 50ms;
    MllpServer server(settings, sink);
    // On a busy machine a connection may be idle for too long before its first message.
    std::vector<std::string> answers;
    int closed = 0;
    while (answers.empty()) {
        RawPeer peer(server.port());
        try {
            peer.send(frame("MSH|1"));
            answers = peer.answers(1);
        } catch (const Poco::Exception&) {
            // Closed already.
        }
        EXPECT_TRUE(peer.closed_by_server());
        ++closed;
    }
    EXPECT_THAT(answers, ElementsAre("A:MSH|1"));
    EXPECT_TRUE(sink.wait_for_event(Code::idle_timeout, closed));
    EXPECT_EQ(server.counters().idle_closed, static_cast<std::uint64_t>(closed));
    EXPECT_THAT(sink.quarantined(), IsEmpty());
}

TEST(MllpServer, P11_AConnectionOverTheLimitIsSeenAndPlaceIsMadeAgain) {
    RecordingSink sink;
    MllpSettings settings = on_a_free_port();
    settings.max_connections = 2;
    MllpServer server(settings, sink);
    auto first = std::make_unique<RawPeer>(server.port());
    RawPeer second(server.port());
    first->send(frame("1"));
    EXPECT_THAT(first->answers(1), ElementsAre("A:1"));
    second.send(frame("2"));
    EXPECT_THAT(second.answers(1), ElementsAre("A:2"));

    for (int i = 1; i <= 3; ++i) {
        RawPeer refused(server.port());
        EXPECT_TRUE(refused.closed_by_server());
        EXPECT_EQ(refused.bytes_read(), 0U);
        EXPECT_TRUE(sink.wait_for_event(Code::connection_limit, i));
    }
    EXPECT_EQ(server.counters().refused, 3U);
    EXPECT_EQ(server.counters().open, 2U);

    first->end_sending();
    EXPECT_TRUE(first->closed_by_server());
    // Its place is free when its thread has ended, a moment after the end of the stream.
    for (;;) {
        RawPeer third(server.port());
        std::vector<std::string> answers;
        try {
            third.send(frame("3"));
            answers = third.answers(1);
        } catch (const Poco::Exception&) {
            // Refused once more.
        }
        if (!answers.empty()) {
            EXPECT_THAT(answers, ElementsAre("A:3"));
            break;
        }
    }
    EXPECT_EQ(server.counters().connections, 3U);
}

TEST(MllpServer, P12_APeerThatDoesNotReadIsCutAndHoldsNobodyUp) {
    RecordingSink sink;
    const std::string large(std::size_t{8} << 20U, 'a');
    sink.on_message = [&](const std::string& message) {
        return MessageSink::Reply{{message == "large" ? large : "A:" + message}};
    };
    MllpSettings settings = on_a_free_port();
    settings.write_timeout = 100ms;
    MllpServer server(settings, sink);
    RawPeer slow(server.port());
    slow.send(frame("large") + frame("large") + frame("large"));
    ASSERT_TRUE(sink.wait_for_batches(1));
    RawPeer other(server.port());
    other.send(frame("MSH|1"));
    EXPECT_THAT(other.answers(1), ElementsAre("A:MSH|1"));
    ASSERT_TRUE(sink.wait_for_event(Code::write_timeout));
    EXPECT_TRUE(slow.closed_by_server());
    EXPECT_LT(slow.bytes_read(), 3 * large.size());
    EXPECT_EQ(server.counters().write_timeouts, 1U);
}

TEST(MllpServer, AReplyThatClosesSendsTheEarlierAnswersAndNothingElse) {
    RecordingSink sink;
    sink.on_message = [](const std::string& message) {
        return message == "2" ? MessageSink::Reply{{}, true} : MessageSink::Reply{{"A:" + message}};
    };
    MllpServer server(on_a_free_port(), sink);
    RawPeer peer(server.port());
    peer.send(frame("1") + frame("2") + frame("3"));
    EXPECT_THAT(peer.answers(3), ElementsAre("A:1"));
    EXPECT_TRUE(peer.closed_by_server());
}

TEST(MllpServer, AnEmptyReplySendsNothing) {
    RecordingSink sink;
    sink.on_message = [](const std::string& message) {
        return message == "MSA" ? MessageSink::Reply{} : MessageSink::Reply{{"A:" + message}};
    };
    MllpServer server(on_a_free_port(), sink);
    RawPeer peer(server.port());
    peer.send(frame("MSA") + frame("2"));
    EXPECT_THAT(peer.answers(1), ElementsAre("A:2"));
}

TEST(MllpServer, ADefectOfTheSinkEndsItsConnectionOnly) {
    RecordingSink sink;
    sink.on_message = [](const std::string& message) -> MessageSink::Reply {
        if (message == "bad") {
            throw std::logic_error("a bug");
        }
        return {{"A:" + message}};
    };
    MllpServer server(on_a_free_port(), sink);
    RawPeer bad(server.port());
    RawPeer good(server.port());
    bad.send(frame("bad"));
    EXPECT_TRUE(bad.closed_by_server());
    EXPECT_EQ(bad.bytes_read(), 0U);
    EXPECT_TRUE(sink.wait_for_event(Code::internal_fault));
    good.send(frame("1"));
    EXPECT_THAT(good.answers(1), ElementsAre("A:1"));
}

TEST(MllpServer, P13_StopAnswersWhatIsInFlightAndThenCloses) {
    std::latch in_sink(1);
    std::latch release(1);
    RecordingSink sink;
    sink.on_message = [&](const std::string& message) {
        if (message == "in flight") {
            in_sink.count_down();
            release.wait();
        }
        return MessageSink::Reply{{"A:" + message}};
    };
    MllpServer server(on_a_free_port(), sink);
    RawPeer busy(server.port());
    RawPeer idle(server.port());
    idle.send(frame("MSH|1"));
    EXPECT_THAT(idle.answers(1), ElementsAre("A:MSH|1"));
    busy.send(frame("in flight"));
    in_sink.wait();
    // Arrives whole while the first is being stored, together with the head of a third.
    busy.send(frame("arrived") + "\x0bhalf");

    std::thread stopping([&] { server.stop(); });
    EXPECT_TRUE(idle.closed_by_server()) << "an idle connection does not wait for the busy one";
    EXPECT_THROW(RawPeer(server.port()), Poco::Exception) << "no new connections";
    release.count_down();
    EXPECT_THAT(busy.answers(3), ElementsAre("A:in flight", "A:arrived"));
    EXPECT_TRUE(busy.closed_by_server());
    stopping.join();
    EXPECT_THAT(sink.quarantined(), IsEmpty()) << "we cut the third, not its sender";
    EXPECT_EQ(server.counters().open, 0U);
}

TEST(MllpServer, P13_StopCutsAPeerThatDoesNotTakeItsAnswer) {
    RecordingSink sink;
    const std::string large(std::size_t{16} << 20U, 'a');
    sink.on_message = [&](const std::string&) { return MessageSink::Reply{{large}}; };
    MllpSettings settings = on_a_free_port();
    settings.write_timeout = std::chrono::hours(1);
    settings.stop_timeout = 50ms;
    MllpServer server(settings, sink);
    RawPeer slow(server.port());
    slow.send(frame("large"));
    ASSERT_TRUE(sink.wait_for_batches(1));
    server.stop();
    EXPECT_EQ(server.counters().open, 0U);
}

TEST(MllpServer, StopMayBeCalledTwiceAndWithoutConnections) {
    RecordingSink sink;
    MllpServer server(on_a_free_port(), sink);
    server.stop();
    server.stop();
    EXPECT_FALSE(MllpClient::connect("127.0.0.1", server.port(), kPatience));
}

TEST(MllpServer, APortBelongsToOneServer) {
    RecordingSink sink;
    MllpServer server(on_a_free_port(), sink);
    MllpSettings settings = on_a_free_port();
    settings.port = server.port();
    EXPECT_THROW(MllpServer(settings, sink), Poco::Exception);
    server.stop();
    MllpServer next(settings, sink);
    EXPECT_EQ(next.port(), settings.port);
}

TEST(MllpServer, ManyConnectionsAtOnceGetTheirOwnAnswers) {
    constexpr int kConnections = 32;
    constexpr int kMessages = 50;
    RecordingSink sink;
    MllpServer server(on_a_free_port(), sink);
    std::latch start(kConnections);
    std::vector<std::thread> senders;
    std::atomic<int> right{0};
    for (int c = 0; c < kConnections; ++c) {
        senders.emplace_back([&, c] {
            Result<MllpClient> client = MllpClient::connect("127.0.0.1", server.port(), kPatience);
            start.arrive_and_wait();
            for (int m = 0; client && m < kMessages; ++m) {
                const std::string message = std::to_string(c) + "/" + std::to_string(m);
                const Result<std::string> answer = client->send(message);
                right += answer && *answer == "A:" + message ? 1 : 0;
            }
        });
    }
    for (std::thread& sender : senders) {
        sender.join();
    }
    EXPECT_EQ(right, kConnections * kMessages);
    EXPECT_EQ(server.counters().frames, static_cast<std::uint64_t>(kConnections * kMessages));
    EXPECT_EQ(server.counters().connections, static_cast<std::uint64_t>(kConnections));
    EXPECT_EQ(server.counters().refused, 0U);
    server.stop();
    EXPECT_EQ(server.counters().open, 0U);
}

TEST(MllpClient, SaysWhatWentWrong) {
    RecordingSink sink;
    sink.on_message = [](const std::string& message) {
        return message == "silent"  ? MessageSink::Reply{}
               : message == "close" ? MessageSink::Reply{{}, true}
                                    : MessageSink::Reply{{"cut\x0b" + message}};
    };
    MllpServer server(on_a_free_port(), sink);
    const auto send = [&](std::string_view message, std::chrono::milliseconds patience) {
        Result<MllpClient> client = MllpClient::connect("127.0.0.1", server.port(), patience);
        const Result<std::string> answer = client->send(message);
        return answer ? Code::none : answer.error().code;
    };
    EXPECT_EQ(send("silent", 200ms), Code::answer_timeout);
    EXPECT_EQ(send("close", kPatience), Code::connection_failed);
    EXPECT_EQ(send("broken answer", kPatience), Code::answer_unreadable);

    const std::uint16_t port = server.port();
    server.stop();
    const Result<MllpClient> client = MllpClient::connect("127.0.0.1", port, kPatience);
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().code, Code::connection_failed);
    EXPECT_EQ(MllpClient::connect("no-such-host.invalid", 1, 200ms).error().code,
              Code::connection_failed);
}

}  // namespace
}  // namespace labrelay::transport
