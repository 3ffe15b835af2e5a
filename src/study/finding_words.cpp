#include "finding_words.hpp"

#include <array>

#include "labrelay/core/sentences.hpp"

namespace labrelay::study {
namespace {

using units::ResultState;

struct Word {
    std::string_view text;
    Truth positive;
    Sentence sentence;
};

// The canonical words of units::ReportedValue and of mapping::standardise().
constexpr std::array kWords{
    Word{"POS", Truth::yes, Sentence::word_positive},
    Word{"WEAK_POS", Truth::yes, Sentence::word_weakly_positive},
    Word{"NEG", Truth::no, Sentence::word_negative},
    Word{"INDETERMINATE", Truth::unknown, Sentence::word_indeterminate},
    Word{"DETECTED", Truth::yes, Sentence::word_detected},
};

Comparison of_word(const ResultValue& value) {
    for (const Word& word : kWords) {
        if (value.value_text == word.text) {
            return {word.positive, say(word.sentence), true};
        }
    }
    return {Truth::unknown, say(Sentence::word_neither), true};
}

Comparison no_result(Sentence why) {
    return {Truth::unknown, say(why), false};
}

Comparison of_number(const ResultValue& value) {
    // A logarithm of 0 is one copy.
    const bool logarithm = value.unit.find("Log") != std::string::npos;
    if (!value.value_num || (value.value_num->is_zero() && !logarithm)) {
        return {Truth::unknown, say(Sentence::zero_says_nothing), true};
    }
    return {Truth::yes, say(Sentence::value_detected_as, value.value_text), true};
}

}  // namespace

Comparison is_detected(const ResultValue& value) {
    switch (value.state) {
        case ResultState::quantified:
            return of_number(value);
        case ResultState::below_lloq:
            return {Truth::yes, say(Sentence::value_too_little, value.value_text), true};
        case ResultState::above_uloq:
            return {Truth::yes, say(Sentence::value_detected_as, value.value_text), true};
        case ResultState::not_detected:
            return {Truth::no, say(Sentence::was_not_detected), true};
        case ResultState::qualitative:
            return of_word(value);
        case ResultState::no_result:
            return no_result(Sentence::test_gave_none);
        case ResultState::not_done:
            return no_result(Sentence::test_not_done);
        case ResultState::withdrawn:
            return no_result(Sentence::result_withdrawn);
    }
    return {};
}

Comparison is_positive(const ResultValue& value) {
    switch (value.state) {
        case ResultState::qualitative:
            return of_word(value);
        case ResultState::not_detected:
            return {Truth::no, say(Sentence::not_detected_negative), true};
        case ResultState::quantified:
        case ResultState::below_lloq:
        case ResultState::above_uloq:
            return {Truth::unknown, say(Sentence::number_not_positive), true};
        case ResultState::no_result:
            return no_result(Sentence::test_gave_none);
        case ResultState::not_done:
            return no_result(Sentence::test_not_done);
        case ResultState::withdrawn:
            return no_result(Sentence::result_withdrawn);
    }
    return {};
}

}  // namespace labrelay::study
