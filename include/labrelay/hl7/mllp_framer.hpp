#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/core/error_catalogue.hpp"

namespace labrelay::hl7 {

/// What a port takes for a message; see mllp.md.
enum class Framing : std::uint8_t {
    strict,    ///< VT payload FS CR
    flexible,  ///< HL7 without VT too, and FS that anything follows
};

/// One thing that the framer cut from the stream.
struct MllpFrame {
    enum class Kind : std::uint8_t {
        payload,    ///< complete: between VT and FS
        truncated,  ///< VT came inside a frame, or the stream ended in one: never processed,
                    ///< quarantined
        oversized,  ///< grew past the cap; `bytes` holds its first 64 KiB, the rest is skipped
        hllp,       ///< a block of HLLP, with check sum: another protocol
        release_2,  ///< a commit acknowledgement of MLLP release 2: another protocol
    };
    Kind kind = Kind::payload;
    std::string bytes;
    std::uint64_t stream_offset =
        0;  ///< of its first payload byte, counted from the connection's start
};

/// Cuts an MLLP byte stream (VT payload FS CR, see mllp.md) into frames.
///
/// Feed it whatever the socket gave, in pieces of any size; the frames that come out do not depend
/// on how the bytes were split. FS ends a frame when CR, LF, VT or nothing follows it. Only the
/// next byte can tell, so a frame whose FS came last is handed out when that byte comes, or when
/// settle() or finish() says that none does. FS before anything else stands in the middle of a
/// broken message: it stays in the payload, where decode_message() refuses it, because a message
/// cut there would be taken for a whole one.
///
/// With flexible framing a message may begin without VT, at MSH, FHS or BHS and a separator. It
/// ends at FS, before the next such header at a line's start (a batch's members do not end it),
/// and, where its last byte ends a segment, at VT or when settle() or finish() says that no byte
/// comes. Without that last line end it may be cut in a value: then it is truncated.
///
/// Bytes outside a frame are counted, never dropped unseen; blank frames are counted and not handed
/// out. One framer a connection, one thread at a time.
class MllpFramer {
public:
    explicit MllpFramer(std::size_t max_payload, Framing framing = Framing::strict);

    void feed(std::string_view bytes);
    std::optional<MllpFrame> next();  ///< in stream order; nothing until more bytes arrive
    /// The stream ended: an open frame comes out as truncated.
    void finish();
    /// No byte came for a moment (half a second): a frame that ends with the last byte so far is
    /// whole.
    void settle();
    /// settle() would hand out a frame: wait for the next byte only for a moment.
    bool awaits_end() const;

    bool inside_frame() const { return state_ != State::outside; }  ///< for the mid-frame time-out
    std::uint64_t stray_bytes() const { return stray_; }
    std::string_view first_stray_bytes() const {
        return first_stray_;
    }  ///< at most 256, for diagnosis
    std::uint64_t first_stray_offset() const { return first_stray_offset_; }
    std::uint64_t empty_frames() const { return empty_; }
    std::uint64_t bare_ends() const { return bare_ends_; }  ///< FS that no CR followed
    std::uint64_t extra_line_ends() const {
        return extra_line_ends_;
    }  ///< CR and LF after a frame's end

private:
    enum class State : std::uint8_t {
        outside,
        framed,     ///< after VT
        bare,       ///< after a header without VT
        after_end,  ///< FS was the last byte that counts; `interrupted_` says of what
    };
    std::string_view outside(std::string_view bytes);
    std::string_view outside_flexible(std::string_view bytes);
    std::string_view framed(std::string_view bytes);
    std::string_view bare(std::string_view bytes);
    std::string_view line_start(std::string_view bytes);
    std::string_view after_end(std::string_view bytes);
    std::string_view after_end_flexible(std::string_view bytes);
    void stray(std::string_view bytes);
    void take(std::string_view bytes);
    void take_held();
    void open_frame();
    void open_bare();
    void close_frame(MllpFrame::Kind kind);
    void close_at_vt();

    std::size_t max_payload_;
    Framing framing_;
    State state_ = State::outside;
    State interrupted_ = State::framed;  ///< what goes on where the FS was data
    std::deque<MllpFrame> ready_;
    MllpFrame current_;
    std::string held_;  ///< what may be the beginning of a header; flexible only
    std::string first_stray_;
    std::uint64_t first_stray_offset_ = 0;
    std::uint64_t position_ = 0;
    std::uint64_t stray_ = 0;
    std::uint64_t empty_ = 0;
    std::uint64_t bare_ends_ = 0;
    std::uint64_t extra_line_ends_ = 0;
    char first_header_ = 'M';  ///< of the bare message: M, B or F
    bool at_line_start_ = false;
    bool skipping_ = false;     ///< inside an oversized frame that was handed out already
    bool after_frame_ = false;  ///< only CR and LF since the last frame ended
};

/// VT + payload + FS CR.
std::string mllp_wrap(std::string_view payload);

}  // namespace labrelay::hl7
