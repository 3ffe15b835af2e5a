#include "labrelay/hl7/escape.hpp"

#include <gtest/gtest.h>

#include <random>

namespace labrelay::hl7 {
namespace {

constexpr Delimiters kStandard{};
constexpr Delimiters kWithTruncation{'|', '^', '~', '\\', '&', '#'};

struct Row {
    std::string_view raw;
    std::string_view text;
    std::optional<std::size_t> unknown_at;
};

constexpr std::optional<std::size_t> kNone;

const Row kRows[] = {
    {"", "", kNone},
    {"plain", "plain", kNone},
    {"\\F\\\\S\\\\T\\\\R\\\\E\\", "|^&~\\", kNone},
    {"10\\S\\3/uL", "10^3/uL", kNone},
    {"\\E\\F\\E\\", "\\F\\", kNone},  // decoded once
    {"\\X41\\", "A", kNone},
    {"\\XE4B8AD\\", "\xe4\xb8\xad", kNone},
    {"\\xe4\\", "\\xe4\\", 0},  // lower-case x is no escape
    {"\\XFF\\", "\\XFF\\", 0},  // not UTF-8
    {"\\X4\\", "\\X4\\", 0},
    {"\\X\\", "\\X\\", 0},
    {"\\XG0\\", "\\XG0\\", 0},
    {"\\X0d0A\\", "\r\n", kNone},
    {"a\\.br\\b", "a\nb", kNone},
    {"a\\.ce\\b", "a\nb", kNone},
    {"a\\.sp\\b", "a\nb", kNone},
    {"a\\.sp3\\b", "a\n\n\nb", kNone},
    {"a\\.sp 2\\b", "a\n\nb", kNone},
    {"a\\.sp+2\\b", "a\n\nb", kNone},
    {"a\\.sp999999999\\b", "a\\.sp999999999\\b", 1},
    {"12\\.sk2\\34", "12  34", kNone},  // never 1234
    {"a\\.in+4\\b\\.ti-2\\c\\.fi\\d\\.nf\\e", "abcde", kNone},
    {"\\H\\high\\N\\ low", "high low", kNone},
    {"\\C2842\\x\\M254A\\y\\M254A42\\", "\\C2842\\x\\M254A\\y\\M254A42\\", kNone},
    {"\\Zlocal\\", "\\Zlocal\\", kNone},
    {"\\C28\\", "\\C28\\", 0},
    {"\\Q\\", "\\Q\\", 0},
    {"\\.xx\\", "\\.xx\\", 0},
    {"\\\\", "\\\\", 0},
    {"open \\", "open \\", 5},
    {"open \\F", "open \\F", 5},
    {"C:\\dir\\F\\x", "C:\\dir|x", 2},  // the second mark opens a known escape
    {"\\P\\", "\\P\\", 0},              // no truncation character in this message
};

TEST(Escape, P25_DecodesEachSequenceOnce) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.raw);
        EXPECT_EQ(unescape(row.raw, kStandard), row.text);
        EXPECT_EQ(find_unknown_escape(row.raw, kStandard), row.unknown_at);
        EXPECT_EQ(has_unknown_escape(row.raw, kStandard), row.unknown_at.has_value());
    }
    EXPECT_EQ(unescape("\\P\\", kWithTruncation), "#");
}

TEST(Escape, UsesTheDelimitersOfTheMessage) {
    const Delimiters other{':', ';', '*', '!', '@', 0};
    EXPECT_EQ(unescape("!F!!S!!R!!E!!T!\\F\\", other), ":;*!@\\F\\");
    EXPECT_EQ(escape(":;*!@|^~\\&", other), "!F!!S!!R!!E!!T!|^~\\&");
}

TEST(Escape, WithoutEscapeCharacterNothingIsDecoded) {
    const Delimiters few{'|', '^', 0, 0, 0, 0};
    EXPECT_EQ(unescape("a\\F\\b", few), "a\\F\\b");
    EXPECT_FALSE(has_unknown_escape("a\\F\\b", few));
    EXPECT_EQ(escape("a|b^c\rd~e", few), "a b c d~e");
}

TEST(Escape, WritesDelimitersAndLineBreaks) {
    EXPECT_EQ(escape("a|b^c&d~e\\f\r\n\x0b\x1c#", kStandard),
              "a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f\\X0D\\\\X0A\\\\X0B\\\\X1C\\#");
    EXPECT_EQ(escape("#", kWithTruncation), "\\P\\");
}

TEST(Escape, WhatIsWrittenReadsBack) {
    constexpr std::string_view kAlphabet = "|^~\\&#\r\n\x0b\x1c XFSTREPHN.0D";
    std::mt19937 random(11);
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        const auto length = static_cast<unsigned>(random() % 30);
        for (unsigned i = 0; i < length; ++i) {
            text += kAlphabet[random() % kAlphabet.size()];
        }
        const std::string raw = escape(text, kWithTruncation);
        EXPECT_EQ(unescape(raw, kWithTruncation), text);
        EXPECT_EQ(raw.find_first_of("|^~&#\r\n\x0b\x1c"), raw.npos);
        EXPECT_FALSE(has_unknown_escape(raw, kWithTruncation));
    }
}

}  // namespace
}  // namespace labrelay::hl7
