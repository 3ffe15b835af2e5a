#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace labrelay::transport {

using SteadyTime = std::chrono::steady_clock::time_point;

/// How long the byte after an FS may take, see hl7::MllpFramer::settle().
inline constexpr std::chrono::milliseconds kFrameSettles{500};

/// What happened on a socket. `stopped`: the stop signal was raised while waiting.
enum class SocketEvent : std::uint8_t { ready, timed_out, stopped, closed, failed };

struct ReadOutcome {
    SocketEvent event = SocketEvent::failed;
    std::size_t size = 0;  ///< with `ready`: at least 1
};

/// An eventfd that, once raised, wakes every thread that waits on it, for good. Thread-safe.
class StopSignal {
public:
    StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;
    ~StopSignal();

    void raise() noexcept;
    int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

/// Waits until `socket` can be read, the time is over or the signal (-1: none) is raised.
SocketEvent wait_readable(int socket, int stop_signal, SteadyTime deadline);
/// Waits until `socket` can be written, which is also when a connection that is being made is made
/// or has failed.
SocketEvent wait_writable(int socket, int stop_signal, SteadyTime deadline);
/// Reads what is there without waiting; `timed_out`: nothing is there.
ReadOutcome read_available(int socket, std::span<char> buffer);
/// Writes all of it before the deadline. Raises no signal when the peer is gone.
SocketEvent write_all(int socket, std::string_view bytes, SteadyTime deadline);

}  // namespace labrelay::transport
