#include "labrelay/study/threshold.hpp"

#include <gtest/gtest.h>

#include "study_builders.hpp"

namespace labrelay::study::testing {
namespace {

using units::Comparator;

Decimal number(std::string_view text) {
    return *Decimal::parse(text);
}

struct Value {
    ResultState state;
    const char* num = "";
    Comparator comparator = Comparator::none;
    const char* lloq = "";
    const char* uloq = "";
    const char* least = "";
    const char* most = "";
    const char* text = "";
};

ResultValue made_of(const Value& from) {
    const auto optional = [](const char* text) { return Decimal::parse(text); };
    ResultValue value;
    value.state = from.state;
    value.value_num = optional(from.num);
    value.comparator = from.comparator;
    value.lloq = optional(from.lloq);
    value.uloq = optional(from.uloq);
    value.least = optional(from.least);
    value.most = optional(from.most);
    value.value_text = from.text;
    return value;
}

constexpr auto kNumber = ResultState::quantified;
constexpr auto kBelow = ResultState::below_lloq;
constexpr auto kAbove = ResultState::above_uloq;
constexpr auto kNotDetected = ResultState::not_detected;
constexpr Truth kNo = Truth::no;
constexpr Truth kYes = Truth::yes;
constexpr Truth kUnknown = Truth::unknown;

TEST(Threshold, IsThreeValuedAgainstFifty) {
    struct Row {
        Value value;
        Truth below;
        Truth above;
        const char* because;
    };
    const Row rows[] = {
        {{kNumber, "49.9"}, kYes, kNo, "The value is 49.9: below 50."},
        {{kNumber, "50"}, kNo, kNo, "The value is 50: not below 50."},
        {{kNumber, "50.0"}, kNo, kNo, "The value is 50.0: not below 50."},
        {{kNumber, "50.1"}, kNo, kYes, "The value is 50.1: not below 50."},
        // A conversion rounded these; they are compared as they were before.
        {{kNumber, "50.000", Comparator::none, "", "", "49.999907", "49.999907"},
         kYes,
         kNo,
         "The value is 49.999907: below 50."},
        {{kNumber, "50.000", Comparator::none, "", "", "50.000093", "50.000093"},
         kNo,
         kYes,
         "The value is 50.000093: not below 50."},
        // 1.69, 1.70 and 1.71 as logarithms.
        {{kNumber, "49", Comparator::none, "", "", "48.4172367584100", "49.5450190979040"},
         kYes,
         kNo,
         "The value 49 was reported as a logarithm and stands for 48.4172 to 49.5450: below 50."},
        {{kNumber, "50", Comparator::none, "", "", "49.5450190979040", "50.6990708274704"},
         kUnknown,
         kUnknown,
         "The value 50 was reported as a logarithm and stands for 49.5450 to 50.6991: that does "
         "not say whether it is below 50."},
        {{kNumber, "51", Comparator::none, "", "", "50.6990708274704", "51.8800038928960"},
         kNo,
         kYes,
         "The value 51 was reported as a logarithm and stands for 50.6991 to 51.8800: not below "
         "50."},
        {{kBelow, "", Comparator::less, "20"}, kYes, kNo, "The value is <20: below 50."},
        {{kBelow, "", Comparator::less, "50"}, kYes, kNo, "The value is <50: below 50."},
        {{kBelow, "", Comparator::less, "75"},
         kUnknown,
         kUnknown,
         "The value is <75: that does not say whether it is below 50."},
        {{kBelow, "", Comparator::less_equal, "50"},
         kUnknown,
         kNo,
         "The value is <=50: that does not say whether it is below 50."},
        {{kBelow, "", Comparator::less_equal, "49"}, kYes, kNo, "The value is <=49: below 50."},
        // <143 of a unit that needs a factor, and <1.70 as a logarithm: the printed limit is short.
        {{kBelow, "", Comparator::less, "50.000", "", "", "50.000093"},
         kUnknown,
         kUnknown,
         "The value is <50.000, a limit that stands for up to 50.0001: that does not say whether "
         "it is below 50."},
        {{kBelow},
         kUnknown,
         kUnknown,
         "The value lies below a limit that is not known: that does not say whether it is below "
         "50."},
        {{kNotDetected, "", Comparator::none, "20"},
         kYes,
         kNo,
         "It was not detected, by an assay whose lower limit is 20: below 50."},
        {{kNotDetected, "", Comparator::none, "50"},
         kYes,
         kNo,
         "It was not detected, by an assay whose lower limit is 50: below 50."},
        {{kNotDetected, "", Comparator::none, "75"},
         kUnknown,
         kUnknown,
         "It was not detected, by an assay whose lower limit is 75: that does not say whether it "
         "is below 50."},
        {{kNotDetected},
         kUnknown,
         kUnknown,
         "It was not detected, by an assay whose lower limit is not known: that does not say "
         "whether it is below 50."},
        {{kAbove, "", Comparator::greater, "20", "10000000"},
         kNo,
         kYes,
         "The value is >10000000: not below 50."},
        {{kAbove, "", Comparator::greater, "", "50"}, kNo, kYes, "The value is >50: not below 50."},
        {{kAbove, "", Comparator::greater_equal, "", "50"},
         kNo,
         kUnknown,
         "The value is >=50: not below 50."},
        {{kAbove, "", Comparator::greater, "", "20"},
         kUnknown,
         kUnknown,
         "The value is >20: that does not say whether it is below 50."},
        {{ResultState::qualitative, "", Comparator::none, "20", "", "", "", "DETECTED"},
         kUnknown,
         kUnknown,
         "It was detected, and no number was reported: that does not say whether it is below 50."},
        {{ResultState::qualitative, "", Comparator::none, "20", "", "", "", "POS"},
         kUnknown,
         kUnknown,
         "The result is a word and not a number: that does not say whether it is below 50."},
    };
    const Decimal fifty(50, 0);
    for (const Row& row : rows) {
        SCOPED_TRACE(row.because);
        const Comparison below = is_below(made_of(row.value), fifty);
        EXPECT_EQ(to_string(below.truth), to_string(row.below));
        EXPECT_EQ(below.because, row.because);
        EXPECT_TRUE(below.is_result);
        const Comparison above = is_above(made_of(row.value), fifty);
        EXPECT_EQ(to_string(above.truth), to_string(row.above));
        EXPECT_TRUE(above.is_result);
    }
}

TEST(Threshold, SaysWhatIsNoResultAtAll) {
    const std::pair<ResultState, const char*> rows[] = {
        {ResultState::no_result, "The test gave no result."},
        {ResultState::not_done, "The test was not done."},
        {ResultState::withdrawn, "The result was withdrawn."},
    };
    for (const auto& [state, because] : rows) {
        for (const Comparison& comparison :
             {is_below(made_of({state}), number("50")), is_above(made_of({state}), number("50"))}) {
            EXPECT_EQ(comparison.truth, Truth::unknown);
            EXPECT_FALSE(comparison.is_result);
            EXPECT_EQ(comparison.because, because);
        }
    }
}

/// A logarithm reaches the comparison as the interval of what prints as it.
TEST(Threshold, OfCopiesThatCameAsALogarithm) {
    struct Row {
        const char* log;
        ResultState state;
        Comparator comparator;
        Truth below;
    };
    const Row rows[] = {
        {"1.69", kNumber, Comparator::none, kYes},
        {"1.70", kNumber, Comparator::none, kUnknown},
        {"1.71", kNumber, Comparator::none, kNo},
        {"1.698", kNumber, Comparator::none, kYes},  // 49.83 to 49.95
        {"1.699", kNumber, Comparator::none, kUnknown},
        {"2", kNumber, Comparator::none, kUnknown},  // 31.6 to 316
        {"1.30", kBelow, Comparator::less, kYes},
        {"1.70", kBelow, Comparator::less, kUnknown},
        {"1.69", kBelow, Comparator::less_equal, kYes},
        {"7.00", kAbove, Comparator::greater, kNo},
        {"1.30", kNotDetected, Comparator::none, kYes},  // the assay's limit
        {"1.88", kNotDetected, Comparator::none, kUnknown},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(to_string(row.state)) + " " + row.log);
        ResultValue value;
        value.state = row.state;
        value.comparator = row.comparator;
        value.unit = "{Log_copies}/mL";
        value.value_text = std::string(to_string(row.comparator)) + row.log;
        if (row.state == kNumber) {
            value.value_num = number(row.log);
        } else {
            (row.state == kAbove ? value.uloq : value.lloq) = number(row.log);
        }
        Trial trial(a_subject().consented("2026-01-10"));
        trial.take(a_message(1).with(
            an_observation("HIVVLLOG", row.log).drawn("2026-01-12T08:00").value(value)));
        const ResultRecord* copies = trial.result("HIVVL", "A1", true);
        ASSERT_NE(copies, nullptr);
        EXPECT_EQ(to_string(is_below(copies->current_version().value, number("50")).truth),
                  to_string(row.below));
    }
}

}  // namespace
}  // namespace labrelay::study::testing
