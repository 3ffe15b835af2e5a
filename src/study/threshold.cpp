#include "labrelay/study/threshold.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "labrelay/core/sentences.hpp"

namespace labrelay::study {
namespace {

using units::Comparator;
using units::ResultState;

/// One end of what a value can be; an open end does not belong to it.
struct End {
    std::optional<Decimal> at;
    bool open = false;
};

/// What a value can be, and how a person would say it.
struct Extent {
    End low;
    End high;
    Said words;
};

/// The bounds of an interval have more digits than anybody reads.
std::string shown(const Decimal& bound) {
    constexpr int kShownDigits = 6;
    return bound.rounded_to_significant(kShownDigits).to_string();
}

Extent of_number(const ResultValue& value) {
    const Decimal& number = *value.value_num;
    Extent extent{{value.least.value_or(number)}, {value.most.value_or(number)}, {}};
    const Decimal& least = *extent.low.at;
    const Decimal& most = *extent.high.at;
    if (least == most) {
        extent.words = say(Sentence::value_is, least.to_string());
    } else {
        extent.words =
            say(Sentence::value_is_logarithm, number.to_string(), shown(least), shown(most));
    }
    return extent;
}

/// The limit as the value's text shows it may stand for another one.
Said limit_words(std::string_view sign, const Decimal& printed, const Decimal& limit,
                 Sentence other) {
    const std::string value = fmt::format("{}{}", sign, printed.to_string());
    return printed == limit ? say(Sentence::value_is, value) : say(other, value, shown(limit));
}

Extent of_below(const ResultValue& value) {
    const std::optional<Decimal>& limit = value.most ? value.most : value.lloq;
    if (!limit) {
        return {{}, {}, say(Sentence::value_below_unknown)};
    }
    const bool closed = value.comparator == Comparator::less_equal;
    return {{},
            {limit, !closed},
            limit_words(closed ? "<=" : "<", value.lloq.value_or(*limit), *limit,
                        Sentence::value_is_up_to)};
}

Extent of_not_detected(const ResultValue& value) {
    const std::optional<Decimal>& limit = value.most ? value.most : value.lloq;
    if (!limit) {
        return {{}, {}, say(Sentence::not_detected_unknown)};
    }
    return {{}, {limit, true}, say(Sentence::not_detected_limit, shown(*limit))};
}

Extent of_above(const ResultValue& value) {
    const std::optional<Decimal>& limit = value.least ? value.least : value.uloq;
    if (!limit) {
        return {{}, {}, say(Sentence::value_above_unknown)};
    }
    const bool closed = value.comparator == Comparator::greater_equal;
    return {{limit, !closed},
            {},
            limit_words(closed ? ">=" : ">", value.uloq.value_or(*limit), *limit,
                        Sentence::value_is_at_least)};
}

Extent of_words(const ResultValue& value) {
    if (value.value_text == "DETECTED") {
        return {{}, {}, say(Sentence::detected_unnumbered)};
    }
    return {{}, {}, say(Sentence::word_no_number)};
}

/// Nothing where the value is no result; then `why` says what it is.
std::optional<Extent> extent_of(const ResultValue& value, Said& why) {
    switch (value.state) {
        case ResultState::quantified:
            return value.value_num ? of_number(value) : of_words(value);
        case ResultState::below_lloq:
            return of_below(value);
        case ResultState::not_detected:
            return of_not_detected(value);
        case ResultState::above_uloq:
            return of_above(value);
        case ResultState::qualitative:
            return of_words(value);
        case ResultState::no_result:
            why = say(Sentence::test_gave_none);
            return std::nullopt;
        case ResultState::not_done:
            why = say(Sentence::test_not_done);
            return std::nullopt;
        case ResultState::withdrawn:
            why = say(Sentence::result_withdrawn);
            return std::nullopt;
    }
    return std::nullopt;
}

/// The end lies before `limit`, or at it where that is enough.
bool ends_before(const End& end, const Decimal& limit, bool at_is_enough) {
    return end.at && (*end.at < limit || (*end.at == limit && at_is_enough));
}
bool begins_after(const End& end, const Decimal& limit, bool at_is_enough) {
    return end.at && (*end.at > limit || (*end.at == limit && at_is_enough));
}

Truth answer(bool yes, bool no) {
    return yes ? Truth::yes : no ? Truth::no : Truth::unknown;
}

/// What is said of one side of a limit.
struct SideWords {
    Sentence yes;
    Sentence no;
    Sentence unknown;
};
constexpr SideWords kBelow{Sentence::is_below, Sentence::is_not_below, Sentence::says_not_below};
constexpr SideWords kAbove{Sentence::is_above, Sentence::is_not_above, Sentence::says_not_above};

Said sentence(const Extent& extent, Truth truth, const SideWords& side, const Decimal& limit) {
    const Sentence words = truth == Truth::yes  ? side.yes
                           : truth == Truth::no ? side.no
                                                : side.unknown;
    return extent.words + say(words, limit.to_string());
}

}  // namespace

Comparison is_below(const ResultValue& value, const Decimal& limit) {
    Said why;
    const std::optional<Extent> extent = extent_of(value, why);
    if (!extent) {
        return {Truth::unknown, std::move(why), false};
    }
    const Truth truth = answer(ends_before(extent->high, limit, extent->high.open),
                               begins_after(extent->low, limit, true));
    return {truth, sentence(*extent, truth, kBelow, limit), true};
}

Comparison is_above(const ResultValue& value, const Decimal& limit) {
    Said why;
    const std::optional<Extent> extent = extent_of(value, why);
    if (!extent) {
        return {Truth::unknown, std::move(why), false};
    }
    const Truth truth = answer(begins_after(extent->low, limit, extent->low.open),
                               ends_before(extent->high, limit, true));
    return {truth, sentence(*extent, truth, kAbove, limit), true};
}

}  // namespace labrelay::study
