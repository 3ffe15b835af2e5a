#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "criterion_answer.hpp"
#include "labrelay/core/months.hpp"

namespace labrelay::study {
namespace {

using labrelay::to_string;  // of days

constexpr int kMonthsOfYear = 12;

/// The day, or the days between which it lies.
Said span_said(const DaySpan& span) {
    return span.first == span.last
               ? say(Sentence::complete_on, to_string(span.first))
               : say(Sentence::complete_between, to_string(span.first), to_string(span.last));
}

std::string capitalised(std::string text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') {
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    }
    return text;
}

/// Whether the day that is reached lies before screening begins, after it ends, or between.
Known reached(const DaySpan& at, LocalDay begins, LocalDay ends) {
    if (at.last <= begins) {
        return Known::yes;
    }
    return at.first > ends ? Known::no : Known::undecided;
}

using Band = TherapyLimitRule::Band;

/// How a therapy's length on a day stands to the bands.
struct InBand {
    const Band* band = nullptr;  ///< null: in none
    bool exactly = false;        ///< on its first day, which is undecided
};

InBand band_on(const std::vector<Band>& bands, LocalDay start, LocalDay day) {
    for (const Band& band : bands) {
        const LocalDay from = plus_months(start, band.from_months);
        const bool ended = band.until_months && day >= plus_months(start, *band.until_months);
        if (day >= from && !ended) {
            return {&band, day == from && !band.exactly_from_counts};
        }
    }
    return {};
}

/// The answer of one result for every day that the therapy may have begun on.
struct BandAnswer {
    std::set<Known> knowns;
    bool before_first = true;  ///< the therapy was too short on all of them
    bool exactly = false;
    const Band* band = nullptr;
};

BandAnswer ask_bands(const TherapyLimitRule& rule, const DaySpan& starts, const Reading& reading) {
    BandAnswer answer;
    const LocalDay day = reading.collected.day;
    for (LocalDay start = starts.first; start <= starts.last; start += std::chrono::days(1)) {
        const InBand in = band_on(rule.bands, start, day);
        if (in.band == nullptr) {
            const bool too_short = day < plus_months(start, rule.bands.front().from_months);
            answer.before_first = answer.before_first && too_short;
            answer.knowns.insert(Known::no);
            continue;
        }
        answer.before_first = false;
        answer.band = in.band;
        answer.exactly = answer.exactly || in.exactly;
        const Known below = from(is_below(reading.version->value, in.band->below));
        answer.knowns.insert(in.exactly ? all_of({Known::undecided, below}) : below);
    }
    return answer;
}

/// How many months the therapy had lasted: `24`, or `23 to 24`.
std::string lasted(const DaySpan& starts, LocalDay day) {
    const int least = whole_months(starts.last, day);
    const int most = whole_months(starts.first, day);
    return least == most ? std::to_string(least) : fmt::format("{} to {}", least, most);
}

class TherapyLimitAnswer {
public:
    TherapyLimitAnswer(const TherapyLimitRule& rule, const DaySpan& starts,
                       const RuleContext& context)
        : rule_(rule), starts_(starts), context_(context) {}

    Comparison judge(const Reading& reading) const {
        const BandAnswer bands = ask_bands(rule_, starts_, reading);
        const LocalDay day = reading.collected.day;
        const std::string months = lasted(starts_, day);
        const std::string_view therapy = name_of(rule_.since);
        if (bands.before_first) {
            return too_short(reading, months);
        }
        if (bands.knowns.size() > 1) {
            return {Truth::unknown, say(Sentence::limit_not_certain, months, therapy), true};
        }
        const Known known = *bands.knowns.begin();
        if (bands.band == nullptr) {
            return {Truth::no, say(Sentence::no_limit_after, months, therapy), true};
        }
        const Comparison below = is_below(reading.version->value, bands.band->below);
        if (known == Known::undecided && bands.exactly) {
            return {Truth::unknown, say(Sentence::exactly_open, months, therapy), true};
        }
        Comparison comparison = below;
        comparison.because =
            say(Sentence::after_therapy, months, therapy) + continued(below.because);
        return comparison;
    }

private:
    /// A count from when the therapy was too short says nothing once a later one can be drawn.
    Comparison too_short(const Reading& reading, const std::string& months) const {
        const int least = rule_.bands.front().from_months;
        const bool long_enough_now = context_.screening_began &&
                                     reading.collected.day < *context_.screening_began &&
                                     plus_months(starts_.last, least) <= *context_.screening_began;
        if (long_enough_now) {
            return {Truth::unknown,
                    say(Sentence::too_short_then, months, name_of(rule_.since), least), false};
        }
        return {Truth::no, say(Sentence::too_short, months, name_of(rule_.since), least), true};
    }

    const TherapyLimitRule& rule_;
    const DaySpan& starts_;
    const RuleContext& context_;
};

}  // namespace

Answer answer(const AgeRule& rule, const RuleContext& context) {
    const std::optional<Timestamp>& born = context.calendar.subject().birth_date;
    if (!born) {
        return {Known::missing, say(Sentence::birth_not_recorded), {}, {}};
    }
    if (!context.screening_began) {
        return {Known::missing, say(Sentence::no_screening), {}, {}};
    }
    const DaySpan span = days_of(*born);
    const int months = rule.years * kMonthsOfYear;
    const DaySpan at{plus_months(span.first, months), plus_months(span.last, months)};
    const LocalDay begins = *context.screening_began;
    const Known known = reached(at, begins, begins);
    // The birth date itself stays inside.
    const Sentence words = known == Known::undecided ? Sentence::age_perhaps
                           : known == Known::yes     ? Sentence::age_reached
                                                     : Sentence::age_not_reached;
    return {known, say(words, rule.years, to_string(begins)), {}, {}};
}

Answer answer(const TherapyRule& rule, const RuleContext& context) {
    const std::optional<Timestamp>& began = date_of(rule.since, context.calendar.subject());
    const std::string_view name = name_of(rule.since);
    if (!began) {
        return {Known::missing, say(Sentence::began_not_recorded, name), {}, {}};
    }
    if (!context.screening_began) {
        return {Known::missing, say(Sentence::no_screening), {}, {}};
    }
    const DaySpan span = days_of(*began);
    const DaySpan at{plus_months(span.first, rule.months), plus_months(span.last, rule.months)};
    const LocalDay begins = *context.screening_began;
    const LocalDay ends = std::max(begins, context.screening_ends.value_or(begins));
    const Known known = reached(at, begins, ends);
    Said screening = say(Sentence::and_screening_began, to_string(begins));
    if (known == Known::no) {
        screening = say(Sentence::and_screening_ends, to_string(ends));
    } else if (known == Known::undecided) {
        screening = say(Sentence::and_screening_lasts, to_string(begins), to_string(ends));
    }
    const Sentence start = began->precision >= Precision::day ? Sentence::therapy_began_on
                                                              : Sentence::therapy_began_in;
    return {known,
            say(start, capitalised(std::string(name)), to_date_text(*began), rule.months) +
                span_said(at) + screening,
            {},
            {}};
}

namespace {

/// Without the therapy's start only a value that no band would take can be judged.
Comparison without_start(const TherapyLimitRule& rule, const ResultValue& value) {
    const auto takes = [&](const Band& band) {
        return from(is_below(value, band.below)) != Known::no;
    };
    if (std::ranges::none_of(rule.bands, takes)) {
        return {Truth::no, say(Sentence::below_no_limit, value.value_text), true};
    }
    return {Truth::unknown,
            say(Sentence::start_not_recorded, value.value_text, name_of(rule.since)), false};
}

}  // namespace

Answer answer(const TherapyLimitRule& rule, const RuleContext& context) {
    const std::optional<Timestamp>& began = date_of(rule.since, context.calendar.subject());
    if (!began) {
        return judge_latest({rule.analyte}, context, [&](const Reading& reading) {
            return without_start(rule, reading.version->value);
        });
    }
    const DaySpan starts = days_of(*began);
    const TherapyLimitAnswer limit(rule, starts, context);
    return judge_latest({rule.analyte}, context,
                        [&](const Reading& reading) { return limit.judge(reading); });
}

}  // namespace labrelay::study
