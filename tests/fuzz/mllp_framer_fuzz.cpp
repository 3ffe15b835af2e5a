// A byte stream, cut in pieces that its first bytes choose: the frames must be those of the uncut
// stream.

#include <algorithm>
#include <vector>

#include "fuzz_target.hpp"
#include "labrelay/hl7/mllp_framer.hpp"

namespace labrelay::hl7 {
namespace {

using fuzz::require;

constexpr std::size_t kCap = 64;

struct Outcome {
    std::vector<MllpFrame> frames;
    std::uint64_t counted = 0;
};

Outcome run(std::string_view stream, std::string_view sizes, Framing framing) {
    MllpFramer framer(kCap, framing);
    Outcome outcome;
    std::size_t piece = 0;
    const auto take = [&] {
        while (std::optional<MllpFrame> frame = framer.next()) {
            outcome.frames.push_back(*std::move(frame));
        }
    };
    while (!stream.empty()) {
        const std::size_t size =
            sizes.empty() ? stream.size()
                          : static_cast<unsigned char>(sizes[piece++ % sizes.size()]) % 8U + 1U;
        framer.feed(stream.substr(0, size));
        stream.remove_prefix(std::min(size, stream.size()));
        take();
    }
    framer.finish();
    take();
    require(!framer.inside_frame() && !framer.awaits_end(), "nothing is left after the end");
    outcome.counted = framer.stray_bytes() + 1000 * framer.empty_frames() +
                      1'000'000 * framer.bare_ends() + 1'000'000'000 * framer.extra_line_ends();
    return outcome;
}

}  // namespace
}  // namespace labrelay::hl7

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace labrelay;
    using namespace labrelay::hl7;
    const std::string_view input = fuzz::as_text(data, size);
    const std::string_view sizes = input.substr(0, 4);
    const std::string_view stream = input.substr(sizes.size());
    // The highest bit of the first size chooses the framing.
    const Framing framing = !sizes.empty() && static_cast<unsigned char>(sizes[0]) >= 0x80U
                                ? Framing::flexible
                                : Framing::strict;
    const Outcome whole = run(stream, {}, framing);
    const Outcome cut = run(stream, sizes, framing);
    fuzz::require(whole.counted == cut.counted, "counts do not depend on the split");
    fuzz::require(whole.frames.size() == cut.frames.size(), "frames do not depend on the split");
    for (std::size_t i = 0; i < whole.frames.size(); ++i) {
        const MllpFrame& frame = whole.frames[i];
        fuzz::require(frame.kind == cut.frames[i].kind && frame.bytes == cut.frames[i].bytes &&
                          frame.stream_offset == cut.frames[i].stream_offset,
                      "a frame does not depend on the split");
        fuzz::require(stream.substr(frame.stream_offset, frame.bytes.size()) == frame.bytes,
                      "a frame's bytes stand in the stream");
        fuzz::require(frame.bytes.size() <= kCap, "no frame is longer than the cap");
    }
    return 0;
}
