#include "mllp_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace labrelay::transport {
namespace {

using std::chrono::steady_clock;

/// At stop: as much as a socket buffer may hold; a peer that never stops sending does not hold us.
constexpr int kReadsAtStop = 256;
/// How many stray bytes of a connection are evidence.
constexpr std::size_t kStrayEvidence = 256;
/// What analyzers send to show that they are there.
constexpr char kHeartbeat = '\x02';

Code reason_of(hl7::MllpFrame::Kind kind, Code cut) {
    switch (kind) {
        case hl7::MllpFrame::Kind::oversized:
            return Code::frame_too_large;
        case hl7::MllpFrame::Kind::hllp:
            return Code::hllp_block;
        case hl7::MllpFrame::Kind::release_2:
            return Code::mllp_release_2;
        case hl7::MllpFrame::Kind::payload:
        case hl7::MllpFrame::Kind::truncated:
            break;
    }
    return cut;
}

}  // namespace

MllpCounters MllpTally::read() const {
    MllpCounters counters;
    counters.connections = connections;
    counters.open = open;
    counters.refused = refused;
    counters.frames = frames;
    counters.stray_bytes = stray_bytes;
    counters.truncated = truncated;
    counters.oversized = oversized;
    counters.frame_timeouts = frame_timeouts;
    counters.idle_closed = idle_closed;
    counters.write_timeouts = write_timeouts;
    counters.superseded = superseded;
    counters.handshakes_failed = handshakes_failed;
    return counters;
}

MllpConnection::MllpConnection(std::unique_ptr<ByteStream> stream, Origin origin,
                               const Surroundings& around)
    : stream_(std::move(stream)),
      origin_(std::move(origin)),
      around_(around),
      framer_(around.settings.max_message_bytes, around.settings.framing),
      buffer_{},
      bytes_came_(steady_clock::now()),
      last_activity_(bytes_came_),
      frame_began_(last_activity_) {}

void MllpConnection::converse() {
    Next next = Next::go_on;
    while (next == Next::go_on) {
        next = wait_and_read();
    }
    keep_stray_bytes();
    if (next == Next::say_goodbye) {
        say_goodbye();
    }
}

SteadyTime MllpConnection::deadline() const {
    if (!framer_.inside_frame()) {
        return last_activity_ + around_.settings.idle_timeout;
    }
    const SteadyTime whole = frame_began_ + around_.settings.mid_frame_timeout;
    return framer_.awaits_end() ? std::min(whole, last_activity_ + kFrameSettles) : whole;
}

MllpConnection::Next MllpConnection::wait_and_read() {
    switch (stream_->wait(around_.stop.descriptor(), deadline())) {
        case SocketEvent::ready:
            return read_available_bytes();
        case SocketEvent::timed_out:
            return time_out();
        case SocketEvent::stopped:
            return finish_what_arrived();
        case SocketEvent::closed:
        case SocketEvent::failed:
            break;
    }
    return end_of_stream();
}

MllpConnection::Next MllpConnection::read_available_bytes() {
    const ReadOutcome read = stream_->read(buffer_);
    switch (read.event) {
        case SocketEvent::ready:
            return take({buffer_.data(), read.size});
        case SocketEvent::timed_out:
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
    const std::uint64_t ended_before = frames_handled_ + framer_.empty_frames();
    bytes_came_ = steady_clock::now();
    framer_.feed(bytes);
    count_stray_bytes();
    const Next next = handle_frames(Code::frame_truncated);
    last_activity_ = steady_clock::now();
    if (!was_inside || frames_handled_ + framer_.empty_frames() != ended_before) {
        frame_began_ = last_activity_;
    }
    return next;
}

MllpConnection::Next MllpConnection::time_out() {
    if (framer_.awaits_end()) {
        framer_.settle();
        const Next next = handle_frames(Code::frame_truncated);
        last_activity_ = steady_clock::now();
        return next;
    }
    if (framer_.inside_frame()) {
        ++around_.tally.frame_timeouts;
        framer_.finish();
        const Next next = handle_frames(Code::frame_timeout);
        return next == Next::go_on ? Next::say_goodbye : next;
    }
    ++around_.tally.idle_closed;
    around_.sink.on_connection_event(Code::idle_timeout, origin_.peer, {});
    return Next::say_goodbye;
}

MllpConnection::Next MllpConnection::end_of_stream() {
    framer_.finish();
    count_stray_bytes();
    handle_frames(Code::frame_truncated);
    return Next::hang_up;
}

MllpConnection::Next MllpConnection::finish_what_arrived() {
    for (int reads = 0; reads < kReadsAtStop; ++reads) {
        const ReadOutcome read = stream_->read(buffer_);
        if (read.event == SocketEvent::closed || read.event == SocketEvent::failed) {
            return end_of_stream();
        }
        if (read.event != SocketEvent::ready) {
            break;
        }
        const Next next = take({buffer_.data(), read.size});
        if (next != Next::go_on) {
            return next;
        }
    }
    framer_.settle();
    const Next next = handle_frames(Code::frame_truncated);
    return next == Next::go_on ? Next::say_goodbye : next;
}

MllpConnection::Next MllpConnection::handle_frames(Code cut) {
    std::vector<std::string> messages;
    Next next = Next::go_on;
    while (next == Next::go_on) {
        std::optional<hl7::MllpFrame> frame = framer_.next();
        if (!frame) {
            return receive(std::move(messages));
        }
        ++frames_handled_;
        if (frame->kind == hl7::MllpFrame::Kind::payload) {
            messages.push_back(std::move(frame->bytes));
            continue;
        }
        next = receive(std::exchange(messages, {}));
        if (next == Next::go_on) {
            next = quarantine(std::move(*frame), cut);
        }
    }
    return next;
}

MllpConnection::Next MllpConnection::receive(std::vector<std::string> messages) {
    if (messages.empty()) {
        return Next::go_on;
    }
    const std::size_t count = messages.size();
    around_.tally.frames += count;
    const std::vector<MessageSink::Reply> replies =
        around_.sink.receive_all(std::move(messages), origin_);
    return send(replies, replies.size() == count);
}

MllpConnection::Next MllpConnection::quarantine(hl7::MllpFrame frame, Code cut) {
    const bool oversized = frame.kind == hl7::MllpFrame::Kind::oversized;
    ++(oversized ? around_.tally.oversized : around_.tally.truncated);
    Origin origin = origin_;
    origin.offset = frame.stream_offset;
    const MessageSink::Reply reply =
        around_.sink.quarantine(std::move(frame.bytes), reason_of(frame.kind, cut), origin);
    return send({reply}, true);
}

MllpConnection::Next MllpConnection::send(const std::vector<MessageSink::Reply>& replies,
                                          bool complete) {
    std::string bytes;
    bool close = !complete;
    for (const MessageSink::Reply& reply : replies) {
        for (const std::string& message : reply.messages) {
            bytes += hl7::mllp_wrap(message);
        }
        if (reply.close) {
            close = true;
            break;
        }
    }
    switch (stream_->write(bytes, steady_clock::now() + around_.settings.write_timeout)) {
        case SocketEvent::ready:
            note_answers(replies);
            return close ? Next::say_goodbye : Next::go_on;
        case SocketEvent::timed_out:
            ++around_.tally.write_timeouts;
            around_.sink.on_connection_event(Code::write_timeout, origin_.peer, {});
            return Next::hang_up;
        case SocketEvent::stopped:
        case SocketEvent::closed:
        case SocketEvent::failed:
            break;
    }
    return Next::hang_up;
}

void MllpConnection::note_answers(const std::vector<MessageSink::Reply>& replies) {
    if (around_.live == nullptr) {
        return;
    }
    const auto took = steady_clock::now() - bytes_came_;
    for (const MessageSink::Reply& reply : replies) {
        around_.live->took(reply.source,
                           reply.messages.empty() ? std::nullopt : std::optional(took));
        if (reply.close) {
            break;  // what came after it was not answered
        }
    }
}

// TCP answers bytes that arrive after close() with a reset, which may reach the peer before our
// last answer does. So we end our side first and let the peer's bytes run out for a moment.
void MllpConnection::say_goodbye() {
    stream_->end_writing();
    const SteadyTime end = steady_clock::now() + around_.settings.close_linger;
    while (stream_->wait(-1, end) == SocketEvent::ready) {
        const SocketEvent event = stream_->read(buffer_).event;
        if (event == SocketEvent::closed || event == SocketEvent::failed ||
            steady_clock::now() >= end) {
            return;
        }
    }
}

void MllpConnection::count_stray_bytes() {
    const std::uint64_t stray = framer_.stray_bytes();
    if (stray == stray_counted_) {
        return;
    }
    around_.tally.stray_bytes += stray - stray_counted_;
    if (stray_counted_ == 0) {
        around_.sink.on_connection_event(Code::stray_bytes, origin_.peer,
                                         fmt::format("{} bytes", stray));
    }
    stray_counted_ = stray;
    if (framer_.first_stray_bytes().size() == kStrayEvidence) {
        keep_stray_bytes();
    }
}

/// Once a connection: when enough came, or at its end. Heartbeats alone say nothing.
void MllpConnection::keep_stray_bytes() {
    const std::string_view stray = framer_.first_stray_bytes();
    if (stray_kept_ || stray.find_first_not_of(kHeartbeat) == std::string_view::npos) {
        return;
    }
    stray_kept_ = true;
    Origin origin = origin_;
    origin.offset = framer_.first_stray_offset();
    around_.sink.quarantine(std::string(stray), Code::stray_bytes, origin);
}

}  // namespace labrelay::transport
