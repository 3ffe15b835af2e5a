// Whatever the bytes: an answer, an offset inside the text, the same answer for the same text
// written differently, and no number that does not stand there.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "labrelay/units/reported_value.hpp"

namespace labrelay::units {
namespace {

constexpr std::array<CommaMeaning, 3> kCommas = {CommaMeaning::undeclared, CommaMeaning::thousands,
                                                 CommaMeaning::decimal};

void expect_answer(std::string_view text) {
    for (const auto comma : kCommas) {
        ReportedWords words;
        words.comma = comma;
        words.words = {{"own word é", ReportedValue::Kind::no_result, ""}};
        const auto value = parse_reported(text, words);
        if (!value) {
            EXPECT_LE(value.error().place.offset, text.size());
            EXPECT_TRUE(value.error().code == Code::value_unreadable ||
                        value.error().code == Code::number_separator);
        }
        parse_reference_range(text, comma);
        const auto numeric = parse_numeric(text, words);
        EXPECT_EQ(numeric.has_value(), value.has_value());
    }
    const auto structured = parse_structured_numeric(text, text, text, text);
    EXPECT_TRUE(structured || structured.error().place.offset <= text.size());
}

TEST(ReportedValueFuzz, AnyBytesGetAnAnswer) {
    std::mt19937 random(2026);
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 24, '\0');
        for (auto& c : text) {
            c = static_cast<char>(random() % 256);
        }
        expect_answer(text);
    }
}

TEST(ReportedValueFuzz, PiecesOfRealValuesInAnyOrderGetAnAnswer) {
    const std::vector<std::string> pieces = {
        "<",    ">",        "=",        "≤",  "&lt;", " ",      "20",       "1.50", "2.35E+04",
        ",",    "1,234",    ".",        "-",  "+",    "(",      ")",        "(-)",  "阴性",
        "±",    "detected", "not ",     ":",  "128",  "~",      "log",      "10",   "x10^",
        "³",    "cp/mL",    "{copies}", "/",  "%",    "titer ", "min",      "max",  "检测下限",
        "低于", "***",      "#NUM!",    "e",  "E+",   "\xE9",   "\xE6\x9C", "É",    "（",
        "＜",   "↑",        "1.73 m2",  "\r", "[",    "]"};
    std::mt19937 random(22);
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (auto count = random() % 7; count > 0; --count) {
            text += pieces[random() % pieces.size()];
        }
        expect_answer(text);
    }
}

TEST(ReportedValueFuzz, CutAndDisturbedValuesGetAnAnswer) {
    const std::vector<std::string> values = {
        "Target Not Detected",         "3.26E+05 cp/mL",  "<30 Detected",   "弱阳性(±) 0.98 S/CO",
        "低于检测下限(<20 copies/mL)", "PAS DE RÉSULTAT", "2.52E+3 (3.40)", "28 mL/min/1.73 m2"};
    std::mt19937 random(3);
    for (const auto& value : values) {
        for (std::size_t length = 0; length <= value.size(); ++length) {
            expect_answer(value.substr(0, length));
            expect_answer(value.substr(length));
            std::string disturbed = value;
            disturbed[std::min(length, value.size() - 1)] = static_cast<char>(random() % 256);
            expect_answer(disturbed);
        }
    }
}

TEST(ReportedValueProperty, WrittenNumbersReadBackWithTheirDigits) {
    std::mt19937_64 random(8);
    for (int round = 0; round < 20'000; ++round) {
        const Decimal number(
            static_cast<std::int64_t>(random() % 2'000'000'000'000) - 1'000'000'000'000,
            static_cast<std::int32_t>(random() % 12));
        const std::string digits = number.to_string();
        std::string full_width;
        for (const char c : digits) {
            full_width += "\xEF\xBC";
            full_width += static_cast<char>(c - '!' + 0x81);
        }
        for (const auto& [text, comparator] : {std::pair{digits, Comparator::none},
                                               {" " + digits + "\t", Comparator::none},
                                               {full_width, Comparator::none},
                                               {"<" + digits, Comparator::less},
                                               {"≥ " + digits, Comparator::greater_equal},
                                               {digits + " cp/mL", Comparator::none}}) {
            const auto value = parse_reported(text);
            ASSERT_TRUE(value) << text;
            ASSERT_TRUE(value->number) << text;
            EXPECT_EQ(value->number->to_string(), digits) << text;
            EXPECT_EQ(value->number->scale(), number.scale()) << text;
            EXPECT_EQ(value->comparator, comparator) << text;
        }
    }
}

TEST(ReportedValueProperty, ANumberAmongUnknownWordsIsNeverRead) {
    const std::vector<std::string> sentences = {
        "see report %", "% by phone", "call lab, % today", "CD4 %", "result: %", "% ???",
        "approx. %",    "no %",       "% of 12",           "(%",    "%)",        "* %",
        "% *"};
    std::mt19937 random(4);
    for (const auto& sentence : sentences) {
        for (int round = 0; round < 50; ++round) {
            std::string text = sentence;
            text.replace(text.find('%'), 1, std::to_string(random() % 100'000));
            EXPECT_FALSE(parse_reported(text)) << text;
        }
    }
}

// A megabyte of any of these must cost no more than the 512 bytes that are looked at. The
// processor's time for that alone is counted: neither a busy machine's nor that of making the text.
TEST(ReportedValueProperty, CostIsBoundedForHostileText) {
    std::clock_t spent = 0;
    for (const std::string_view piece :
         {"1", "1,", "(", "x10^", "/a", "阴", "{", "- ", "<", "1-", "e"}) {
        std::string text;
        while (text.size() < 1'000'000) {
            text += piece;
        }
        const std::clock_t before = std::clock();
        expect_answer(text);
        expect_answer(text.substr(0, 500));
        spent += std::clock() - before;
    }
    EXPECT_LT(spent, 5 * CLOCKS_PER_SEC);
}

}  // namespace
}  // namespace labrelay::units
