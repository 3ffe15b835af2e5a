#include "mllp_connection.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <utility>

namespace labrelay::transport {
namespace {

SteadyTime now() {
    return std::chrono::steady_clock::now();
}

// At stop: as much as may have arrived unread; a peer that never stops sending does not hold us.
constexpr int kReadsAtStop = 256;

}  // namespace

MllpConnection::MllpConnection(int socket, std::string peer, const Surroundings& around)
    : socket_(socket),
      peer_(std::move(peer)),
      around_(around),
      framer_(around.settings.max_message_bytes),
      last_activity_(now()),
      frame_began_(last_activity_) {}

void MllpConnection::converse() {
    Next next = Next::go_on;
    while (next == Next::go_on) {
        next = wait_and_read();
    }
    if (next == Next::say_goodbye) {
        say_goodbye();
    }
}

MllpConnection::Next MllpConnection::wait_and_read() {
    switch (wait_readable(socket_, around_.stop.descriptor(), deadline())) {
        case SocketEvent::ready:
            return read_once();
        case SocketEvent::timed_out:
            return time_out();
        case SocketEvent::stopped:
            return finish_received();
        case SocketEvent::closed:
        case SocketEvent::failed:
            break;
    }
    return end_of_stream();
}

MllpConnection::Next MllpConnection::read_once() {
    const ReadOutcome read = read_available(socket_, buffer_);
    switch (read.event) {
        case SocketEvent::ready:
            return take({buffer_.data(), read.size});
        case SocketEvent::timed_out:  // woken for nothing
        case SocketEvent::stopped:
            return Next::go_on;
        case SocketEvent::closed:
        case SocketEvent::failed:
            break;
    }
    return end_of_stream();
}

MllpConnection::Next MllpConnection::take(std::string_view bytes) {
    const bool was_inside = framer_.inside_frame();
    const std::uint64_t begun = around_.tally.frames;
    framer_.feed(bytes);
    count_stray();
    const Next next = handle_frames(Code::frame_truncated);
    (void)begun;
    (void)was_inside;
    return next;
}

}  // namespace labrelay::transport
