#include <algorithm>

#include "criterion_answer.hpp"
#include "finding_words.hpp"

namespace labrelay::study {
namespace {

using Reading3 = SerologyRule::Reading;

std::string_view words_of(Known known, std::string_view yes, std::string_view no) {
    switch (known) {
        case Known::yes:
            return yes;
        case Known::no:
            return no;
        case Known::undecided:
            return "undecided";
        case Known::missing:
            return "missing";
    }
    return "";
}

/// One analyte with its answer.
struct Part {
    std::string analyte;
    Answer answer;
    Said words;
};

Part serology_of(const std::string& analyte, const RuleContext& context) {
    Part part{
        analyte,
        judge_latest({analyte}, context,
                     [](const Reading& reading) { return is_positive(reading.version->value); }),
        {}};
    part.words =
        say(Sentence::part_is, analyte, words_of(part.answer.known, "positive", "negative"));
    return part;
}

Part limit_of(const LimitRule& rule, const RuleContext& context) {
    Part part{rule.analyte, answer(rule, context), {}};
    const bool below = rule.side == LimitRule::Side::below;
    const std::string limit = rule.limit.to_string();
    switch (part.answer.known) {
        case Known::yes:
            part.words =
                say(below ? Sentence::part_below : Sentence::part_above, rule.analyte, limit);
            break;
        case Known::no:
            part.words = say(below ? Sentence::part_not_below : Sentence::part_not_above,
                             rule.analyte, limit);
            break;
        case Known::undecided:
        case Known::missing:
            part.words = say(Sentence::part_is, rule.analyte, words_of(part.answer.known, {}, {}));
            break;
    }
    return part;
}

Known read(const SerologyRule& rule, const std::vector<Part>& parts, Known limit) {
    std::vector<Known> free;
    std::vector<Known> bound;
    for (const Part& part : parts) {
        const bool binds = rule.reading == Reading3::each_and_limit ||
                           (rule.reading == Reading3::limit_binds &&
                            std::ranges::find(rule.binds, part.analyte) != rule.binds.end());
        (binds ? bound : free).push_back(part.answer.known);
    }
    if (rule.reading == Reading3::each_or_limit) {
        free.push_back(limit);
    } else if (!bound.empty()) {
        free.push_back(all_of({any_of(bound), limit}));
    }
    return any_of(free);
}

/// How the protocol's sentence is read.
Said reading_said(const SerologyRule& rule) {
    const std::string& analyte = rule.limit->analyte;
    const std::string_view side = rule.limit->side == LimitRule::Side::below ? "below" : "above";
    const std::string limit = rule.limit->limit.to_string();
    switch (rule.reading) {
        case Reading3::each_or_limit:
            return say(Sentence::read_each_or, analyte, side, limit);
        case Reading3::each_and_limit:
            return say(Sentence::read_each_and, analyte, side, limit);
        case Reading3::limit_binds:
            return say(Sentence::read_binds, joined(rule.binds, " and "), analyte, side, limit);
    }
    return {};
}

Said verdict_of(Known known) {
    switch (known) {
        case Known::yes:
            return say(Sentence::that_excludes);
        case Known::no:
            return say(Sentence::that_excludes_not);
        case Known::undecided:
        case Known::missing:
            break;
    }
    return say(Sentence::that_says_not);
}

}  // namespace

Answer answer(const SerologyRule& rule, const RuleContext& context) {
    std::vector<Part> parts;
    for (const std::string& analyte : rule.analytes) {
        parts.push_back(serology_of(analyte, context));
    }
    if (!rule.limit && parts.size() == 1) {
        return std::move(parts.front().answer);
    }
    Known known = Known::missing;
    if (rule.limit) {
        Part limit = limit_of(*rule.limit, context);
        known = read(rule, parts, limit.answer.known);
        parts.push_back(std::move(limit));
    } else {
        std::vector<Known> each;
        each.reserve(parts.size());
        for (const Part& part : parts) {
            each.push_back(part.answer.known);
        }
        known = any_of(each);
    }
    Answer result;
    result.known = known;
    for (Part& part : parts) {
        if (!result.because.empty()) {
            result.because += plain(", ");
        }
        result.because += part.words;
        std::ranges::move(part.answer.evidence, std::back_inserter(result.evidence));
    }
    result.because += rule.limit ? reading_said(rule) + verdict_of(known) : plain(".");
    return result;
}

namespace {

Comparison pregnancy_of(const PregnancyRule& rule, const StoredVersion& version) {
    if (version.analyte == rule.word_analyte) {
        return is_positive(version.value);
    }
    Comparison negative = is_below(version.value, rule.negative_below);
    if (!negative.is_result || negative.truth == Truth::yes) {
        negative.truth = Truth::no;
        return negative;
    }
    Comparison under = is_below(version.value, rule.positive_from);
    under.truth = under.truth == Truth::no ? Truth::yes : Truth::unknown;
    under.because = say(Sentence::pregnancy_number, version.value.value_text,
                        rule.negative_below.to_string(), rule.positive_from.to_string());
    return under;
}

}  // namespace

Answer answer(const PregnancyRule& rule, const RuleContext& context) {
    const Subject& subject = context.calendar.subject();
    if (subject.sex == Sex::male) {
        return {Known::no, say(Sentence::registry_male), {}, {}};
    }
    std::vector<std::string> analytes;
    for (const std::string& analyte : {rule.word_analyte, rule.number_analyte}) {
        if (!analyte.empty()) {
            analytes.push_back(analyte);
        }
    }
    Answer test = judge_latest(analytes, context, [&](const Reading& reading) {
        return pregnancy_of(rule, *reading.version);
    });
    if (subject.child_bearing == true || test.known == Known::yes || test.known == Known::no) {
        return test;
    }
    if (subject.child_bearing == false) {
        test.known = Known::no;
        test.because = say(Sentence::bears_no_children);
        return test;
    }
    test.because += say(Sentence::bearing_not_recorded);
    return test;
}

}  // namespace labrelay::study
