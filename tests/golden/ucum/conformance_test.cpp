// All cases of ../shared/cases/ucum-cases.csv: the UCUM functional tests of 3 Feb 2021 as published
// with FHIR/Ucum-java, and one count for each of their sections, so that no case is passed over.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "labrelay/units/quantity.hpp"
#include "labrelay/units/ucum.hpp"
#include "shared_files.hpp"

namespace labrelay::units {
namespace {

constexpr int kMostCompared = 15;

struct Case {
    std::string id, source_id, kind, value1, unit1, value2, unit2, expected_value, expected_unit;
};

class UcumConformance : public ::testing::Test {
protected:
    void SetUp() override {
        const auto file = shared_file("cases", "ucum-cases.csv");
        if (!file) {
            GTEST_SKIP() << "../shared/cases/ucum-cases.csv is not on this machine";
        }
        for (std::vector<std::string>& f : csv_rows(*file)) {
            f.resize(9);
            cases_[f[2]].push_back({f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8]});
        }
    }

    std::map<std::string, std::vector<Case>> cases_;
};

Unit unit(const std::string& text) {
    return text.empty() ? Unit() : parse_ucum(text).value();
}

Decimal number(const std::string& text) {
    return Decimal::parse(text).value();
}

/// Digits that are printed: trailing zeros of a whole number do not count.
int printed_digits(const std::string& text) {
    const Decimal value = number(text);
    std::string digits = text.substr(0, text.find_first_of("eE"));
    const bool pointed = digits.find('.') != std::string::npos;
    std::erase(digits, '.');
    digits.erase(0, digits.find_first_not_of('0'));
    if (!pointed) {
        digits.erase(digits.find_last_not_of('0') + 1);
    }
    return std::min({kMostCompared, static_cast<int>(digits.size()), value.significant_digits()});
}

void expect_same(const Case& one, const Decimal& value) {
    const int digits = printed_digits(one.expected_value);
    EXPECT_EQ(value.rounded_to_significant(digits),
              number(one.expected_value).rounded_to_significant(digits))
        << one.id << ": " << value.to_string() << " for " << one.expected_value;
}

TEST_F(UcumConformance, EveryCaseIsOfAKnownKind) {
    const std::map<std::string, std::size_t> counts{
        {"validate", 529}, {"display", 9}, {"convert", 30}, {"multiply", 2}, {"divide", 3}};
    for (const auto& [kind, count] : counts) {
        EXPECT_EQ(cases_[kind].size(), count) << kind;
    }
    EXPECT_EQ(cases_.size(), counts.size());
}

TEST_F(UcumConformance, Validate) {
    for (const Case& one : cases_["validate"]) {
        const Result<Unit> read = parse_ucum(one.unit1);
        EXPECT_EQ(read.has_value(), one.expected_value == "true")
            << one.id << " \"" << one.unit1 << "\" "
            << (read ? read->canonical() : describe(read.error()));
        if (!read) {
            EXPECT_LE(read.error().place.offset, one.unit1.size()) << one.id;
        }
    }
}

TEST_F(UcumConformance, Display) {
    for (const Case& one : cases_["display"]) {
        const Result<std::string> name = display_name(one.unit1);
        ASSERT_TRUE(name) << one.id;
        EXPECT_EQ(*name, one.expected_value) << one.id;
    }
}

TEST_F(UcumConformance, Convert) {
    for (const Case& one : cases_["convert"]) {
        const Result<Conversion> conversion = Conversion::between(unit(one.unit1), unit(one.unit2));
        ASSERT_TRUE(conversion) << one.id << describe(conversion.error());
        const Result<Decimal> value = (*conversion)(number(one.value1));
        ASSERT_TRUE(value) << one.id << describe(value.error());
        expect_same(one, *value);
    }
}

TEST_F(UcumConformance, MultiplyAndDivide) {
    for (const char* const kind : {"multiply", "divide"}) {
        for (const Case& one : cases_[kind]) {
            const Quantity left{number(one.value1), unit(one.unit1)};
            const Quantity right{number(one.value2), unit(one.unit2)};
            const Result<Quantity> result =
                one.kind == "multiply" ? multiply(left, right) : divide(left, right);
            ASSERT_TRUE(result) << one.id << describe(result.error());
            expect_same(one, result->value);
            EXPECT_TRUE(equal(result->unit, unit(one.expected_unit)))
                << one.id << ": " << result->unit.text();
        }
    }
}

}  // namespace
}  // namespace labrelay::units
