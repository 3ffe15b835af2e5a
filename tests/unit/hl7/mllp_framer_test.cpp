#include "labrelay/hl7/mllp_framer.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace labrelay::hl7 {
namespace {

using Kind = MllpFrame::Kind;
using namespace std::string_view_literals;

struct Seen {
    Kind kind;
    std::string bytes;
    std::uint64_t offset;

    friend bool operator==(const Seen&, const Seen&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Seen& seen) {
        return out << static_cast<int>(seen.kind) << '@' << seen.offset << ' '
                   << testing::PrintToString(seen.bytes);
    }
};

struct Outcome {
    std::vector<Seen> frames;
    std::uint64_t stray = 0;
    std::uint64_t empty = 0;
    std::uint64_t bare_ends = 0;
    std::uint64_t extra_line_ends = 0;

    friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Feeds pieces of `size` bytes (0: all at once), then ends the stream.
Outcome run(std::string_view stream, std::size_t size, std::size_t cap) {
    MllpFramer framer(cap);
    Outcome outcome;
    const auto take = [&] {
        while (std::optional<MllpFrame> frame = framer.next()) {
            outcome.frames.push_back({frame->kind, frame->bytes, frame->stream_offset});
        }
    };
    const std::size_t step = size == 0 ? std::max<std::size_t>(stream.size(), 1) : size;
    for (std::size_t at = 0; at < stream.size(); at += step) {
        framer.feed(stream.substr(at, step));
        take();
    }
    framer.finish();
    take();
    outcome.stray = framer.stray_bytes();
    outcome.empty = framer.empty_frames();
    outcome.bare_ends = framer.bare_ends();
    outcome.extra_line_ends = framer.extra_line_ends();
    return outcome;
}

struct Row {
    std::string_view name;
    std::string_view stream;
    Outcome outcome;
};

const Row kRows[] = {
    {"one",
     "\x0b"
     "AB\x1c\r",
     {{{Kind::payload, "AB", 1}}, 0, 0, 0, 0}},
    {"two in a row",
     "\x0b"
     "A\x1c\r\x0b"
     "B\x1c\r",
     {{{Kind::payload, "A", 1}, {Kind::payload, "B", 5}}, 0, 0, 0, 0}},
    {"heartbeats between",
     "\x02\x02\x0b"
     "A\x1c\r\x02",
     {{{Kind::payload, "A", 3}}, 3, 0, 0, 0}},
    {"extra line ends",
     "\x0b"
     "A\x1c\r\n\r\n\x0b"
     "B\x1c\r",
     {{{Kind::payload, "A", 1}, {Kind::payload, "B", 8}}, 0, 0, 0, 3}},
    {"line ends that follow nothing",
     "\r\n\x0b"
     "A\x1c\r",
     {{{Kind::payload, "A", 3}}, 2, 0, 0, 0}},
    {"FS LF",
     "\x0b"
     "A\x1c\n",
     {{{Kind::payload, "A", 1}}, 0, 0, 1, 0}},
    {"FS VT",
     "\x0b"
     "A\x1c\x0b"
     "B\x1c\r",
     {{{Kind::payload, "A", 1}, {Kind::payload, "B", 4}}, 0, 0, 1, 0}},
    {"FS at the end of the stream",
     "\x0b"
     "A\x1c",
     {{{Kind::payload, "A", 1}}, 0, 0, 1, 0}},
    {"FS in the middle",
     "\x0b"
     "A\x1c"
     "B\x1c\r",
     {{{Kind::payload,
        "A\x1c"
        "B",
        1}},
      0,
      0,
      0,
      0}},
    {"FS twice",
     "\x0b"
     "A\x1c\x1c\r",
     {{{Kind::payload, "A\x1c", 1}}, 0, 0, 0, 0}},
    {"VT inside",
     "\x0b"
     "A\x0b"
     "B\x1c\r",
     {{{Kind::truncated, "A", 1}, {Kind::payload, "B", 3}}, 0, 0, 0, 0}},
    {"end inside",
     "\x0b"
     "A",
     {{{Kind::truncated, "A", 1}}, 0, 0, 0, 0}},
    {"empty and blank frames", "\x0b\x1c\r\x0b \r\n\0\x1c\r\x0b"sv, {{}, 0, 3, 0, 0}},
    {"too long",
     "\x0b"
     "123456789\x1c\r\x0b"
     "B\x1c\r",
     {{{Kind::oversized, "12345678", 1}, {Kind::payload, "B", 13}}, 0, 0, 0, 0}},
    {"as long as it may be",
     "\x0b"
     "12345678\x1c\r",
     {{{Kind::payload, "12345678", 1}}, 0, 0, 0, 0}},
    {"too long by an FS",
     "\x0b"
     "12345678\x1c"
     "9\x1c\r",
     {{{Kind::oversized, "12345678", 1}}, 0, 0, 0, 0}},
    {"too long, then VT inside",
     "\x0b"
     "123456789\x0b"
     "B\x1c\r",
     {{{Kind::oversized, "12345678", 1}, {Kind::payload, "B", 11}}, 0, 0, 0, 0}},
    {"too long, never ended",
     "\x0b"
     "123456789",
     {{{Kind::oversized, "12345678", 1}}, 0, 0, 0, 0}},
    {"no frame", "MSH|", {{}, 4, 0, 0, 0}},
};

TEST(MllpFramer, CutsTheSameFramesHoweverTheBytesAreSplit) {
    for (const Row& row : kRows) {
        for (const std::size_t size : {0U, 1U, 2U, 3U, 7U, 1000U}) {
            SCOPED_TRACE(testing::Message() << row.name << ", pieces of " << size);
            const Outcome outcome = run(row.stream, size, 8);
            EXPECT_EQ(outcome.frames, row.outcome.frames);
            EXPECT_EQ(outcome.stray, row.outcome.stray);
            EXPECT_EQ(outcome.empty, row.outcome.empty);
            EXPECT_EQ(outcome.bare_ends, row.outcome.bare_ends);
            EXPECT_EQ(outcome.extra_line_ends, row.outcome.extra_line_ends);
        }
    }
}

TEST(MllpFramer, RandomStreamsDoNotDependOnTheSplit) {
    constexpr std::string_view kAlphabet = "\x0b\x1c\r\nAB\x02 ";
    std::mt19937 random(3);
    for (int round = 0; round < 2000; ++round) {
        std::string stream;
        const auto length = static_cast<unsigned>(random() % 80);
        for (unsigned i = 0; i < length; ++i) {
            stream += kAlphabet[random() % kAlphabet.size()];
        }
        const Outcome whole = run(stream, 0, 6);
        for (const std::size_t size : {1U, 2U, 3U, 7U}) {
            ASSERT_EQ(run(stream, size, 6), whole) << testing::PrintToString(stream);
        }
    }
}

TEST(MllpFramer, AFrameWithoutCrIsHandedOutWhenItSettles) {
    MllpFramer framer(100);
    framer.feed(
        "\x0b"
        "A\x1c");
    EXPECT_TRUE(framer.awaits_end());
    EXPECT_TRUE(framer.inside_frame());
    EXPECT_FALSE(framer.next());
    framer.settle();
    EXPECT_FALSE(framer.awaits_end());
    EXPECT_FALSE(framer.inside_frame());
    EXPECT_EQ(framer.next()->bytes, "A");
    EXPECT_EQ(framer.bare_ends(), 1U);
    framer.feed(
        "\r\x0b"
        "B\x1c\r");
    EXPECT_EQ(framer.next()->bytes, "B");
    EXPECT_EQ(framer.stray_bytes(), 0U);
    framer.settle();
    EXPECT_FALSE(framer.next());
}

TEST(MllpFramer, KeepsTheFirstStrayBytes) {
    MllpFramer framer(100);
    framer.feed(std::string(200, 'x'));
    framer.feed(std::string(200, 'y'));
    EXPECT_EQ(framer.stray_bytes(), 400U);
    EXPECT_EQ(framer.first_stray_bytes(), std::string(200, 'x') + std::string(56, 'y'));
}

TEST(MllpFramer, AnOversizedFrameIsSeenAtOnceAndItsRestSkipped) {
    MllpFramer framer(200'000);
    framer.feed("\x0b" + std::string(200'001, 'x'));
    const std::optional<MllpFrame> head = framer.next();
    ASSERT_TRUE(head);
    EXPECT_EQ(head->kind, Kind::oversized);
    EXPECT_EQ(head->bytes.size(), 64U * 1024);
    EXPECT_TRUE(framer.inside_frame());
    framer.feed(std::string(1000, 'x') + "\x1c\r");
    EXPECT_FALSE(framer.inside_frame());
    EXPECT_FALSE(framer.next());
}

TEST(MllpFramer, WrapAndCutGiveThePayload) {
    MllpFramer framer(100);
    framer.feed(mllp_wrap("MSH|1\r") + mllp_wrap("MSH|2\r"));
    EXPECT_EQ(framer.next()->bytes, "MSH|1\r");
    EXPECT_EQ(framer.next()->bytes, "MSH|2\r");
    EXPECT_FALSE(framer.next());
}

}  // namespace
}  // namespace labrelay::hl7
