#include "labrelay/transport/mllp_server.hpp"

#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "mllp_connection.hpp"
#include "proxy_header.hpp"

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
        std::string host;  ///< its address without the port; empty until its proxy has named it
        std::thread thread;
        bool done = false;
        bool superseded = false;
    };

    Impl(MllpSettings given, MessageSink& given_sink, LiveTraffic* given_live)
        : settings(std::move(given)),
          sink(given_sink),
          live(given_live),
          listener(listen_on(settings.host, settings.port)),
          port(listener.address().port()),
          acceptor([this] { accept_until_stopped(); }) {}

    void accept_until_stopped();
    void admit(Poco::Net::StreamSocket& socket, const Poco::Net::SocketAddress& from);
    bool is_full();
    bool has_enough(const std::string& host);
    void supersede(const std::string& host, const Peer* by);
    std::optional<std::string> named_by_proxy(Peer& peer, const std::string& address);
    bool is_proxy(const std::string& address) const;
    void refuse(Poco::Net::StreamSocket& socket, const std::string& address, const char* why);
    void serve(Peer& peer, std::string address);
    void converse(int socket, const std::string& address);
    void join_finished();
    void stop_all();

    const MllpSettings settings;
    MessageSink& sink;
    LiveTraffic* const live;
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

bool MllpServer::Impl::is_proxy(const std::string& address) const {
    return std::ranges::any_of(settings.trusted_proxies, [&](const mapping::PeerRange& range) {
        return range.contains(address);
    });
}

bool MllpServer::Impl::is_full() {
    const std::lock_guard lock(mutex);
    const auto open = std::ranges::count_if(
        peers, [](const Peer& peer) { return !peer.done && !peer.superseded; });
    return open >= settings.max_connections;
}

/// Another connection of this address would be over its limit.
bool MllpServer::Impl::has_enough(const std::string& host) {
    if (settings.max_connections_per_peer == 0 || host.empty()) {
        return false;
    }
    const std::lock_guard lock(mutex);
    const auto open = std::ranges::count_if(peers, [&](const Peer& peer) {
        return !peer.done && !peer.superseded && peer.host == host;
    });
    return open >= settings.max_connections_per_peer;
}

/// What the peer had sent whole is committed all the same; it finds the answer lost, sends it again
/// and gets the same one.
void MllpServer::Impl::supersede(const std::string& host, const Peer* by) {
    const std::lock_guard lock(mutex);
    for (Peer& peer : peers) {
        if (&peer != by && !peer.done && !peer.superseded && peer.host == host) {
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
    const std::string host = is_proxy(address) ? std::string() : from.host().toString();
    if (settings.one_connection && !host.empty()) {
        supersede(host, nullptr);
    }
    if (is_full() || has_enough(host)) {
        refuse(socket, address, is_full() ? "max_connections" : "max_connections_per_peer");
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
    // Said and counted before the peer can see it.
    sink.on_connection_event(Code::connection_limit, address,
                             fmt::format("{}: {}", settings.name, why));
    ++tally.refused;
    socket.close();
}

void MllpServer::Impl::converse(int socket, const std::string& address) {
    Origin origin{port, address, {}};
    ConnectionPeer peer{settings.name, address, settings.tls != nullptr, {}, {}};
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
        peer.subject = std::move(secure->peer_subject);
        peer.expires = secure->peer_expires;
        stream = std::move(secure->stream);
    } else {
        stream = plain_stream(socket);
    }
    std::optional<LiveTraffic::Connection> open;
    if (live != nullptr) {
        open.emplace(*live, std::move(peer));
    }
    MllpConnection(std::move(stream), std::move(origin),
                   {settings, sink, tally, stop_connections, open ? &*open : nullptr})
        .converse();
}

/// Where the connection comes from a proxy: the address that it names, under the limits of an
/// address. Nothing: the connection ends without a word, and whoever must know has been told.
std::optional<std::string> MllpServer::Impl::named_by_proxy(Peer& peer,
                                                            const std::string& address) {
    Result<std::optional<ProxyHeader>> header =
        read_proxy_header(peer.socket.impl()->sockfd(), stop_connections.descriptor(),
                          std::chrono::steady_clock::now() + settings.handshake_timeout);
    if (!header) {
        ++tally.handshakes_failed;
        sink.on_connection_event(header.error().code, address, header.error().detail);
        return std::nullopt;
    }
    if (!*header) {
        return std::nullopt;  // a check of the port
    }
    if (!(*header)->source) {
        return address;  // the proxy itself
    }
    std::string source = *(*header)->source;
    const std::string host = Poco::Net::SocketAddress(source).host().toString();
    if (settings.one_connection) {
        supersede(host, &peer);
    }
    if (has_enough(host)) {
        ++tally.refused;
        sink.on_connection_event(Code::connection_limit, source,
                                 fmt::format("{}: max_connections_per_peer", settings.name));
        return std::nullopt;
    }
    const std::lock_guard lock(mutex);
    peer.host = host;
    return source;
}

void MllpServer::Impl::serve(Peer& peer, std::string address) {
    try {
        if (is_proxy(address)) {
            std::optional<std::string> named = named_by_proxy(peer, address);
            address = named ? std::move(*named) : std::string();
        }
        if (!address.empty()) converse(peer.socket.impl()->sockfd(), address);
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

MllpServer::MllpServer(MllpSettings settings, MessageSink& sink, LiveTraffic* live)
    : impl_(std::make_unique<Impl>(std::move(settings), sink, live)) {}

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
