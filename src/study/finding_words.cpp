#include "finding_words.hpp"

#include <fmt/format.h>

#include <array>

namespace labrelay::study {
namespace {

using units::ResultState;

struct Word {
    std::string_view text;
    Truth positive;
    std::string_view sentence;
};

// The canonical words of units::ReportedValue and of mapping::standardise().
constexpr std::array kWords{
    Word{"POS", Truth::yes, "The result is positive."},
    Word{"WEAK_POS", Truth::yes, "The result is weakly positive, which is positive."},
    Word{"NEG", Truth::no, "The result is negative."},
    Word{"INDETERMINATE", Truth::unknown, "The result is indeterminate."},
    Word{"DETECTED", Truth::yes, "It was detected."},
};

Comparison of_word(const ResultValue& value) {
    for (const Word& word : kWords) {
        if (value.value_text == word.text) {
            return {word.positive, std::string(word.sentence), true};
        }
    }
    return {Truth::unknown, "The result is neither positive nor negative in words.", true};
}

Comparison no_result(std::string_view why) {
    return {Truth::unknown, std::string(why), false};
}

Comparison of_number(const ResultValue& value) {
    // A logarithm of 0 is one copy.
    const bool logarithm = value.unit.find("Log") != std::string::npos;
    if (!value.value_num || (value.value_num->is_zero() && !logarithm)) {
        return {Truth::unknown, "The value is 0, which does not say whether it was detected.",
                true};
    }
    return {Truth::yes, fmt::format("The value is {}: detected.", value.value_text), true};
}

}  // namespace

Comparison is_detected(const ResultValue& value) {
    switch (value.state) {
        case ResultState::quantified:
            return of_number(value);
        case ResultState::below_lloq:
            return {
                Truth::yes,
                fmt::format("The value is {}: detected, too little to count.", value.value_text),
                true};
        case ResultState::above_uloq:
            return {Truth::yes, fmt::format("The value is {}: detected.", value.value_text), true};
        case ResultState::not_detected:
            return {Truth::no, "It was not detected.", true};
        case ResultState::qualitative:
            return of_word(value);
        case ResultState::no_result:
            return no_result("The test gave no result.");
        case ResultState::not_done:
            return no_result("The test was not done.");
        case ResultState::withdrawn:
            return no_result("The result was withdrawn.");
    }
    return {};
}

Comparison is_positive(const ResultValue& value) {
    switch (value.state) {
        case ResultState::qualitative:
            return of_word(value);
        case ResultState::not_detected:
            return {Truth::no, "It was not detected, which is negative.", true};
        case ResultState::quantified:
        case ResultState::below_lloq:
        case ResultState::above_uloq:
            return {Truth::unknown,
                    "The result is a number, which does not say whether it is positive.", true};
        case ResultState::no_result:
            return no_result("The test gave no result.");
        case ResultState::not_done:
            return no_result("The test was not done.");
        case ResultState::withdrawn:
            return no_result("The result was withdrawn.");
    }
    return {};
}

}  // namespace labrelay::study
