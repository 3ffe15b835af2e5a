// The table by itself: every text is cut into prefix and atom in one way, and what the rows say
// fits together.

#include "../../../src/units/ucum_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "../../../src/units/ucum_grammar.hpp"

namespace labrelay::units {
namespace {

TEST(UcumTable, EveryAtomIsASymbolOfTheGrammar) {
    for (const UcumAtom& atom : UcumTable::get().atoms()) {
        const auto parts = parse_ucum_term(atom.symbol);
        ASSERT_TRUE(parts) << atom.symbol;
        ASSERT_EQ(parts->size(), 1U) << atom.symbol;
        EXPECT_EQ(parts->front().text, atom.symbol);
        const Result<Unit> unit = parse_ucum(atom.symbol);
        ASSERT_TRUE(unit) << atom.symbol;
        EXPECT_EQ(unit->magnitude(), atom.magnitude) << atom.symbol;
        EXPECT_EQ(unit->dimension(), atom.dimension) << atom.symbol;
        EXPECT_FALSE(atom.name.empty()) << atom.symbol;
    }
}

// No text can be cut in two ways: neither as two prefixes, nor as an atom and as a prefix with one.
TEST(UcumTable, EveryTextIsCutInOneWay) {
    const UcumTable& table = UcumTable::get();
    std::map<std::string, int> ways;
    for (const UcumPrefix& prefix : table.prefixes()) {
        for (const UcumAtom& atom : table.atoms()) {
            if (!atom.metric) {
                continue;
            }
            const std::string text = std::string(prefix.symbol) + std::string(atom.symbol);
            EXPECT_EQ(++ways[text], 1) << text;
            EXPECT_EQ(table.atom(text), nullptr) << text;
            const auto split = table.split(text);
            ASSERT_TRUE(split) << text;
            EXPECT_EQ(split->prefix, &prefix) << text;
            EXPECT_EQ(split->atom, &atom) << text;
        }
    }
    EXPECT_GT(ways.size(), 1000U);
}

TEST(UcumTable, TheVersionIsOfTheContent) {
    EXPECT_EQ(ucum_table_version().size(), 16U);
    EXPECT_EQ(ucum_table_version(), UcumTable::get().version());
}

}  // namespace
}  // namespace labrelay::units
