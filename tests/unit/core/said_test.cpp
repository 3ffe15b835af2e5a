#include "labrelay/core/said.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "labrelay/core/sentences.hpp"

namespace labrelay {
namespace {

constexpr auto kLast = Sentence::bearing_not_recorded;  // of sentences.def

std::vector<Sentence> all() {
    std::vector<Sentence> sentences;
    for (std::uint16_t at = 0; at <= static_cast<std::uint16_t>(kLast); ++at) {
        sentences.push_back(static_cast<Sentence>(at));
    }
    return sentences;
}

TEST(Said, IsEnglishWithWhatIsFilledIn) {
    EXPECT_EQ(say(Sentence::value_number, "OBX[2]-5", "412"), "OBX[2]-5 says the number 412.");
    EXPECT_EQ(say(Sentence::no_number), "There is no number.");
    EXPECT_EQ(plain("{n} stays"), "{n} stays");
    EXPECT_EQ(say(Code::not_for_study), entry(Code::not_for_study).text);
    EXPECT_TRUE(Said().empty());
    EXPECT_EQ(Said(), "");
}

TEST(Said, ChoosesTheWordThatFitsTheNumber) {
    EXPECT_EQ(say(Sentence::derived_from, "CD4CD8", 1), "CD4CD8 is computed from 1 result");
    EXPECT_EQ(say(Sentence::derived_from, "CD4CD8", 2), "CD4CD8 is computed from 2 results");
    EXPECT_EQ(parameter_names(Sentence::derived_from),
              (std::vector<std::string_view>{"analyte", "n"}));
}

TEST(Said, IsOnePhraseAfterTheOther) {
    const Said said = say(Sentence::on_day, "2024-01-10") +
                      continued(say(Sentence::value_is, "5") + say(Sentence::is_below, "10"));
    EXPECT_EQ(said, "On 2024-01-10 the value is 5: below 10.");
    ASSERT_EQ(said.phrases.size(), 3U);
    EXPECT_TRUE(said.phrases[1].continues);
    EXPECT_EQ(said.phrases[2].parameters, std::vector<std::string>{"10"});
}

TEST(Said, EverySentenceHasANameOfItsOwnThatLeadsBack) {
    std::set<std::string_view> names;
    for (const Sentence sentence : all()) {
        EXPECT_TRUE(names.insert(name_of(sentence)).second) << name_of(sentence);
        EXPECT_EQ(sentence_named(name_of(sentence)), sentence);
        EXPECT_FALSE(english(sentence).empty());
        EXPECT_EQ(std::ranges::count(english(sentence), '{'),
                  std::ranges::count(english(sentence), '}'));
    }
    EXPECT_EQ(sentence_named("no_such_sentence"), std::nullopt);
}

TEST(Said, WhatIsMissingIsSeenAndNothingIsRead) {
    EXPECT_EQ(in_english({Sentence::value_number, {"OBX-5"}}), "OBX-5 says the number ?.");
    EXPECT_EQ(in_english({Sentence::rule, {"no-such-rule"}}), "no-such-rule");
}

}  // namespace
}  // namespace labrelay
