#include "connection_watch.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace labrelay::api {

using std::chrono::steady_clock;

ConnectionWatch::Connection::Connection(ConnectionWatch& watch, int socket)
    : watch_(watch), socket_(::fcntl(socket, F_DUPFD_CLOEXEC, 0)) {
    if (socket_ < 0) {
        ::shutdown(socket, SHUT_RDWR);  // out of descriptors: nobody is served unwatched
    }
    const std::lock_guard lock(watch_.mutex_);
    watch_.connections_.push_back(this);
}

ConnectionWatch::Connection::~Connection() {
    {
        const std::lock_guard lock(watch_.mutex_);
        watch_.connections_.remove(this);
    }
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

void ConnectionWatch::Connection::expect_within(std::chrono::milliseconds time) {
    const std::lock_guard lock(watch_.mutex_);
    if (watch_.stopped_) {
        ::shutdown(socket_, SHUT_RD);
        return;
    }
    until_ = steady_clock::now() + time;
    if (*until_ < watch_.next_) {
        watch_.next_ = *until_;
        watch_.changed_.notify_all();
    }
}

void ConnectionWatch::Connection::expect_nothing() {
    const std::lock_guard lock(watch_.mutex_);
    until_.reset();
}

ConnectionWatch::ConnectionWatch() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

ConnectionWatch::~ConnectionWatch() {
    stop();
}

void ConnectionWatch::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (Connection* connection : connections_) {
        if (connection->until_) {
            ::shutdown(connection->socket_, SHUT_RD);
        }
    }
}

void ConnectionWatch::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const auto now = steady_clock::now();
        next_ = steady_clock::time_point::max();
        for (Connection* connection : connections_) {
            if (connection->until_ && *connection->until_ <= now) {
                ::shutdown(connection->socket_, SHUT_RD);
                connection->until_.reset();
            }
            if (connection->until_) {
                next_ = std::min(next_, *connection->until_);
            }
        }
        const auto planned = next_;
        const auto is_earlier = [&] { return next_ < planned; };
        if (planned == steady_clock::time_point::max()) {
            changed_.wait(lock, stop, is_earlier);
        } else {
            changed_.wait_until(lock, stop, planned, is_earlier);
        }
    }
}

}  // namespace labrelay::api
