#include <gtest/gtest.h>

#include <string>

#include "labrelay/units/reported_value.hpp"

namespace labrelay::units {
namespace {

struct RangeCase {
    std::string_view text;
    std::string_view range;  // [low, high]; round brackets: exclusive
    CommaMeaning comma = CommaMeaning::undeclared;
};

std::string summary(const ReferenceRange& range) {
    if (!range.low && !range.high) {
        return "none";
    }
    return (range.low_inclusive ? "[" : "(") + (range.low ? range.low->to_string() : "") + ", " +
           (range.high ? range.high->to_string() : "") + (range.high_inclusive ? "]" : ")");
}

constexpr RangeCase kRanges[] = {
    {"500-1500", "[500, 1500]"},
    {"7 ~ 40", "[7, 40]"},
    {"7--40", "[7, 40]"},
    {"7-40", "[7, 40]"},
    {"7～40", "[7, 40]"},
    {"７－４０", "[7, 40]"},
    {"3.50–9.50", "[3.50, 9.50]"},
    {"40.00 to 10000000.00", "[40.00, 10000000.00]"},
    {"7至40", "[7, 40]"},
    {"(7-40)", "[7, 40]"},
    {"[ 7 - 40 ]", "[7, 40]"},
    {"-5-5", "[-5, 5]"},
    {"-5--1", "none"},  // to -1 or to 1?
    {"-1--5", "[-1, 5]"},
    {"-5~-1", "[-5, -1]"},
    {"0-5.18", "[0, 5.18]"},
    {"<5", "[, 5)"},
    {"＜20", "[, 20)"},
    {"≤26.0", "[, 26.0]"},
    {"<=26.0", "[, 26.0]"},
    {">=60", "[60, ]"},
    {">200", "(200, ]"},
    {"90-", "[90, ]"},
    {"0-0", "none"},
    {"0.0-0.00", "none"},
    {"40-7", "none"},
    {"阴性", "none"},
    {"Negative", "none"},
    {"", "none"},
    {"-", "none"},
    {"5", "none"},
    {"=5", "none"},
    {"1:8", "none"},
    {"13.5-17.5 g/dL", "none"},
    {"M: 13-17", "none"},
    {"3,50-9,50", "none"},
    {"3,50-9,50", "[3.50, 9.50]", CommaMeaning::decimal},
    {"1,000-2,000", "[1000, 2000]", CommaMeaning::thousands},
    {"20-10,000,000", "[20, 10000000]", CommaMeaning::thousands},
    {"1e400-5", "none"},
    {"1-5-9", "none"},
    {"\xFF", "none"},
};

TEST(ReferenceRange, AsLaboratoriesWriteThem) {
    for (const auto& row : kRanges) {
        EXPECT_EQ(summary(parse_reference_range(row.text, row.comma)), row.range) << row.text;
    }
}

}  // namespace
}  // namespace labrelay::units
