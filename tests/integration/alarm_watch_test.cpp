// The watch over a real store: what cannot be stored is told all the same, and syslog's ways out.
#include <Poco/Net/DatagramSocket.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponseImpl.h>
#include <Poco/Net/HTTPServerSession.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/StreamCopier.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "labrelay/app/alarm_watch.hpp"
#include "labrelay/store/incident_desk.hpp"
#include "labrelay/store/sql_commit_store.hpp"
#include "shipped_mapping.hpp"
#include "temporary_directory.hpp"

namespace labrelay::app {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const Poco::Timespan kPatience(20, 0);
const Poco::Net::SocketAddress kAnyPort("127.0.0.1", std::uint16_t{0});

/// A clock that is moved while others read it.
class SharedClock final : public Clock {
public:
    Instant now() const override { return Instant{now_}; }
    void pass(std::int64_t seconds) { now_ += seconds * 1'000'000; }

private:
    std::atomic<std::int64_t> now_{1'780'000'000'000'000};
};

class Listener {
public:
    Listener() : socket_(kAnyPort) { socket_.setReceiveTimeout(kPatience); }
    std::string url() const { return fmt::format("udp://127.0.0.1:{}", socket_.address().port()); }
    std::string next() {
        std::array<char, 4096> bytes{};
        const int size = socket_.receiveBytes(bytes.data(), static_cast<int>(bytes.size()));
        return {bytes.data(), static_cast<std::size_t>(size)};
    }

private:
    Poco::Net::DatagramSocket socket_;
};

/// A webhook that answers as it is told to.
class Hook {
public:
    std::string url() const {
        return fmt::format("http://127.0.0.1:{}/", server_.address().port());
    }
    /// Kind and state of the next notice; what is told twice in a row counts once.
    std::string next(Poco::Net::HTTPResponse::HTTPStatus status) {
        for (;;) {
            const nlohmann::json notice = nlohmann::json::parse(answer(status), nullptr, false);
            if (!notice.is_object()) {
                return "nothing";
            }
            std::string told =
                notice["kind"].get<std::string>() + " " + notice["state"].get<std::string>();
            if (std::exchange(last_, told) != told) {
                return told;
            }
        }
    }

private:
    std::string answer(Poco::Net::HTTPResponse::HTTPStatus status) {
        if (!server_.poll(kPatience, Poco::Net::Socket::SELECT_READ)) {
            return {};
        }
        Poco::Net::HTTPServerParams::Ptr settings = new Poco::Net::HTTPServerParams;
        Poco::Net::HTTPServerSession session(server_.acceptConnection(), settings);
        Poco::Net::HTTPServerResponseImpl response(session);
        Poco::Net::HTTPServerRequestImpl request(response, session, settings);
        std::string body;
        Poco::StreamCopier::copyToString(request.stream(), body);
        response.setStatusAndReason(status);
        response.setContentLength(0);
        response.setKeepAlive(false);
        response.send().flush();
        return body;
    }

    Poco::Net::ServerSocket server_{kAnyPort};
    std::string last_;
};

TEST(AlarmWatch, WhatCannotBeSentKeepsNothingElseBack) {
    const test::TemporaryDirectory temporary;
    SharedClock clock;
    const auto directory =
        store::DataDirectory::open(temporary.path() / "data", store::DataDirectory::Use::write);
    ASSERT_TRUE(directory);
    const auto writer = store::StoreWriter::open(*directory, clock, {});
    ASSERT_TRUE(writer);
    const pipeline::Snapshots snapshots(std::shared_ptr<const mapping::Configuration>(
                                            &test::shipped_configuration(), [](const auto*) {}),
                                        study::Registry{});
    const std::filesystem::path secret = temporary.path() / "secret";
    std::ofstream(secret) << "key\n";
    std::filesystem::permissions(secret, std::filesystem::perms::owner_read);
    Hook hook;
    ServerSettings settings;
    settings.alarm_channels["hook"].name = "hook";
    settings.alarm_channels["hook"].kind = alarm::ChannelSettings::Kind::webhook;
    settings.alarm_channels["hook"].url = hook.url();
    settings.alarm_channels["hook"].secret_file = secret;
    settings.alarm_limits.disk_free_percent = 0;  // whatever this machine's disk holds
    settings.alarm_interval = std::chrono::milliseconds(0);
    std::atomic<bool> well = false;
    std::atomic<bool> silent = false;
    std::atomic<int> looks = 0;
    AlarmWatch::Ports ports;
    ports.node = "node 0";
    ports.sources = [&] {
        alarm::SourceFact lis;
        lis.id = "lis";
        lis.silent = silent;
        return std::vector{lis};
    };
    ports.targets = [] { return std::vector<alarm::TargetFact>(); };
    ports.store_well = [&] {
        ++looks;
        looks.notify_all();
        return well.load();
    };
    AlarmWatch watch(settings, *directory, **writer, snapshots, clock, std::move(ports));
    watch.start();
    for (int seen = looks; seen < 2; seen = looks) {
        looks.wait(seen);
    }
    clock.pass(11);
    using Poco::Net::HTTPResponse;
    EXPECT_EQ(hook.next(HTTPResponse::HTTP_SERVICE_UNAVAILABLE), "store-away open");
    silent = true;
    EXPECT_EQ(hook.next(HTTPResponse::HTTP_OK), "source-silent open");
    clock.pass(60);
    well = true;
    EXPECT_EQ(hook.next(HTTPResponse::HTTP_OK), "store-away open") << "not its end before it";
    EXPECT_EQ(hook.next(HTTPResponse::HTTP_OK), "store-away over");
    watch.stop();
}

TEST(AlarmWatch, AStoreThatIsAwayIsToldFromMemoryAndStoredAfterwards) {
    const test::TemporaryDirectory temporary;
    SharedClock clock;
    const auto directory =
        store::DataDirectory::open(temporary.path() / "data", store::DataDirectory::Use::write);
    ASSERT_TRUE(directory);
    const auto writer = store::StoreWriter::open(*directory, clock, {});
    ASSERT_TRUE(writer);
    const pipeline::Snapshots snapshots(std::shared_ptr<const mapping::Configuration>(
                                            &test::shipped_configuration(), [](const auto*) {}),
                                        study::Registry{});
    Listener listener;
    ServerSettings settings;
    settings.alarm_channels["log"].name = "log";
    settings.alarm_channels["log"].kind = alarm::ChannelSettings::Kind::syslog;
    settings.alarm_channels["log"].url = listener.url();
    settings.alarm_limits.disk_free_percent = 0;  // whatever this machine's disk holds
    std::atomic<bool> well = false;
    std::atomic<int> looks = 0;
    AlarmWatch::Ports ports;
    ports.node = "node 0";
    ports.sources = [] { return std::vector<alarm::SourceFact>(); };
    ports.targets = [] { return std::vector<alarm::TargetFact>(); };
    ports.store_well = [&] {
        ++looks;
        looks.notify_all();
        return well.load();
    };
    AlarmWatch watch(settings, *directory, **writer, snapshots, clock, std::move(ports));
    watch.start();
    const auto look = [&](int times) {
        for (int seen = looks; seen < times; seen = looks) {
            watch.wake();
            looks.wait(seen);
        }
    };
    look(2);  // the first one is over: since then it is away
    clock.pass(9);
    look(looks + 2);  // so long it is an ordinary pause
    clock.pass(2);
    watch.wake();
    EXPECT_THAT(listener.next(), HasSubstr("The store cannot be written from node 0."));
    well = true;
    watch.wake();
    EXPECT_THAT(listener.next(), HasSubstr("Over: The store cannot be written from node 0."));
    watch.stop();
    auto session = store::ReadSession::open(*directory);
    ASSERT_TRUE(session);
    const std::vector<store::IncidentRow> rows = store::incidents(*session, 0, 10);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].kind, "store-away");
    EXPECT_TRUE(rows[0].closed);
}

alarm::Notice a_notice() {
    alarm::Notice notice;
    notice.kind = "test";
    notice.text = "This is a trial.";
    notice.advice = "Nothing to do.";
    return notice;
}

alarm::ChannelSettings syslog(const std::string& url) {
    alarm::ChannelSettings settings;
    settings.kind = alarm::ChannelSettings::Kind::syslog;
    settings.url = url;
    return settings;
}

TEST(SyslogChannel, CountsOctetsOverTcp) {
    Poco::Net::ServerSocket server(kAnyPort);
    const auto channel =
        alarm::make_channel(syslog(fmt::format("tcp://127.0.0.1:{}", server.address().port())));
    ASSERT_TRUE(channel->send(a_notice()));
    Poco::Net::StreamSocket peer = server.acceptConnection();
    peer.setReceiveTimeout(kPatience);
    std::string all;
    std::array<char, 512> part{};
    for (int size = 1; size > 0;) {
        size = peer.receiveBytes(part.data(), static_cast<int>(part.size()));
        all.append(part.data(), static_cast<std::size_t>(std::max(size, 0)));
    }
    const std::size_t blank = all.find(' ');
    EXPECT_EQ(std::stoul(all.substr(0, blank)), all.size() - blank - 1);
    EXPECT_THAT(all.substr(blank + 1), StartsWith("<27>1 "));
    server.close();
    EXPECT_EQ(channel->send(a_notice()).error().code, Code::alarm_not_sent);
}

TEST(SyslogChannel, SpeaksToTheHostsOwnSocket) {
    const test::TemporaryDirectory temporary;
    const std::string path = (temporary.path() / "log").string();
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    ASSERT_EQ(::bind(socket, static_cast<const sockaddr*>(static_cast<const void*>(&address)),
                     sizeof(address)),
              0);
    const auto channel = alarm::make_channel(syslog("unix:" + path));
    ASSERT_TRUE(channel->send(a_notice()));
    std::array<char, 4096> bytes{};
    const ssize_t size = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    ::close(socket);
    ASSERT_GT(size, 0);
    EXPECT_THAT(std::string(bytes.data(), static_cast<std::size_t>(size)),
                HasSubstr("Nothing to do. This is a trial."));
    EXPECT_EQ(channel->send(a_notice()).error().code, Code::alarm_not_sent);
}

}  // namespace
}  // namespace labrelay::app
