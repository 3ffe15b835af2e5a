#include "labrelay/transport/mllp_dialer.hpp"

#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "byte_stream.hpp"
#include "mllp_connection.hpp"

namespace labrelay::transport {

using std::chrono::steady_clock;

struct MllpDialer::Impl {
    Impl(DialSettings given, MessageSink& given_sink, LiveTraffic* given_live)
        : settings(std::move(given)),
          sink(given_sink),
          live(given_live),
          place(fmt::format("{}:{}", settings.host, settings.port)),
          thread([this] { dial_until_stopped(); }) {}

    void dial_until_stopped();
    /// Returns when the connection is over, or where there was none.
    void dial();
    /// Counted before it is told: whoever hears of a failure finds it in the counters.
    void report_failure(Code code, const std::string& detail);
    Result<void> connect(Poco::Net::StreamSocket& socket);
    Result<void> converse(Poco::Net::StreamSocket& socket);
    bool pause(std::chrono::milliseconds wait) const;

    const DialSettings settings;
    MessageSink& sink;
    LiveTraffic* const live;
    const std::string place;
    MllpTally tally;
    std::atomic<std::uint64_t> attempts{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<bool> connected{false};
    StopSignal stop;
    std::once_flag stopped;
    std::thread thread;  // last: it uses all of the above
};

void MllpDialer::Impl::dial_until_stopped() {
    std::chrono::milliseconds wait = settings.first_wait;
    for (;;) {
        const std::uint64_t frames_before = tally.frames;
        const SteadyTime began = steady_clock::now();
        ++attempts;
        dial();
        // A server that accepts and hangs up is not dialled any faster than one that is away.
        const bool lasted = steady_clock::now() - began > settings.longest_wait;
        if (tally.frames != frames_before || lasted) {
            wait = settings.first_wait;
        }
        if (!pause(wait)) {
            return;
        }
        wait = std::min(wait * 2, settings.longest_wait);
    }
}

bool MllpDialer::Impl::pause(std::chrono::milliseconds wait) const {
    return wait_readable(-1, stop.descriptor(), steady_clock::now() + wait) != SocketEvent::stopped;
}

void MllpDialer::Impl::report_failure(Code code, const std::string& detail) {
    connected = false;
    ++failures;
    sink.on_connection_event(code, place, detail);
}

void MllpDialer::Impl::dial() {
    Poco::Net::StreamSocket socket;
    try {
        Result<void> done = connect(socket);
        if (done) {
            connected = true;
            done = converse(socket);
            connected = false;
        }
        if (!done) {
            report_failure(done.error().code, done.error().detail);
        }
    } catch (const Poco::Exception& fault) {
        report_failure(Code::dial_failed, fault.displayText());
    } catch (const std::exception& defect) {
        // The boundary of a connection: whatever went wrong ends this one only.
        report_failure(Code::internal_fault, defect.what());
    }
    socket.close();
}

Result<void> MllpDialer::Impl::connect(Poco::Net::StreamSocket& socket) {
    socket.connectNB(Poco::Net::SocketAddress(settings.host, settings.port));
    const int descriptor = socket.impl()->sockfd();
    switch (wait_writable(descriptor, stop.descriptor(),
                          steady_clock::now() + settings.connect_timeout)) {
        case SocketEvent::ready:
            break;
        case SocketEvent::stopped:
            return fail(Code::dial_failed, {}, "stopped");
        case SocketEvent::timed_out:
            return fail(Code::dial_failed, {}, "no answer in time");
        case SocketEvent::closed:
        case SocketEvent::failed:
            return fail(Code::dial_failed, {}, "failed");
    }
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        return fail(Code::dial_failed, {}, std::generic_category().message(error));
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    return {};
}

Result<void> MllpDialer::Impl::converse(Poco::Net::StreamSocket& socket) {
    const int descriptor = socket.impl()->sockfd();
    Origin origin{0, socket.peerAddress().toString(), {}};
    ConnectionPeer peer{
        settings.conversation.name, origin.peer, settings.conversation.tls != nullptr, {}, {}};
    std::unique_ptr<ByteStream> stream;
    if (settings.conversation.tls) {
        Result<SecureStream> secure =
            connect_tls(*settings.conversation.tls, descriptor, settings.host, stop.descriptor(),
                        steady_clock::now() + settings.conversation.handshake_timeout);
        if (!secure) {
            ++tally.handshakes_failed;
            return tl::unexpected(secure.error());
        }
        origin.certificate = std::move(secure->peer_certificate);
        peer.subject = std::move(secure->peer_subject);
        peer.expires = secure->peer_expires;
        stream = std::move(secure->stream);
    } else {
        stream = plain_stream(descriptor);
    }
    ++tally.connections;
    std::optional<LiveTraffic::Connection> open;
    if (live != nullptr) {
        open.emplace(*live, std::move(peer));
    }
    MllpConnection(std::move(stream), std::move(origin),
                   {settings.conversation, sink, tally, stop, open ? &*open : nullptr})
        .converse();
    return {};
}

MllpDialer::MllpDialer(DialSettings settings, MessageSink& sink, LiveTraffic* live)
    : impl_(std::make_unique<Impl>(std::move(settings), sink, live)) {}

MllpDialer::~MllpDialer() {
    stop();
}

void MllpDialer::stop() {
    std::call_once(impl_->stopped, [this] {
        impl_->stop.raise();
        impl_->thread.join();
    });
}

DialCounters MllpDialer::counters() const {
    return {impl_->attempts, impl_->failures, impl_->connected, impl_->tally.read()};
}

}  // namespace labrelay::transport
