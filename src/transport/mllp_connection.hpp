#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "byte_stream.hpp"
#include "labrelay/hl7/mllp_framer.hpp"
#include "labrelay/transport/mllp_server.hpp"
#include "socket_io.hpp"

namespace labrelay::transport {

/// MllpCounters while they are being counted. Thread-safe.
struct MllpTally {
    std::atomic<std::uint64_t> connections{0};
    std::atomic<std::uint64_t> open{0};
    std::atomic<std::uint64_t> refused{0};
    std::atomic<std::uint64_t> frames{0};
    std::atomic<std::uint64_t> stray_bytes{0};
    std::atomic<std::uint64_t> truncated{0};
    std::atomic<std::uint64_t> oversized{0};
    std::atomic<std::uint64_t> frame_timeouts{0};
    std::atomic<std::uint64_t> idle_closed{0};
    std::atomic<std::uint64_t> write_timeouts{0};
    std::atomic<std::uint64_t> superseded{0};
    std::atomic<std::uint64_t> handshakes_failed{0};

    MllpCounters read() const;
};

/// One conversation with one peer, on one thread, from the first byte until either side ends it;
/// whoever made the connection. Borrows the stream's socket; its owner closes it afterwards.
class MllpConnection {
public:
    struct Surroundings {
        const MllpSettings& settings;
        MessageSink& sink;
        MllpTally& tally;
        const StopSignal& stop;
        LiveTraffic::Connection* live = nullptr;  ///< nothing: nobody looks
    };

    MllpConnection(std::unique_ptr<ByteStream> stream, Origin origin, const Surroundings& around);

    /// Returns when the conversation is over.
    void converse();

private:
    enum class Next : std::uint8_t {
        go_on,
        say_goodbye,  ///< we end it, the peer may still be listening
        hang_up,      ///< the peer is gone or does not listen
    };

    Next wait_and_read();
    Next read_available_bytes();
    Next take(std::string_view bytes);
    Next time_out();
    Next end_of_stream();
    Next finish_what_arrived();
    /// Gives the framer's frames to the sink, in order; `cut` is why a truncated one is truncated.
    Next handle_frames(Code cut);
    Next receive(std::vector<std::string> messages);
    Next quarantine(hl7::MllpFrame frame, Code cut);
    Next send(const std::vector<MessageSink::Reply>& replies, bool complete);
    void note_answers(const std::vector<MessageSink::Reply>& replies);
    void say_goodbye();
    void count_stray_bytes();
    void keep_stray_bytes();
    SteadyTime deadline() const;

    std::unique_ptr<ByteStream> stream_;
    Origin origin_;
    Surroundings around_;
    hl7::MllpFramer framer_;
    std::array<char, std::size_t{64} * 1024> buffer_;
    std::uint64_t stray_counted_ = 0;
    bool stray_kept_ = false;
    std::uint64_t frames_handled_ = 0;
    SteadyTime bytes_came_;  ///< the last ones: those that end the frames in hand are among them
    SteadyTime last_activity_;
    SteadyTime frame_began_;
};

}  // namespace labrelay::transport
