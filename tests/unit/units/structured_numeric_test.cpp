#include <gtest/gtest.h>

#include <string>

#include "labrelay/units/reported_value.hpp"

namespace labrelay::units {

std::string summary(const ReportedValue& value);  // reported_value_test.cpp

namespace {

struct SnCase {
    std::string_view comparator, num1, separator, num2;
    std::string_view value;
};

constexpr SnCase kRead[] = {
    {"", "388", "", "", "number 388"},        {"=", "440", "", "", "number 440"},
    {"<", "20", "", "", "compared <20"},      {">", "10000000", "", "", "compared >10000000"},
    {">=", "60", "", "", "compared >=60"},    {"<=", "26.0", "", "", "compared <=26.0"},
    {"≤", "26.0", "", "", "compared <=26.0"}, {"＜", " 20 ", "", "", "compared <20"},
    {"", "1", "-", "5", "range 1..5"},        {"", "-5", "-", "5", "range -5..5"},
    {"", "1", ":", "128", "ratio 1..128"},    {"", "1", "/", "128", "ratio 1..128"},
    {"<", "1", ":", "8", "ratio <1..8"},      {"", "2", "+", "", "qualitative [POS]"},
    {"", "2.35E+04", "", "", "number 23500"},
};

TEST(StructuredNumeric, ReadsItsFourComponents) {
    for (const auto& row : kRead) {
        const auto value =
            parse_structured_numeric(row.comparator, row.num1, row.separator, row.num2);
        ASSERT_TRUE(value) << row.value;
        EXPECT_EQ(summary(*value), row.value);
    }
}

TEST(StructuredNumeric, ReadsACommaAsItsSourceDeclares) {
    EXPECT_EQ(
        summary(*parse_structured_numeric(">", "10,000,000", "", "", CommaMeaning::thousands)),
        "compared >10000000");
    EXPECT_EQ(summary(*parse_structured_numeric("", "60,96", "", "", CommaMeaning::decimal)),
              "number 60.96");
    const auto refused = parse_structured_numeric("", "60,96", "", "", CommaMeaning::thousands);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::number_separator);
    EXPECT_EQ(refused.error().place.offset, 2U);
}

struct RefusedSn {
    std::string_view comparator, num1, separator, num2;
    Code code;
    std::string_view component;
    std::size_t at;
};

constexpr RefusedSn kRefused[] = {
    {"", "", "", "", Code::value_unreadable, "SN.2", 0},
    {"<", "", "", "", Code::value_unreadable, "SN.2", 0},
    {"<>", "20", "", "", Code::value_unreadable, "SN.1", 0},
    {"!", "20", "", "", Code::value_unreadable, "SN.1", 0},
    {"<", "abc", "", "", Code::value_unreadable, "SN.2", 0},
    {"", "inf", "", "", Code::value_unreadable, "SN.2", 0},
    {"", "161,152", "", "", Code::number_separator, "SN.2", 3},
    {"", "1", ":", "1,28", Code::number_separator, "SN.4", 1},
    {"", "1", "-", "x", Code::value_unreadable, "SN.4", 0},
    {"", "5", "-", "1", Code::value_unreadable, "SN.4", 0},
    {"<", "1", "-", "5", Code::value_unreadable, "SN.4", 0},
    {"", "1", "", "5", Code::value_unreadable, "SN.3", 0},
    {"", "1", "-", "", Code::value_unreadable, "SN.3", 0},
    {"", "1", ":", "", Code::value_unreadable, "SN.3", 0},
    {"", "1", "%", "5", Code::value_unreadable, "SN.3", 0},
    {">", "2", "+", "", Code::value_unreadable, "SN.3", 0},
    {"", "12\xFF", "", "", Code::value_unreadable, "SN.2", 2},
};

TEST(StructuredNumeric, RefusalNamesTheComponent) {
    for (const auto& row : kRefused) {
        const auto value =
            parse_structured_numeric(row.comparator, row.num1, row.separator, row.num2);
        const std::string what = std::string(row.comparator) + "^" + std::string(row.num1) + "^" +
                                 std::string(row.separator) + "^" + std::string(row.num2);
        ASSERT_FALSE(value) << what;
        EXPECT_EQ(value.error().code, row.code) << what;
        EXPECT_EQ(value.error().place.text, row.component) << what;
        EXPECT_EQ(value.error().place.offset, row.at) << what;
    }
}

}  // namespace
}  // namespace labrelay::units
