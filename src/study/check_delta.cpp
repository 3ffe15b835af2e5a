#include "check_delta.hpp"

#include <algorithm>
#include <tuple>

namespace labrelay::study {
namespace {

using units::ResultState;
using Answer = CheckVerdict::Answer;

constexpr int kQuotientDigits = 15;

/// What a check can be compared with; nothing: every comparable result.
using Fits = bool (*)(const ProspectiveResult& result, const ProspectiveResult& other);

bool comparable_result(const ProspectiveResult&, const ProspectiveResult& other) {
    return comparable(*other.version);
}
bool measured_by_a_method(const ProspectiveResult& result, const ProspectiveResult& other) {
    return comparable(*other.version) && other.key->source == result.key->source &&
           !other.version->method.empty();
}
bool reported_in_a_unit(const ProspectiveResult& result, const ProspectiveResult& other) {
    return comparable(*other.version) && other.key->source == result.key->source &&
           !other.version->value.unit_reported.empty();
}
bool measured_with_a_limit(const ProspectiveResult& result, const ProspectiveResult& other) {
    return comparable(*other.version) && other.key->source == result.key->source &&
           other.version->value.lloq.has_value();
}

/// Orders draws as far as their times say, then by name: the order of arrival does not count.
bool later(const ProspectiveResult& left, const ProspectiveResult& right) {
    if (drawn_before(*right.version, *left.version)) {
        return true;
    }
    if (drawn_before(*left.version, *right.version)) {
        return false;
    }
    return *right.key < *left.key;
}

const ProspectiveResult* previous_of(const ProspectiveResult& result, const Prospect& prospect,
                                     Fits fits) {
    const ProspectiveResult* previous = nullptr;
    for (const ProspectiveResult* other : prospect.of_analyte(result.version->analyte)) {
        if (other != &result && fits(result, *other) &&
            drawn_before(*other->version, *result.version) &&
            (previous == nullptr || later(*other, *previous))) {
            previous = other;
        }
    }
    return previous;
}

std::string day_of(const ProspectiveResult& result) {
    return labrelay::to_string(result.version->collected_local->day);
}

/// "CD4A 412, after 815 on 2026-03-01".
Said change(const ProspectiveResult& now, const ProspectiveResult& before) {
    return say(Sentence::changed_from, now.version->analyte, now.version->value.value_text,
               before.version->value.value_text, day_of(before));
}

struct DeltaQuestion {
    const CheckDefinition& check;
    const ProspectiveResult& now;
    const ProspectiveResult* before;
    const Prospect& prospect;
    const StudyRules& rules;
    bool tell;
};

template <class... Values>
CheckVerdict undecidable(const DeltaQuestion& question, Sentence why, const Values&... values) {
    CheckVerdict verdict;
    if (question.tell) {
        verdict.numbers = say(why, values...);
    }
    return verdict;
}

template <class Says>
CheckVerdict answer(const DeltaQuestion& question, const CheckStep* failed, const Says& says) {
    CheckVerdict verdict;
    verdict.answer = failed != nullptr ? Answer::failed : Answer::passed;
    verdict.step = failed;
    verdict.members = {&question.now, question.before};
    if (failed != nullptr || question.tell) {
        verdict.numbers = says();
    }
    return verdict;
}

bool both_numbers(const DeltaQuestion& question) {
    return has_number(*question.now.version) && has_number(*question.before->version);
}

/// The most severe step beyond whose every allowance the change lies.
const CheckStep* beyond(const CheckDefinition& check, const Decimal& distance,
                        const Decimal& before) {
    const CheckStep* failed = nullptr;
    for (const CheckStep& step : check.steps) {
        const auto relative =
            step.percent ? percent_of(before, *step.percent) : std::optional(Decimal(0, 0));
        if (relative && distance > step.tolerance.value_or(Decimal(0, 0)) && distance > *relative) {
            failed = &step;
        }
    }
    return failed;
}

CheckVerdict delta(const DeltaQuestion& question) {
    if (!both_numbers(question)) {
        return undecidable(question, Sentence::one_without_number);
    }
    const Decimal& before = *question.before->version->value.value_num;
    const auto distance = apart(question.now.version->value.value_num, before);
    if (!distance) {
        return undecidable(question, Sentence::too_large);
    }
    return answer(question, beyond(question.check, *distance, before), [&] {
        return change(question.now, *question.before) +
               say(Sentence::changed_apart, shown(*distance));
    });
}

/// How far two values are apart, in percent of the first; nothing where it is zero.
std::optional<Decimal> percent_apart(const Decimal& before, const Decimal& now) {
    const auto distance = apart(now, before);
    const auto share = distance ? distance->divided_by(before, kQuotientDigits) : std::nullopt;
    const auto percent = share ? share->times(Decimal(100, 0)) : std::nullopt;
    return percent && percent->is_negative() ? percent->negated() : percent;
}

/// Count and percent, each beside its own previous value, of the same two specimens.
CheckVerdict delta_pair(const DeltaQuestion& question) {
    const CheckTerm& partner = question.check.percents.front();
    const ProspectiveResult* now =
        find_member(question.prospect.of_specimen(question.now), partner.analyte);
    const ProspectiveResult* before =
        find_member(question.prospect.of_specimen(*question.before), partner.analyte);
    if (now == nullptr || before == nullptr || !both_numbers(question) ||
        !has_number(*now->version) || !has_number(*before->version)) {
        return undecidable(question, Sentence::partner_missing, partner.analyte);
    }
    const auto count = percent_apart(*question.before->version->value.value_num,
                                     *question.now.version->value.value_num);
    const auto share =
        percent_apart(*before->version->value.value_num, *now->version->value.value_num);
    if (!count || !share) {
        return undecidable(question, Sentence::previous_zero);
    }
    const bool both = *count > question.check.steps.back().percent.value_or(Decimal(0, 0)) &&
                      *share > question.check.above.value_or(Decimal(0, 0));
    return answer(question, both ? &question.check.steps.back() : nullptr, [&] {
        const auto percent = [](const Decimal& number) {
            return say(Sentence::changed_percent, number.rounded_to_significant(3).to_string());
        };
        return change(question.now, *question.before) + percent(*count) + plain("; ") +
               change(*now, *before) + percent(*share) + plain(".");
    });
}

/// Nothing where it is not known whether the value lies below the limit.
std::optional<bool> undetectable(const ResultValue& value, const Decimal& below) {
    switch (value.state) {
        case ResultState::not_detected:
            return true;
        case ResultState::below_lloq:
            return value.lloq && *value.lloq <= below ? std::optional(true) : std::nullopt;
        case ResultState::quantified:
            return value.value_num ? std::optional(*value.value_num < below) : std::nullopt;
        case ResultState::above_uloq:
            return false;
        case ResultState::qualitative:
        case ResultState::no_result:
        case ResultState::not_done:
        case ResultState::withdrawn:
            return std::nullopt;
    }
    return std::nullopt;
}

CheckVerdict rebound(const DeltaQuestion& question) {
    const ResultValue& value = question.now.version->value;
    const auto before = undetectable(question.before->version->value, *question.check.below);
    if (!before) {
        return undecidable(question, Sentence::previous_open);
    }
    const bool high =
        value.state == ResultState::above_uloq ||
        (has_number(*question.now.version) && *value.value_num > *question.check.above);
    return answer(question, *before && high ? &question.check.steps.back() : nullptr, [&] {
        return change(question.now, *question.before) + say(Sentence::rebound_asked,
                                                            shown(*question.check.above),
                                                            shown(*question.check.below));
    });
}

CheckVerdict constant(const DeltaQuestion& question) {
    const bool same =
        question.now.version->value.value_text == question.before->version->value.value_text;
    return answer(question, same ? nullptr : &question.check.steps.back(),
                  [&] { return change(question.now, *question.before) + plain("."); });
}

/// The factors by which two units of the analyte differ, and ten.
std::vector<Decimal> factors_of(const Analyte* analyte) {
    std::vector<Decimal> factors{Decimal(10, 0), Decimal(1000, 0)};
    if (analyte != nullptr) {
        for (const units::UnitRule& rule : analyte->units.rules()) {
            if (rule.kind == units::UnitRule::Kind::factor && rule.factor != Decimal(1, 0)) {
                factors.push_back(rule.factor);
            }
        }
    }
    return factors;
}

CheckVerdict course(const DeltaQuestion& question) {
    if (!both_numbers(question) || question.before->version->value.value_num->is_zero() ||
        question.now.version->value.value_num->is_zero()) {
        return undecidable(question, Sentence::one_without_number_or_zero);
    }
    const Decimal& before = *question.before->version->value.value_num;
    const Decimal& now = *question.now.version->value.value_num;
    const Decimal percent = question.check.steps.back().percent.value_or(Decimal(0, 0));
    const auto fits = [&](const Decimal& value, const Decimal& expected) {
        const auto distance = apart(value, expected);
        const auto limit = percent_of(expected, percent);
        return distance && limit && *distance <= *limit;
    };
    std::optional<Decimal> found;
    if (!fits(now, before)) {
        for (const Decimal& factor :
             factors_of(question.rules.analyte(question.now.version->analyte))) {
            const auto more = before.times(factor);
            const auto as_much = now.times(factor);
            if ((more && fits(now, *more)) || (as_much && fits(*as_much, before))) {
                found = factor;
                break;
            }
        }
    }
    return answer(question, found ? &question.check.steps.back() : nullptr, [&] {
        return change(question.now, *question.before) +
               (found ? say(Sentence::changed_factor, shown(*found)) : plain("."));
    });
}

CheckVerdict method(const DeltaQuestion& question) {
    const std::string& now = question.now.version->method;
    const std::string& before = question.before->version->method;
    if (now.empty()) {
        return undecidable(question, Sentence::no_method);
    }
    return answer(question, now == before ? nullptr : &question.check.steps.back(), [&] {
        return say(Sentence::now_and_then, now, day_of(*question.before), before);
    });
}

/// What a reported unit means to the analyte: a mantissa's power of ten belongs to the value, and
/// two spellings of one factor are one unit.
std::string meaning(const std::string& unit, const Analyte* analyte) {
    const auto rule = analyte != nullptr ? analyte->units.find(unit) : std::nullopt;
    if (!rule) {
        return units::fold_unit(unit);
    }
    return rule->kind == units::UnitRule::Kind::factor ? rule->factor.normalised().to_string()
                                                       : "1";
}

CheckVerdict unit(const DeltaQuestion& question) {
    const std::string& now = question.now.version->value.unit_reported;
    const std::string& before = question.before->version->value.unit_reported;
    if (now.empty()) {
        return undecidable(question, Sentence::no_unit);
    }
    const Analyte* analyte = question.rules.analyte(question.now.version->analyte);
    const bool same = meaning(now, analyte) == meaning(before, analyte);
    return answer(question, same ? nullptr : &question.check.steps.back(), [&] {
        return say(Sentence::now_and_then, now, day_of(*question.before), before);
    });
}

CheckVerdict lloq(const DeltaQuestion& question) {
    const auto& now = question.now.version->value.lloq;
    const auto& before = question.before->version->value.lloq;
    if (!now) {
        return undecidable(question, Sentence::no_lower_limit);
    }
    return answer(question, *now == *before ? nullptr : &question.check.steps.back(), [&] {
        return say(Sentence::now_and_then, shown(*now), day_of(*question.before), shown(*before));
    });
}

struct DeltaKind {
    CheckKind kind;
    Fits fits;
    CheckVerdict (*check)(const DeltaQuestion& question);
};

constexpr DeltaKind kDeltaKinds[] = {
    {CheckKind::delta, comparable_result, delta},
    {CheckKind::delta_pair, comparable_result, delta_pair},
    {CheckKind::rebound, comparable_result, rebound},
    {CheckKind::constant, comparable_result, constant},
    {CheckKind::course, comparable_result, course},
    {CheckKind::method, measured_by_a_method, method},
    {CheckKind::unit, reported_in_a_unit, unit},
    {CheckKind::lloq, measured_with_a_limit, lloq},
};

}  // namespace

CheckVerdict check_delta(const CheckDefinition& check, const ProspectiveResult& result,
                         const Prospect& prospect, const StudyRules& rules, bool tell) {
    const auto* const kind = std::ranges::find(kDeltaKinds, check.kind, &DeltaKind::kind);
    if (kind == std::end(kDeltaKinds)) {
        return {};
    }
    const ProspectiveResult* before = previous_of(result, prospect, kind->fits);
    const DeltaQuestion question{check, result, before, prospect, rules, tell};
    if (before == nullptr) {
        return undecidable(question, Sentence::no_earlier_draw);
    }
    const auto days =
        (result.version->collected_local->day - before->version->collected_local->day).count();
    if (check.within_days && days > *check.within_days) {
        return undecidable(question, Sentence::earlier_too_long_ago, days, *check.within_days);
    }
    return kind->check(question);
}

bool is_about_values(CheckKind kind) {
    const auto* const found = std::ranges::find(kDeltaKinds, kind, &DeltaKind::kind);
    return found != std::end(kDeltaKinds) && found->fits == comparable_result;
}

Members next_after(const StoredVersion& version, const Prospect& prospect) {
    Members next;
    for (const ProspectiveResult* other : prospect.of_analyte(version.analyte)) {
        if (!comparable(*other->version) || !drawn_before(version, *other->version)) {
            continue;
        }
        if (!next.empty() && drawn_before(*other->version, *next.front()->version)) {
            next.clear();
        }
        if (next.empty() || !drawn_before(*next.front()->version, *other->version)) {
            next.push_back(other);
        }
    }
    return next;
}

}  // namespace labrelay::study
