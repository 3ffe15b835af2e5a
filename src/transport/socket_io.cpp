#include "socket_io.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <system_error>

namespace labrelay::transport {
namespace {

int poll_milliseconds(SteadyTime deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const auto longest = static_cast<std::int64_t>(std::numeric_limits<int>::max());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, longest));
}

SocketEvent wait_for(int socket, short events, int stop_signal, SteadyTime deadline) {
    for (;;) {
        std::array<pollfd, 2> watched{{{socket, events, 0}, {stop_signal, POLLIN, 0}}};
        const int ready = ::poll(watched.data(), watched.size(), poll_milliseconds(deadline));
        if (ready < 0 && errno != EINTR) {
            return SocketEvent::failed;
        }
        if (ready > 0) {
            if (watched[1].revents != 0) {
                return SocketEvent::stopped;
            }
            return SocketEvent::ready;  // also POLLERR and POLLHUP: the next call says what it is
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            return SocketEvent::timed_out;
        }
    }
}

}  // namespace

StopSignal::StopSignal() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) {
        throw std::system_error(errno, std::generic_category(), "eventfd");
    }
}

StopSignal::~StopSignal() {
    ::close(descriptor_);
}

void StopSignal::raise() noexcept {
    const std::uint64_t one = 1;
    // Can only fail when the counter is full, and then it is raised.
    [[maybe_unused]] const ssize_t written = ::write(descriptor_, &one, sizeof one);
}

SocketEvent wait_readable(int socket, int stop_signal, SteadyTime deadline) {
    return wait_for(socket, POLLIN, stop_signal, deadline);
}

SocketEvent wait_writable(int socket, int stop_signal, SteadyTime deadline) {
    return wait_for(socket, POLLOUT, stop_signal, deadline);
}

ReadOutcome read_available(int socket, std::span<char> buffer) {
    for (;;) {
        const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size > 0) {
            return {SocketEvent::ready, static_cast<std::size_t>(size)};
        }
        if (size == 0) {
            return {SocketEvent::closed, 0};
        }
        if (errno == EAGAIN) {
            return {SocketEvent::timed_out, 0};
        }
        if (errno != EINTR) {
            return {SocketEvent::failed, 0};
        }
    }
}

SocketEvent write_all(int socket, std::string_view bytes, SteadyTime deadline) {
    while (!bytes.empty()) {
        const ssize_t size =
            ::send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(size));
            continue;
        }
        if (errno == EINTR) {
            continue;
        }
        if (errno != EAGAIN) {
            return SocketEvent::failed;
        }
        // A peer that takes a few bytes at a time does not prolong the deadline.
        if (std::chrono::steady_clock::now() >= deadline) {
            return SocketEvent::timed_out;
        }
        const SocketEvent event = wait_for(socket, POLLOUT, -1, deadline);
        if (event != SocketEvent::ready) {
            return event;
        }
    }
    return SocketEvent::ready;
}

}  // namespace labrelay::transport
