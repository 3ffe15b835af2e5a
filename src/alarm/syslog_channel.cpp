// RFC 5424 messages: one a datagram (UDP, or the host's own socket), or counted in octets (TCP,
// RFC 6587).
#include <Poco/Environment.h>
#include <Poco/Exception.h>
#include <Poco/Net/DatagramSocket.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/URI.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "channels.hpp"

namespace labrelay::alarm {
namespace {

constexpr std::string_view kLocal = "unix:";

/// A socket of this host; POCO's datagram sockets know only the internet's.
Result<void> send_locally(const std::string& path, const std::string& message) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
        return not_sent("the socket's path is too long");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        return not_sent(std::strerror(errno));
    }
    const ssize_t sent =
        ::sendto(socket, message.data(), message.size(), MSG_NOSIGNAL,
                 static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof(address));
    const int error = errno;
    ::close(socket);
    if (sent != static_cast<ssize_t>(message.size())) {
        return not_sent(fmt::format("{}: {}", path, std::strerror(error)));
    }
    return {};
}

class SyslogChannel final : public Channel {
public:
    explicit SyslogChannel(const ChannelSettings& settings)
        : url_(settings.url), host_(Poco::Environment::nodeName()) {}

    Result<void> send(const Notice& notice) override {
        const std::string message = syslog_message(notice, host_);
        if (url_.starts_with(kLocal)) {
            return send_locally(url_.substr(kLocal.size()), message);
        }
        try {
            const Poco::URI url(url_);
            const Poco::Net::SocketAddress address(url.getHost(), url.getPort());
            if (url.getScheme() == "udp") {
                Poco::Net::DatagramSocket socket(address.family());
                socket.sendTo(message.data(), static_cast<int>(message.size()), address);
                return {};
            }
            Poco::Net::StreamSocket socket;
            socket.connect(address, Poco::Timespan(10, 0));
            socket.setSendTimeout(Poco::Timespan(20, 0));
            const std::string counted = fmt::format("{} {}", message.size(), message);
            int sent = 0;
            while (sent < static_cast<int>(counted.size())) {
                sent += socket.sendBytes(counted.data() + sent,
                                         static_cast<int>(counted.size()) - sent);
            }
            socket.shutdownSend();
            return {};
        } catch (const Poco::Exception& fault) {
            return not_sent(fault.displayText());
        }
    }

private:
    std::string url_;
    std::string host_;
};

}  // namespace

std::unique_ptr<Channel> syslog_channel(const ChannelSettings& settings) {
    return std::make_unique<SyslogChannel>(settings);
}

}  // namespace labrelay::alarm
