#include "labrelay/core/error_catalogue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "labrelay/core/finding.hpp"

namespace labrelay {
namespace {

// HL7 table 0357, message error condition codes.
constexpr std::array<std::string_view, 14> kTable0357 = {
    "0", "100", "101", "102", "103", "104", "200", "201", "202", "203", "204", "205", "206", "207"};

TEST(ErrorCatalogue, NumbersAndKeysAreUnique) {
    std::set<unsigned> numbers;
    std::set<std::string_view> keys;
    for (const auto& row : catalogue()) {
        EXPECT_TRUE(numbers.insert(static_cast<unsigned>(row.code)).second) << row.key;
        EXPECT_TRUE(keys.insert(row.key).second) << row.key;
    }
    EXPECT_EQ(numbers.size(), catalogue().size());
    EXPECT_FALSE(keys.contains("none"));
}

TEST(ErrorCatalogue, EveryRowCanBeAnswered) {
    for (const auto& row : catalogue()) {
        EXPECT_TRUE(std::ranges::count(kTable0357, row.hl7) == 1) << row.key;
        EXPECT_GE(row.http_status, 200) << row.key;
        EXPECT_LE(row.http_status, 599) << row.key;
        const auto number = static_cast<unsigned>(row.code);
        EXPECT_TRUE(number >= 101 && number <= 1099) << row.key;
        EXPECT_TRUE(row.text.ends_with('.')) << row.key;
        EXPECT_TRUE(row.advice.ends_with('.')) << row.key;
    }
}

TEST(ErrorCatalogue, KeysAreKebabCase) {
    for (const auto& row : catalogue()) {
        EXPECT_FALSE(row.key.empty());
        EXPECT_TRUE(std::ranges::all_of(row.key, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        })) << row.key;
        EXPECT_NE(row.key.front(), '-') << row.key;
        EXPECT_NE(row.key.back(), '-') << row.key;
    }
}

TEST(ErrorCatalogue, CodesAndKeysLeadToEachOther) {
    for (const auto& row : catalogue()) {
        EXPECT_EQ(entry(row.code).key, row.key);
        EXPECT_EQ(code_from_key(row.key), row.code) << row.key;
    }
    EXPECT_EQ(code_from_key("no-such-key"), std::nullopt);
    EXPECT_EQ(key(Code::none), "none");
}

TEST(Finding, OneLineNamesNumberKeyAndPlace) {
    const Error error{Code::unknown_unit, Place{"OBX[3]-6", 412}, "furlong"};
    const std::string line = describe(error);
    for (const auto* part : {"labrelay-410", "unknown-unit", "OBX[3]-6", "@412", "furlong"}) {
        EXPECT_NE(line.find(part), std::string::npos) << part;
    }
    const Finding finding{Code::unknown_unit, Severity::hold, Place{}, "", "12 furlongs"};
    EXPECT_EQ(describe(finding).find("12 furlongs"), std::string::npos) << "values stay inside";
    EXPECT_EQ(describe(finding).find('@'), std::string::npos);
    EXPECT_EQ(to_string(Severity::refuse), "refuse");
}

}  // namespace
}  // namespace labrelay
