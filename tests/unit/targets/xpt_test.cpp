#include "labrelay/targets/xpt.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace labrelay::targets {
namespace {

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        text += fmt::format("{:02X}", static_cast<unsigned char>(byte));
    }
    return text;
}

struct Number {
    const char* decimal;
    const char* bytes;
};

// By arithmetic on exact fractions, not by this code. -118.625 is the textbook's example; 8.01 is
// how SAS wrote it into the LB data set of CDISC.
constexpr Number kNumbers[] = {
    {"0", "0000000000000000"},        {"-0", "0000000000000000"},    {"1", "4110000000000000"},
    {"-1", "C110000000000000"},       {"0.1", "401999999999999A"},   {"118", "4276000000000000"},
    {"-118.625", "C276A00000000000"}, {"1e-10", "386DF37F675EF6EC"}, {"8.01", "418028F5C28F5C28"},
    {"0.5", "4080000000000000"},      {"16", "4210000000000000"},    {"0.0625", "4010000000000000"},
    {"1000000", "45F4240000000000"},  {"1.50", "4118000000000000"},
};

TEST(Xpt, NumbersAreIbmFloatingPoint) {
    for (const Number& number : kNumbers) {
        const Result<std::string> bytes = xpt_number(number.decimal);
        ASSERT_TRUE(bytes) << number.decimal;
        EXPECT_EQ(hex(*bytes), number.bytes) << number.decimal;
    }
    EXPECT_EQ(hex(xpt_missing()), "2E00000000000000");
}

TEST(Xpt, WhatIsNoNumberOrOutOfRangeIsRefused) {
    for (const char* text : {"", "<20", "nan", "inf", "1,5", "1e76", "-1e76", "1e-79", " 1"}) {
        const Result<std::string> bytes = xpt_number(text);
        ASSERT_FALSE(bytes) << text;
        EXPECT_EQ(bytes.error().code, Code::export_number_bad) << text;
    }
    EXPECT_TRUE(xpt_number("7.2e72"));
    EXPECT_TRUE(xpt_number("1e-71"));
}

DatasetHead small() {
    DatasetHead head;
    head.name = "LB";
    head.label = "Laboratory Test Results";
    head.columns = {{"IT.A", "LBORRES", "Result", DatasetColumn::Type::text, 4, {}},
                    {"IT.B", "LBSTRESN", "Number", DatasetColumn::Type::decimal, {}, {}}};
    return head;
}

struct BadRow {
    DatasetCell text;
    DatasetCell number;
    Code code;
    const char* place;
};

// Nothing is cut or transliterated; the place names row and variable and no value.
TEST(Xpt, WhatDoesNotFitNamesRowAndVariable) {
    const BadRow bad_rows[] = {
        {"12345", "1", Code::export_text_bad, "LB row 7 LBORRES"},
        {"阴性", "1", Code::export_text_bad, "LB row 7 LBORRES"},
        {"a\tb", "1", Code::export_text_bad, "LB row 7 LBORRES"},
        {"a", "<20", Code::export_number_bad, "LB row 7 LBSTRESN"},
    };
    for (const BadRow& bad : bad_rows) {
        const Result<std::string> row = xpt_row(small(), {bad.text, bad.number}, 7);
        ASSERT_FALSE(row) << *bad.text;
        EXPECT_EQ(row.error().code, bad.code);
        EXPECT_EQ(row.error().place.text, bad.place);
    }
    EXPECT_EQ(*xpt_row(small(), {"<20", {}}, 1), "<20 " + xpt_missing());
}

TEST(Xpt, NamesLabelsAndLengthsHaveLimits) {
    EXPECT_TRUE(xpt_opening(small(), {}));
    const auto refused = [](auto spoil) {
        DatasetHead head = small();
        spoil(head);
        const Result<std::string> text = xpt_opening(head, {});
        return !text && text.error().code == Code::export_text_bad;
    };
    EXPECT_TRUE(refused([](DatasetHead& head) { head.columns[0].name = "LBORRES_9"; }));
    EXPECT_TRUE(refused([](DatasetHead& head) { head.columns[0].length = 201; }));
    EXPECT_TRUE(refused([](DatasetHead& head) { head.columns[1].label = std::string(41, 'x'); }));
    EXPECT_TRUE(refused([](DatasetHead& head) { head.label = "结果"; }));
}

TEST(Xpt, RowsEndWithAWholeRecord) {
    DatasetHead head = small();  // 12 bytes a row
    head.records = 7;
    EXPECT_EQ(xpt_closing(head).size(), 160U - 84U);
    head.records = 20;
    EXPECT_EQ(xpt_closing(head), "");
    head.records = 0;
    EXPECT_EQ(xpt_closing(head), "");
    EXPECT_EQ(xpt_opening(head, {})->size() % 80, 0U);
}

}  // namespace
}  // namespace labrelay::targets
