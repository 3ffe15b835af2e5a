#include "criterion_answer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "finding_words.hpp"

namespace labrelay::study {
namespace {

using labrelay::to_string;  // of days

/// Of the open parts the undecided one: something is there that could be read otherwise.
Known open_part(std::span<const Known> parts) {
    return std::ranges::find(parts, Known::undecided) != parts.end() ? Known::undecided
                                                                     : Known::missing;
}

bool has(std::span<const Known> parts, Known known) {
    return std::ranges::find(parts, known) != parts.end();
}

bool all(std::span<const Known> parts, Known known) {
    return std::ranges::all_of(parts, [known](Known part) { return part == known; });
}

void add_unusable(const Course& course, const std::vector<const Reading*>& latest,
                  const RuleContext& context, Answer& answer) {
    for (const Reading* reading : course.unusable) {
        const bool earlier =
            !latest.empty() && is_later(latest.front()->collected, reading->collected);
        if (!earlier) {
            answer.evidence.push_back(evidence_of(*reading, context.screening_began));
        }
    }
}

}  // namespace

Known any_of(std::span<const Known> parts) {
    if (has(parts, Known::yes)) {
        return Known::yes;
    }
    return all(parts, Known::no) ? Known::no : open_part(parts);
}

Known any_of(std::initializer_list<Known> parts) {
    return any_of(std::span<const Known>(parts.begin(), parts.size()));
}

Known all_of(std::initializer_list<Known> parts) {
    const std::span<const Known> span(parts.begin(), parts.size());
    if (has(span, Known::no)) {
        return Known::no;
    }
    return all(span, Known::yes) ? Known::yes : open_part(span);
}

Known from(const Comparison& comparison) {
    if (!comparison.is_result) {
        return Known::missing;
    }
    switch (comparison.truth) {
        case Truth::no:
            return Known::no;
        case Truth::yes:
            return Known::yes;
        case Truth::unknown:
            break;
    }
    return Known::undecided;
}

Said on_day(LocalDay day, const Said& sentence) {
    return say(Sentence::on_day, to_string(day)) + continued(sentence);
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
    return fmt::format("{}", fmt::join(words, separator));
}

const std::optional<Timestamp>& date_of(TherapyDate date, const Subject& subject) {
    return date == TherapyDate::art_start ? subject.art_start : subject.regimen_changed;
}

std::string_view name_of(TherapyDate date) {
    return date == TherapyDate::art_start ? "antiretroviral therapy" : "the present regimen";
}

Answer judge_latest(const std::vector<std::string>& analytes, const RuleContext& context,
                    const Judge& judge) {
    const Course course = context.readings.course(analytes, context.last);
    const std::vector<const Reading*> latest = latest_of(course.usable);
    Answer answer;
    for (const Reading* reading : latest) {
        const Comparison comparison = judge(*reading);
        const Known known = from(comparison);
        answer.evidence.push_back(evidence_of(*reading, context.screening_began));
        if (answer.because.empty()) {
            answer.known = known;
            answer.because = on_day(reading->collected.day, comparison.because);
        } else if (answer.known != known) {
            answer.known = Known::undecided;
            answer.because = say(Sentence::results_contradict, to_string(reading->collected.day));
        }
    }
    add_unusable(course, latest, context, answer);
    if (!latest.empty()) {
        return answer;
    }
    answer.because = say(Sentence::no_result_of, joined(analytes, " or "));
    if (!course.unusable.empty()) {
        const Reading& last = *course.unusable.back();
        answer.because = say(Sentence::no_result_counts, joined(analytes, " or "),
                             to_string(last.collected.day), last.unusable);
    }
    return answer;
}

Answer answer(const LimitRule& rule, const RuleContext& context) {
    return judge_latest({rule.analyte}, context, [&](const Reading& reading) {
        const ResultValue& value = reading.version->value;
        return rule.side == LimitRule::Side::below ? is_below(value, rule.limit)
                                                   : is_above(value, rule.limit);
    });
}

Answer answer(const DetectionRule& rule, const RuleContext& context) {
    return judge_latest(rule.analytes, context,
                        [](const Reading& reading) { return is_detected(reading.version->value); });
}

}  // namespace labrelay::study
