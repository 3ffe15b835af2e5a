#include "labrelay/transport/mllp_client.hpp"

#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "byte_stream.hpp"
#include "labrelay/hl7/mllp_framer.hpp"

namespace labrelay::transport {
namespace {

using std::chrono::steady_clock;

/// An acknowledgement is small; a peer that sends more than this is no MLLP receiver.
constexpr std::size_t kMaxAnswer = std::size_t{1} << 20U;

}  // namespace

struct MllpClient::Impl {
    Poco::Net::StreamSocket socket;
    std::shared_ptr<const TlsContext> tls;
    std::unique_ptr<ByteStream> stream;
    std::string server_certificate;
    Place peer;
    std::chrono::milliseconds timeout;
    hl7::MllpFramer framer{kMaxAnswer};
    std::array<char, std::size_t{16} * 1024> buffer{};

    /// `ready`: the framer knows more than before.
    SocketEvent feed_framer(SteadyTime deadline);
};

SocketEvent MllpClient::Impl::feed_framer(SteadyTime deadline) {
    const bool awaits_end = framer.awaits_end();
    const SteadyTime settled = steady_clock::now() + kFrameSettles;
    const SocketEvent waited =
        stream->wait(-1, awaits_end ? std::min(deadline, settled) : deadline);
    if (waited == SocketEvent::timed_out && awaits_end) {
        framer.settle();
        return SocketEvent::ready;
    }
    if (waited != SocketEvent::ready) {
        return waited;
    }
    const ReadOutcome read = stream->read(buffer);
    if (read.event == SocketEvent::ready) {
        framer.feed({buffer.data(), read.size});
        return SocketEvent::ready;
    }
    if (read.event == SocketEvent::timed_out) {
        return SocketEvent::ready;
    }
    if (awaits_end) {
        framer.settle();
        return SocketEvent::ready;
    }
    return read.event;
}

MllpClient::MllpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MllpClient::MllpClient(MllpClient&&) noexcept = default;
MllpClient& MllpClient::operator=(MllpClient&&) noexcept = default;
MllpClient::~MllpClient() = default;

Result<MllpClient> MllpClient::connect(const std::string& host, std::uint16_t port,
                                       std::chrono::milliseconds timeout,
                                       std::shared_ptr<const TlsContext> tls) {
    auto impl = std::make_unique<Impl>();
    impl->peer = Place{fmt::format("{}:{}", host, port)};
    impl->timeout = timeout;
    try {
        const std::chrono::microseconds wait = timeout;
        impl->socket.connect(Poco::Net::SocketAddress(host, port), Poco::Timespan(wait.count()));
        impl->socket.setNoDelay(true);
        impl->socket.setKeepAlive(true);
    } catch (const Poco::Exception& failure) {
        return fail(Code::connection_failed, impl->peer, failure.displayText());
    }
    const int descriptor = impl->socket.impl()->sockfd();
    if (!tls) {
        impl->stream = plain_stream(descriptor);
        return MllpClient(std::move(impl));
    }
    impl->tls = std::move(tls);
    Result<SecureStream> secure =
        connect_tls(*impl->tls, descriptor, host, -1, steady_clock::now() + timeout);
    if (!secure) {
        return fail(secure.error().code, impl->peer, secure.error().detail);
    }
    impl->stream = std::move(secure->stream);
    impl->server_certificate = std::move(secure->peer_certificate);
    return MllpClient(std::move(impl));
}

const std::string& MllpClient::server_certificate() const {
    return impl_->server_certificate;
}

Result<std::string> MllpClient::send(std::string_view message) {
    if (Result<void> written = write(message); !written) {
        return tl::unexpected<Error>(written.error());
    }
    return read_answer();
}

Result<void> MllpClient::write(std::string_view message) {
    const SteadyTime deadline = steady_clock::now() + impl_->timeout;
    switch (impl_->stream->write(hl7::mllp_wrap(message), deadline)) {
        case SocketEvent::ready:
            return {};
        case SocketEvent::timed_out:
            return fail(Code::connection_failed, impl_->peer, "the peer does not read");
        case SocketEvent::stopped:
        case SocketEvent::closed:
        case SocketEvent::failed:
            break;
    }
    return fail(Code::connection_failed, impl_->peer, "the peer closed the connection");
}

Result<std::string> MllpClient::read_answer() {
    const SteadyTime deadline = steady_clock::now() + impl_->timeout;
    for (;;) {
        if (std::optional<hl7::MllpFrame> frame = impl_->framer.next()) {
            if (frame->kind != hl7::MllpFrame::Kind::payload) {
                return fail(Code::answer_unreadable, impl_->peer, "not a whole MLLP frame");
            }
            return std::move(frame->bytes);
        }
        switch (impl_->feed_framer(deadline)) {
            case SocketEvent::ready:
            case SocketEvent::stopped:
                continue;
            case SocketEvent::timed_out:
                return fail(Code::answer_timeout, impl_->peer,
                            fmt::format("{} ms", impl_->timeout.count()));
            case SocketEvent::closed:
            case SocketEvent::failed:
                break;
        }
        return fail(Code::connection_failed, impl_->peer, "closed before the answer came");
    }
}

}  // namespace labrelay::transport
