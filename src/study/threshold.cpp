#include "labrelay/study/threshold.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

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
    std::string words;
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
        extent.words = fmt::format("The value is {}", least.to_string());
    } else {
        extent.words =
            fmt::format("The value {} was reported as a logarithm and stands for {} to {}",
                        number.to_string(), shown(least), shown(most));
    }
    return extent;
}

/// The limit as the value's text shows it may stand for another one.
std::string limit_words(std::string_view sign, const Decimal& printed, const Decimal& limit,
                        std::string_view towards) {
    if (printed == limit) {
        return fmt::format("The value is {}{}", sign, printed.to_string());
    }
    return fmt::format("The value is {}{}, a limit that stands for {} {}", sign,
                       printed.to_string(), towards, shown(limit));
}

Extent of_below(const ResultValue& value) {
    const std::optional<Decimal>& limit = value.most ? value.most : value.lloq;
    if (!limit) {
        return {{}, {}, "The value lies below a limit that is not known"};
    }
    const bool closed = value.comparator == Comparator::less_equal;
    return {{},
            {limit, !closed},
            limit_words(closed ? "<=" : "<", value.lloq.value_or(*limit), *limit, "up to")};
}

Extent of_not_detected(const ResultValue& value) {
    const std::optional<Decimal>& limit = value.most ? value.most : value.lloq;
    if (!limit) {
        return {{}, {}, "It was not detected, by an assay whose lower limit is not known"};
    }
    return {{},
            {limit, true},
            fmt::format("It was not detected, by an assay whose lower limit is {}", shown(*limit))};
}

Extent of_above(const ResultValue& value) {
    const std::optional<Decimal>& limit = value.least ? value.least : value.uloq;
    if (!limit) {
        return {{}, {}, "The value lies above a limit that is not known"};
    }
    const bool closed = value.comparator == Comparator::greater_equal;
    return {{limit, !closed},
            {},
            limit_words(closed ? ">=" : ">", value.uloq.value_or(*limit), *limit, "at least")};
}

Extent of_words(const ResultValue& value) {
    if (value.value_text == "DETECTED") {
        return {{}, {}, "It was detected, and no number was reported"};
    }
    return {{}, {}, "The result is a word and not a number"};
}

/// Nothing where the value is no result; then `why` says what it is.
std::optional<Extent> extent_of(const ResultValue& value, std::string_view& why) {
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
            why = "The test gave no result.";
            return std::nullopt;
        case ResultState::not_done:
            why = "The test was not done.";
            return std::nullopt;
        case ResultState::withdrawn:
            why = "The result was withdrawn.";
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

std::string sentence(const Extent& extent, Truth truth, std::string_view side,
                     const Decimal& limit) {
    switch (truth) {
        case Truth::yes:
            return fmt::format("{}: {} {}.", extent.words, side, limit.to_string());
        case Truth::no:
            return fmt::format("{}: not {} {}.", extent.words, side, limit.to_string());
        case Truth::unknown:
            return fmt::format("{}: that does not say whether it is {} {}.", extent.words, side,
                               limit.to_string());
    }
    return {};
}

}  // namespace

Comparison is_below(const ResultValue& value, const Decimal& limit) {
    std::string_view why;
    const std::optional<Extent> extent = extent_of(value, why);
    if (!extent) {
        return {Truth::unknown, std::string(why), false};
    }
    const Truth truth = answer(ends_before(extent->high, limit, extent->high.open),
                               begins_after(extent->low, limit, true));
    return {truth, sentence(*extent, truth, "below", limit), true};
}

Comparison is_above(const ResultValue& value, const Decimal& limit) {
    std::string_view why;
    const std::optional<Extent> extent = extent_of(value, why);
    if (!extent) {
        return {Truth::unknown, std::string(why), false};
    }
    const Truth truth = answer(begins_after(extent->low, limit, extent->low.open),
                               ends_before(extent->high, limit, true));
    return {truth, sentence(*extent, truth, "above", limit), true};
}

}  // namespace labrelay::study
