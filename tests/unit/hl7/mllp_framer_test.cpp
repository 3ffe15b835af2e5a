#include "labrelay/hl7/mllp_framer.hpp"

#include "labrelay/hl7/charset.hpp"

#include <gtest/gtest.h>

#include <ostream>
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
Outcome run(std::string_view stream, std::size_t size, std::size_t cap,
            Framing framing = Framing::strict) {
    MllpFramer framer(cap, framing);
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

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    return out << testing::PrintToString(outcome.frames) << " stray " << outcome.stray << " empty "
               << outcome.empty << " bare ends " << outcome.bare_ends << " line ends "
               << outcome.extra_line_ends;
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

TEST(MllpFramer, P01_CutsTheSameFramesHoweverTheBytesAreSplit) {
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

TEST(MllpFramer, P01_RandomStreamsDoNotDependOnTheSplit) {
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

TEST(MllpFramer, P03_AVtInsideAFrameClosesItAsTruncated) {
    const Outcome outcome = run("\x0bMSH|1\x0bMSH|2\x1c\r", 1, 100);
    ASSERT_EQ(outcome.frames.size(), 2U);
    EXPECT_EQ(outcome.frames[0], (Seen{Kind::truncated, "MSH|1", 1}));
    EXPECT_EQ(outcome.frames[1], (Seen{Kind::payload, "MSH|2", 7}));
}

TEST(MllpFramer, P05_AnFsInsideContentIsRefusedAndNotCut) {
    const std::string message =
        "MSH|^~\\&|A\rOBX|1|ST|X||1\x1c"
        "2\r";
    const Outcome outcome = run(mllp_wrap(message), 1, 100);
    ASSERT_EQ(outcome.frames.size(), 1U);
    EXPECT_EQ(outcome.frames[0].bytes, message);
    const Result<Decoded> decoded = decode_message(message, Charset::utf_8);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, Code::charset_invalid_bytes);
    EXPECT_EQ(decoded.error().place.offset, message.find('\x1c'));
}

TEST(MllpFramer, P08_EmptyFramesAndExtraLineEndsAreCounted) {
    const Outcome outcome = run("\x0b\x1c\r\x0b \r\x1c\r\r\n\x0bMSH|1\x1c\r\n", 1, 100);
    EXPECT_EQ(outcome.frames.size(), 1U);
    EXPECT_EQ(outcome.empty, 2U);
    EXPECT_EQ(outcome.extra_line_ends, 3U);
    EXPECT_EQ(outcome.stray, 0U);
}

TEST(MllpFramer, P06_AFrameThatIsNeverEndedIsNoPayload) {
    const Outcome outcome = run("\x0bMSH|1\r", 2, 100);
    ASSERT_EQ(outcome.frames.size(), 1U);
    EXPECT_EQ(outcome.frames[0].kind, Kind::truncated);
}

TEST(MllpFramer, P15_OtherProtocolsAreToldApart) {
    const Outcome outcome =
        run("\x0b\x06\x1c\r\x0b\x15\x1c\r\x0b"
            "D23\rMSH|^~\\&\r00018123\x1c\r\x0b"
            "D2\x1c\r",
            3, 100);
    ASSERT_EQ(outcome.frames.size(), 4U);
    EXPECT_EQ(outcome.frames[0].kind, Kind::release_2);
    EXPECT_EQ(outcome.frames[1].kind, Kind::release_2);
    EXPECT_EQ(outcome.frames[2].kind, Kind::hllp);
    EXPECT_EQ(outcome.frames[3].kind, Kind::payload);
}

const Row kFlexibleRows[] = {
    {"framed as ever", "\x0bMSH|1\x1c\r", {{{Kind::payload, "MSH|1", 1}}, 0, 0, 0, 0}},
    {"bare, ends at FS CR", "MSH|1\r\x1c\r", {{{Kind::payload, "MSH|1\r", 0}}, 0, 0, 0, 0}},
    {"bare, ends at FS", "MSH|1\x1c", {{{Kind::payload, "MSH|1", 0}}, 0, 0, 1, 0}},
    {"bare after bare",
     "MSH|1\rPID|1\rMSH|2\r",
     {{{Kind::payload, "MSH|1\rPID|1\r", 0}, {Kind::payload, "MSH|2\r", 12}}, 0, 0, 0, 0}},
    {"line feeds",
     "MSH|1\r\nMSH|2\n",
     {{{Kind::payload, "MSH|1\r\n", 0}, {Kind::payload, "MSH|2\n", 7}}, 0, 0, 0, 0}},
    {"bare, no last line end",
     "MSH|1\rOBX|12",
     {{{Kind::truncated, "MSH|1\rOBX|12", 0}}, 0, 0, 0, 0}},
    {"heartbeat before and between",
     "\x02MSH|1\x1c\x02\x02MSH|2\x1c\r",
     {{{Kind::payload, "MSH|1", 1}, {Kind::payload, "MSH|2", 9}}, 3, 0, 1, 0}},
    {"FS, then a header at once",
     "MSH|1\x1cMSH|2\x1c\r",
     {{{Kind::payload, "MSH|1", 0}, {Kind::payload, "MSH|2", 6}}, 0, 0, 1, 0}},
    {"FS in the middle of a frame",
     "\x0bMSH|1\x1cMS|2\x1c\r",
     {{{Kind::payload, "MSH|1\x1cMS|2", 1}}, 0, 0, 0, 0}},
    {"VT after a whole bare message",
     "MSH|1\r\x0bMSH|2\x1c\r",
     {{{Kind::payload, "MSH|1\r", 0}, {Kind::payload, "MSH|2", 7}}, 0, 0, 0, 0}},
    {"VT in a bare message",
     "MSH|1\x0bMSH|2\x1c\r",
     {{{Kind::truncated, "MSH|1", 0}, {Kind::payload, "MSH|2", 6}}, 0, 0, 0, 0}},
    {"a bare batch keeps its members",
     "BHS|\rMSH|1\rMSH|2\rBTS|2\rBHS|\r",
     {{{Kind::payload, "BHS|\rMSH|1\rMSH|2\rBTS|2\r", 0}, {Kind::payload, "BHS|\r", 23}},
      0,
      0,
      0,
      0}},
    {"MSH in a text is none",
     "MSH|1\rNTE|MSH|\rMSHA\r",
     {{{Kind::payload, "MSH|1\rNTE|MSH|\rMSHA\r", 0}}, 0, 0, 0, 0}},
    {"nearly a header", "MSMSHMSH|1\r", {{{Kind::payload, "MSH|1\r", 5}}, 5, 0, 0, 0}},
    {"a beginning that never was one", "MSH", {{}, 3, 0, 0, 0}},
    {"too long, then another",
     "MSH|12345678901234567890123456\rMSH|2\r",
     {{{Kind::oversized, "MSH|12345678901234567890", 0}, {Kind::payload, "MSH|2\r", 31}},
      0,
      0,
      0,
      0}},
};

TEST(MllpFramer, P07_FlexibleFramesDoNotDependOnTheSplit) {
    for (const Row& row : kFlexibleRows) {
        for (const std::size_t size : {0U, 1U, 2U, 3U, 7U, 1000U}) {
            SCOPED_TRACE(testing::Message() << row.name << ", pieces of " << size);
            EXPECT_EQ(run(row.stream, size, 24, Framing::flexible), row.outcome);
        }
    }
}

TEST(MllpFramer, P07_RandomFlexibleStreamsDoNotDependOnTheSplit) {
    constexpr std::string_view kPieces[] = {"\x0b", "\x1c", "\r",  "\n",   "MSH|", "BHS|",
                                            "FHS|", "M",    "MSH", "\x02", "x",    "\x1c\r"};
    std::mt19937 random(7);
    for (int round = 0; round < 5000; ++round) {
        std::string stream;
        const auto length = static_cast<unsigned>(random() % 24);
        for (unsigned i = 0; i < length; ++i) {
            stream += kPieces[random() % std::size(kPieces)];
        }
        const Outcome whole = run(stream, 0, 16, Framing::flexible);
        for (const Seen& frame : whole.frames) {
            ASSERT_EQ(stream.substr(frame.offset, frame.bytes.size()), frame.bytes);
        }
        for (const std::size_t size : {1U, 2U, 3U, 7U}) {
            ASSERT_EQ(run(stream, size, 16, Framing::flexible), whole)
                << testing::PrintToString(stream);
        }
    }
}

TEST(MllpFramer, P07_ABareMessageIsHandedOutAtAPause) {
    MllpFramer framer(100, Framing::flexible);
    framer.feed("MSH|1\rOBX|1");
    EXPECT_FALSE(framer.awaits_end()) << "it may be cut in a value";
    framer.settle();
    EXPECT_FALSE(framer.next());
    framer.feed("2\r");
    EXPECT_TRUE(framer.awaits_end());
    framer.settle();
    EXPECT_EQ(framer.next()->bytes, "MSH|1\rOBX|12\r");
    EXPECT_FALSE(framer.inside_frame());
}

TEST(MllpFramer, P04_AFrameWithoutCrIsHandedOutWhenItSettles) {
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

TEST(MllpFramer, P02_KeepsTheFirstStrayBytes) {
    MllpFramer framer(100);
    framer.feed(std::string(200, 'x'));
    framer.feed(std::string(200, 'y'));
    EXPECT_EQ(framer.stray_bytes(), 400U);
    EXPECT_EQ(framer.first_stray_offset(), 0U);
    EXPECT_EQ(framer.first_stray_bytes(), std::string(200, 'x') + std::string(56, 'y'));
}

TEST(MllpFramer, P09_AnOversizedFrameIsSeenAtOnceAndItsRestSkipped) {
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
