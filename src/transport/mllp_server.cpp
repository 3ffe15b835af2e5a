#include "labrelay/transport/mllp_server.hpp"

#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <condition_variable>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>

#include "mllp_connection.hpp"

namespace labrelay::transport {
namespace {

constexpr int kBacklog = 64;
constexpr std::chrono::milliseconds kAfterFailedAccept{100};

// A peer that vanished without a word is noticed after two minutes, not after the kernel's two
// hours.
void set_options(Poco::Net::StreamSocket& socket) {
    socket.setKeepAlive(true);
    socket.setNoDelay(true);
    socket.setOption(IPPROTO_TCP, TCP_KEEPIDLE, 60);
    socket.setOption(IPPROTO_TCP, TCP_KEEPINTVL, 10);
    socket.setOption(IPPROTO_TCP, TCP_KEEPCNT, 6);
}

// Without SO_REUSEPORT, which POCO would set along with SO_REUSEADDR: a second engine on the same
// port would silently get half of the connections.
Poco::Net::ServerSocket listen_on(const std::string& host, std::uint16_t port) {
    Poco::Net::ServerSocket socket;
    socket.bind(Poco::Net::SocketAddress(host, port), true, false);
    socket.listen(kBacklog);
    socket.setBlocking(false);
    return socket;
}

}  // namespace

struct MllpServer::Impl {
    struct Peer {
        Poco::Net::StreamSocket socket;
        std::string host;  ///< its address without the port
        std::thread thread;
        bool done = false;
        bool superseded = false;
    };

    Impl(MllpSettings given, MessageSink& given_sink)
        : settings(std::move(given)),
          sink(given_sink),
          listener(listen_on(settings.host, settings.port)),
          port(listener.address().port()),
          acceptor([this] { accept_until_stopped(); }) {}

    void accept_until_stopped();
    void admit(Poco::Net::StreamSocket& socket, const Poco::Net::SocketAddress& from);
    const char* limit_reached(const std::string& host);
    void supersede(const std::string& host);
    void refuse(Poco::Net::StreamSocket& socket, const std::string& address, const char* why);
    void serve(Peer& peer, const std::string& address);
    void converse(int socket, const std::string& address);
    void join_finished();
    void stop_all();

    const MllpSettings settings;
    MessageSink& sink;
    MllpTally tally;
    StopSignal stop_accepting;
    StopSignal stop_connections;
    Poco::Net::ServerSocket listener;
    const std::uint16_t port;

    std::mutex mutex;  // guards peers and their `done`; a socket is closed under it
    std::condition_variable finished;
    std::list<Peer> peers;

    std::once_flag stopped;
    std::thread acceptor;  // last: it uses all of the above
};

void MllpServer::Impl::accept_until_stopped() {
    const SteadyTime never = SteadyTime::max();
    const int descriptor = listener.impl()->sockfd();
    while (wait_readable(descriptor, stop_accepting.descriptor(), never) != SocketEvent::stopped) {
        try {
            Poco::Net::SocketAddress address;
            Poco::Net::StreamSocket socket = listener.acceptConnection(address);
            join_finished();
            admit(socket, address);
        } catch (const Poco::TimeoutException&) {
            // The client went away between the wait and the accept.
        } catch (const Poco::Exception& failure) {
            sink.on_connection_event(Code::connection_failed, {}, failure.displayText());
            // Out of descriptors, the listener stays readable: do not spin.
            wait_readable(-1, stop_accepting.descriptor(),
                          std::chrono::steady_clock::now() + kAfterFailedAccept);
        }
    }
}

/// Why a connection of this address is one too many; null where it is not.
const char* MllpServer::Impl::limit_reached(const std::string& host) {
    const std::lock_guard lock(mutex);
    int all = 0;
    int of_peer = 0;
    for (const Peer& peer : peers) {
        const bool counts = !peer.done && !peer.superseded;
        all += counts ? 1 : 0;
        of_peer += counts && peer.host == host ? 1 : 0;
    }
    if (all >= settings.max_connections) {
        return "max_connections";
    }
    const int most = settings.max_connections_per_peer;
    return most > 0 && of_peer >= most ? "max_connections_per_peer" : nullptr;
}

/// What the peer had sent whole is committed all the same; it finds the answer lost, sends it again
/// and gets the same one.
void MllpServer::Impl::supersede(const std::string& host) {
    const std::lock_guard lock(mutex);
    for (Peer& peer : peers) {
        if (!peer.done && !peer.superseded && peer.host == host) {
            peer.superseded = true;
            ++tally.superseded;
            ::shutdown(peer.socket.impl()->sockfd(), SHUT_RDWR);
            sink.on_connection_event(Code::superseded, host, settings.name);
        }
    }
}

void MllpServer::Impl::admit(Poco::Net::StreamSocket& socket,
                             const Poco::Net::SocketAddress& from) {
    const std::string address = from.toString();
    const std::string host = from.host().toString();
    if (settings.one_connection) {
        supersede(host);
    }
    if (const char* limit = limit_reached(host)) {
        refuse(socket, address, limit);
        return;
    }
    set_options(socket);
    const std::lock_guard lock(mutex);
    Peer& peer = peers.emplace_back();
    peer.socket = socket;
    peer.host = host;
    // Counted before it is served: whoever has an answer finds its connection in the counters.
    ++tally.open;
    ++tally.connections;
    try {
        peer.thread = std::thread([this, &peer, address] { serve(peer, address); });
    } catch (const std::system_error& failure) {
        --tally.open;
        --tally.connections;
        peers.pop_back();
        refuse(socket, address, failure.what());
    }
}

void MllpServer::Impl::refuse(Poco::Net::StreamSocket& socket, const std::string& address,
                              const char* why) {
    ++tally.refused;
    socket.close();
    sink.on_connection_event(Code::connection_limit, address,
                             fmt::format("{}: {}", settings.name, why));
}

void MllpServer::Impl::converse(int socket, const std::string& address) {
    Origin origin{port, address, {}};
    std::unique_ptr<ByteStream> stream;
    if (settings.tls) {
        Result<SecureStream> secure =
            accept_tls(*settings.tls, socket, stop_connections.descriptor(),
                       std::chrono::steady_clock::now() + settings.handshake_timeout);
        if (!secure) {
            ++tally.handshakes_failed;
            sink.on_connection_event(secure.error().code, address, secure.error().detail);
            return;
        }
        origin.certificate = std::move(secure->peer_certificate);
        stream = std::move(secure->stream);
    } else {
        stream = plain_stream(socket);
    }
    MllpConnection(std::move(stream), std::move(origin), {settings, sink, tally, stop_connections})
        .converse();
}

void MllpServer::Impl::serve(Peer& peer, const std::string& address) {
    try {
        converse(peer.socket.impl()->sockfd(), address);
    } catch (const std::exception& defect) {
        // The boundary of a connection: whatever went wrong ends this one only, without an answer.
        sink.on_connection_event(Code::internal_fault, address, defect.what());
    }
    const std::lock_guard lock(mutex);
    peer.socket.close();
    peer.done = true;
    --tally.open;
    finished.notify_all();
}

void MllpServer::Impl::join_finished() {
    std::list<Peer> ended;
    {
        const std::lock_guard lock(mutex);
        for (auto peer = peers.begin(); peer != peers.end();) {
            const auto next = std::next(peer);
            if (peer->done) {
                ended.splice(ended.end(), peers, peer);
            }
            peer = next;
        }
    }
    for (Peer& peer : ended) {
        peer.thread.join();
    }
}

void MllpServer::Impl::stop_all() {
    stop_accepting.raise();
    acceptor.join();
    listener.close();
    stop_connections.raise();
    {
        std::unique_lock lock(mutex);
        const auto all_done = [&] { return tally.open == 0; };
        if (!finished.wait_for(lock, settings.stop_timeout, all_done)) {
            for (Peer& peer : peers) {
                if (!peer.done) {
                    ::shutdown(peer.socket.impl()->sockfd(), SHUT_RDWR);
                }
            }
            finished.wait(lock, all_done);
        }
    }
    join_finished();
}

MllpServer::MllpServer(MllpSettings settings, MessageSink& sink)
    : impl_(std::make_unique<Impl>(std::move(settings), sink)) {}

MllpServer::~MllpServer() {
    stop();
}

std::uint16_t MllpServer::port() const {
    return impl_->port;
}

void MllpServer::stop() {
    std::call_once(impl_->stopped, [this] { impl_->stop_all(); });
}

MllpCounters MllpServer::counters() const {
    return impl_->tally.read();
}

}  // namespace labrelay::transport
