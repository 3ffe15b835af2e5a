#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/core/error_catalogue.hpp"

namespace labrelay::hl7 {

/// One thing that the framer cut from the stream.
struct MllpFrame {
    enum class Kind : std::uint8_t {
        payload,    ///< complete: between VT and FS
        truncated,  ///< VT came inside a frame, or the stream ended in one: never processed, quarantined
        oversized,  ///< grew past the cap; `bytes` holds its head, the rest is skipped to its end
    };
    Kind kind = Kind::payload;
    std::string bytes;
    std::uint64_t stream_offset = 0;  ///< of its first payload byte, counted from the connection's start
};

/// Cuts an MLLP byte stream (VT payload FS CR, see mllp.md) into frames.
///
/// Feed it whatever the socket gave, in pieces of any size; the frames that come out do not depend on how
/// the bytes were split. FS without CR ends a frame too (a following CR or LF belongs to it). Bytes outside
/// a frame are counted, never dropped unseen; blank frames are counted and not handed out. One framer a
/// connection, one thread at a time.
class MllpFramer {
public:
    explicit MllpFramer(std::size_t max_payload);

    void feed(std::string_view bytes);
    std::optional<MllpFrame> next();  ///< in stream order; nothing until more bytes arrive
    /// The stream ended: an open frame comes out as truncated.
    void finish();

    bool inside_frame() const { return inside_; }  ///< for the mid-frame time-out
    std::uint64_t stray_bytes() const { return stray_; }
    std::string_view first_stray_bytes() const { return first_stray_; }  ///< at most 256, for diagnosis
    std::uint64_t empty_frames() const { return empty_; }
    std::uint64_t bare_ends() const { return bare_ends_; }  ///< FS that no CR followed

private:
    void close_frame(MllpFrame::Kind kind);

    std::size_t max_payload_;
    std::deque<MllpFrame> ready_;
    MllpFrame current_;
    std::string first_stray_;
    std::uint64_t position_ = 0;
    std::uint64_t stray_ = 0;
    std::uint64_t empty_ = 0;
    std::uint64_t bare_ends_ = 0;
    bool inside_ = false;
    bool skipping_ = false;   ///< inside an oversized frame
    bool after_end_ = false;  ///< FS seen, its CR may follow
};

/// VT + payload + FS CR.
std::string mllp_wrap(std::string_view payload);

}  // namespace labrelay::hl7
