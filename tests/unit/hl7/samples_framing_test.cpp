// Every sample message and every golden case's message, in one stream: the frames are the messages,
// however the bytes were split.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/file.hpp"
#include "labrelay/hl7/mllp_framer.hpp"

namespace labrelay::hl7 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPayload = 16U << 20U;
constexpr std::size_t kPieces[] = {1, 2, 3, 7, 1000};

std::vector<std::string> shipped_messages() {
    const fs::path root = LABRELAY_SOURCE_DIR;
    std::vector<fs::path> files;
    for (const fs::path& directory : {root / "samples", root / "mappings"}) {
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory)) {
            if (entry.path().extension() == ".hl7") files.push_back(entry.path());
        }
    }
    std::ranges::sort(files);
    std::vector<std::string> messages;
    for (const fs::path& file : files) {
        messages.push_back(read_file(file).value());
    }
    return messages;
}

void take_frames(MllpFramer& framer, std::vector<MllpFrame>& frames) {
    while (auto frame = framer.next()) frames.push_back(std::move(*frame));
}

/// The frames of the stream fed in pieces of that size.
std::vector<MllpFrame> frames_of(std::string_view stream, std::size_t piece) {
    MllpFramer framer(kMaxPayload);
    std::vector<MllpFrame> frames;
    while (!stream.empty()) {
        const std::string_view fed = stream.substr(0, piece);
        framer.feed(fed);
        take_frames(framer, frames);
        stream.remove_prefix(fed.size());
    }
    framer.finish();
    take_frames(framer, frames);
    EXPECT_EQ(framer.stray_bytes(), 0U);
    return frames;
}

TEST(SamplesFraming, SameFramesForAnyPieces) {
    const std::vector<std::string> messages = shipped_messages();
    ASSERT_GT(messages.size(), 300U);
    std::string stream;
    std::vector<std::uint64_t> offsets;
    for (const std::string& message : messages) {
        offsets.push_back(stream.size() + 1);
        stream += mllp_wrap(message);
    }
    for (const std::size_t piece : kPieces) {
        SCOPED_TRACE(piece);
        const std::vector<MllpFrame> frames = frames_of(stream, piece);
        ASSERT_EQ(frames.size(), messages.size());
        for (std::size_t index = 0; index < frames.size(); ++index) {
            ASSERT_EQ(frames[index].kind, MllpFrame::Kind::payload) << index;
            ASSERT_EQ(frames[index].bytes, messages[index]) << index;
            ASSERT_EQ(frames[index].stream_offset, offsets[index]) << index;
        }
    }
}

}  // namespace
}  // namespace labrelay::hl7
