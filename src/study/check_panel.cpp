#include "check_panel.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace labrelay::study {
namespace {

constexpr int kQuotientDigits = 15;
const Decimal kNothing(0, 0);

/// "CD4P 30 + CD8P 45".
std::string joined(const std::vector<CheckTerm>& terms, const std::vector<Decimal>& values,
                   std::string_view between) {
    std::string text;
    for (std::size_t at = 0; at < values.size(); ++at) {
        text += fmt::format("{}{}", at == 0 ? "" : between, named(terms[at], values[at]));
    }
    return text;
}

/// The parts and their sum; a part that is missing makes the inputs incomplete.
struct Sum {
    std::vector<Decimal> values;
    std::optional<Decimal> total{Decimal(0, 0)};
};

Sum take_sum(Inputs& inputs, const std::vector<CheckTerm>& parts) {
    Sum sum;
    for (const CheckTerm& part : parts) {
        if (const auto value = inputs.take(part)) {
            sum.values.push_back(*value);
            sum.total = add(sum.total, value);
        }
    }
    return sum;
}

std::string whole_name(const CheckDefinition& check, const Decimal& whole) {
    return check.whole ? named(*check.whole, whole) : shown(whole);
}

CheckVerdict check_sum(const CheckQuestion& question) {
    Inputs inputs(question);
    const Sum sum = take_sum(inputs, question.check.parts);
    const auto whole =
        question.check.total ? question.check.total : inputs.take(*question.check.whole);
    if (!inputs.complete()) {
        return inputs.undecidable();
    }
    const auto distance = apart(sum.total, whole);
    return inputs.judge(distance, *whole, inputs.rounding(), [&] {
        return say(Sentence::computed_apart, joined(question.check.parts, sum.values, " + "),
                   shown(*sum.total), whole_name(question.check, *whole), shown(*distance));
    });
}

/// The whole may be passed by its percentage and the tolerance, one after the other.
CheckVerdict check_at_most(const CheckQuestion& question) {
    Inputs inputs(question);
    const Sum sum = take_sum(inputs, question.check.parts);
    const auto whole = inputs.take(*question.check.whole);
    if (!inputs.complete()) {
        return inputs.undecidable();
    }
    CheckVerdict verdict;
    verdict.members = inputs.members();
    verdict.answer = CheckVerdict::Answer::passed;
    for (const CheckStep& step : question.check.steps) {
        const auto share = percent_of(*whole, step.percent.value_or(kNothing));
        const auto limit = add(add(whole, share), step.tolerance.value_or(kNothing));
        if (!limit || !sum.total) {
            return inputs.undecidable(Sentence::too_large);
        }
        const bool failed = *sum.total > *limit;
        if (failed) {
            verdict.answer = CheckVerdict::Answer::failed;
            verdict.step = &step;
        }
        if (failed || (question.tell && verdict.numbers.empty())) {
            verdict.numbers =
                say(Sentence::sum_at_most, joined(question.check.parts, sum.values, " + "),
                    shown(*sum.total), named(*question.check.whole, *whole), shown(*limit));
        }
    }
    return verdict;
}

/// The worst of several comparisons that one check makes.
class Worst {
public:
    /// What failed among stored results alone was said when the last of them came.
    void add(CheckVerdict verdict) {
        const bool news = std::ranges::any_of(verdict.members, [](const auto* member) {
            return member->candidate != ProspectiveResult::kStored;
        });
        if (verdict.answer == CheckVerdict::Answer::failed && !news) {
            return;
        }
        if (!worst_ || rank(verdict) > rank(*worst_)) {
            worst_ = std::move(verdict);
        }
    }
    CheckVerdict take(const Inputs& inputs) && {
        return worst_              ? *std::move(worst_)
               : inputs.complete() ? inputs.undecidable(Sentence::too_few)
                                   : inputs.undecidable();
    }

private:
    static int rank(const CheckVerdict& verdict) {
        switch (verdict.answer) {
            case CheckVerdict::Answer::undecidable:
                return 0;
            case CheckVerdict::Answer::passed:
                return 1;
            case CheckVerdict::Answer::failed:
                return 2 + static_cast<int>(verdict.step->severity);
        }
        return 0;
    }
    std::optional<CheckVerdict> worst_;
};

CheckVerdict compare(const CheckQuestion& question, const CheckTerm& smaller,
                     const CheckTerm& larger) {
    Inputs inputs(question);
    const auto small = inputs.take(smaller);
    const auto large = inputs.take(larger);
    if (!inputs.complete()) {
        return inputs.undecidable();
    }
    return inputs.judge(small->minus(*large), *large, inputs.rounding(), [&] {
        return say(Sentence::pair_against, named(smaller, *small), named(larger, *large));
    });
}

CheckVerdict compare(const CheckQuestion& question, const CheckTerm& smaller,
                     const Decimal& limit) {
    Inputs inputs(question);
    const auto small = inputs.take(smaller);
    if (!inputs.complete()) {
        return inputs.undecidable();
    }
    return inputs.judge(small->minus(limit), limit, kNothing, [&] {
        return say(Sentence::pair_against, named(smaller, *small), shown(limit));
    });
}

CheckVerdict check_each_at_most(const CheckQuestion& question) {
    Inputs inputs(question);
    Worst worst;
    for (const CheckTerm& part : question.check.parts) {
        if (question.check.total) {
            worst.add(compare(question, part, *question.check.total));
        }
        if (question.check.whole) {
            worst.add(compare(question, part, *question.check.whole));
        }
    }
    return std::move(worst).take(inputs);
}

/// Each of those that are there against the next of them.
CheckVerdict check_ascending(const CheckQuestion& question) {
    Inputs inputs(question);
    Worst worst;
    const CheckTerm* before = nullptr;
    for (const CheckTerm& part : question.check.parts) {
        if (!inputs.take(part)) {
            continue;
        }
        if (before != nullptr) {
            worst.add(compare(question, *before, part));
        }
        before = &part;
    }
    return std::move(worst).take(inputs);
}

CheckVerdict compare_share(const CheckQuestion& question, const CheckTerm& part,
                           const CheckTerm& percent) {
    Inputs inputs(question);
    const auto count = inputs.take(part);
    const auto share = inputs.take(percent);
    const auto whole = inputs.take(*question.check.whole);
    if (!inputs.complete()) {
        return inputs.undecidable();
    }
    const auto expected = percent_of(*whole, *share);
    const auto distance = apart(count, expected);
    return inputs.judge(distance, expected.value_or(kNothing), inputs.rounding(), [&] {
        return say(Sentence::share_apart, named(part, *count), named(percent, *share),
                   named(*question.check.whole, *whole), shown(*expected), shown(*distance));
    });
}

CheckVerdict check_share(const CheckQuestion& question) {
    Inputs inputs(question);
    Worst worst;
    for (std::size_t at = 0; at < question.check.parts.size(); ++at) {
        worst.add(compare_share(question, question.check.parts[at], question.check.percents[at]));
    }
    return std::move(worst).take(inputs);
}

/// A value against the limits of the check: inside, both ends included, or beyond them.
CheckVerdict within(const CheckQuestion& question, const Inputs& inputs, const Decimal& value,
                    const std::string& formula) {
    const CheckDefinition& check = question.check;
    CheckVerdict verdict;
    verdict.members = inputs.members();
    const bool inside =
        (!check.low || value >= *check.low) && (!check.high || value <= *check.high);
    verdict.answer = inside ? CheckVerdict::Answer::passed : CheckVerdict::Answer::failed;
    verdict.step = inside ? nullptr : &check.steps.back();
    if (!inside || question.tell) {
        const auto end = [](const std::optional<Decimal>& limit) {
            return limit ? shown(*limit) : std::string("…");
        };
        verdict.numbers =
            say(Sentence::within_expected, formula, shown(value), end(check.low), end(check.high));
    }
    return verdict;
}

CheckVerdict check_balance(const CheckQuestion& question) {
    Inputs inputs(question);
    std::optional<Decimal> rest;
    std::vector<Decimal> values;
    for (const CheckTerm& part : question.check.parts) {
        const auto value = inputs.take(part);
        if (!value) {
            return inputs.undecidable();
        }
        rest = values.empty() ? value : rest ? rest->minus(*value) : std::nullopt;
        values.push_back(*value);
    }
    if (!rest) {
        return inputs.undecidable(Sentence::too_large);
    }
    return within(question, inputs, *rest, joined(question.check.parts, values, " - "));
}

CheckVerdict check_quotient(const CheckQuestion& question) {
    Inputs inputs(question);
    const auto first = inputs.take(question.check.parts[0]);
    const auto second = inputs.take(question.check.parts[1]);
    if (!inputs.complete()) {
        return inputs.undecidable();
    }
    const auto quotient = first->divided_by(*second, kQuotientDigits);
    const auto value =
        quotient ? quotient->times(question.check.times.value_or(Decimal(1, 0))) : std::nullopt;
    if (!value) {
        return inputs.undecidable(Sentence::no_quotient);
    }
    return within(question, inputs, *value, joined(question.check.parts, {*first, *second}, " / "));
}

CheckVerdict check_pattern(const CheckQuestion& question) {
    Inputs inputs(question);
    Said sentence;
    bool all = true;
    for (const CheckCondition& condition : question.check.conditions) {
        const CheckTerm term{condition.analyte, Decimal(1, 0)};
        const auto value = inputs.take(term);
        if (!value) {
            return inputs.undecidable();
        }
        all = all && (!condition.above || *value > *condition.above) &&
              (!condition.below || *value < *condition.below);
        if (question.tell || all) {
            const bool above = condition.above.has_value();
            if (!sentence.empty()) {
                sentence += plain(", ");
            }
            sentence +=
                say(above ? Sentence::suspect_above : Sentence::suspect_below, named(term, *value),
                    shown(above ? *condition.above : *condition.below));
        }
    }
    CheckVerdict verdict;
    verdict.members = inputs.members();
    verdict.answer = all ? CheckVerdict::Answer::failed : CheckVerdict::Answer::passed;
    verdict.step = all ? &question.check.steps.back() : nullptr;
    if (all || question.tell) {
        verdict.numbers = std::move(sentence) + plain(".");
    }
    return verdict;
}

/// The analytes that a check of duplicates is about, each once.
std::vector<std::string_view> analytes_twice(const CheckQuestion& question) {
    std::vector<std::string_view> twice;
    std::vector<std::string_view> once;
    const std::vector<std::string_view> asked = question.check.analytes();
    for (const ProspectiveResult* member : question.members) {
        const std::string_view analyte = member->version->analyte;
        if (!asked.empty() && std::ranges::find(asked, analyte) == asked.end()) {
            continue;
        }
        auto& seen = std::ranges::find(once, analyte) == once.end() ? once : twice;
        if (std::ranges::find(seen, analyte) == seen.end()) {
            seen.push_back(analyte);
        }
    }
    return twice;
}

CheckVerdict compare_runs(const CheckQuestion& question, const ProspectiveResult& left,
                          const ProspectiveResult& right) {
    const ResultValue& a = left.version->value;
    const ResultValue& b = right.version->value;
    // One number beside another judges by the tolerance; everything else by what it says.
    std::optional<Decimal> distance = kNothing;
    Decimal base = kNothing;
    Decimal rounding = kNothing;
    if (has_number(*left.version) && has_number(*right.version)) {
        distance = apart(a.value_num, b.value_num);
        base = *a.value_num;
        rounding = add(a.value_num->half_unit(), b.value_num->half_unit()).value_or(kNothing);
    } else if (a.value_text != b.value_text) {
        distance = Decimal::power_of_ten(Decimal::kMaxDigits / 2);
    }
    const Inputs inputs(question);
    CheckVerdict verdict = inputs.judge(distance, base, rounding, [&] {
        return say(Sentence::pair_and, fmt::format("{} {}", left.version->analyte, a.value_text),
                   b.value_text);
    });
    verdict.members = {&left, &right};
    return verdict;
}

CheckVerdict check_duplicates(const CheckQuestion& question) {
    Worst worst;
    for (const std::string_view analyte : analytes_twice(question)) {
        const ProspectiveResult* first = nullptr;
        for (const ProspectiveResult* member : question.members) {
            if (member->version->analyte != analyte || !says_something(*member->version)) {
                continue;
            }
            if (first != nullptr) {
                worst.add(compare_runs(question, *first, *member));
            } else {
                first = member;
            }
        }
    }
    const Inputs inputs(question);
    CheckVerdict none = inputs.undecidable(Sentence::never_twice);
    worst.add(std::move(none));
    return std::move(worst).take(inputs);
}

struct PanelKind {
    CheckKind kind;
    CheckVerdict (*check)(const CheckQuestion& question);
};

constexpr PanelKind kPanelKinds[] = {
    {CheckKind::sum, check_sum},
    {CheckKind::at_most, check_at_most},
    {CheckKind::each_at_most, check_each_at_most},
    {CheckKind::ascending, check_ascending},
    {CheckKind::share, check_share},
    {CheckKind::ratio, check_ratio},
    {CheckKind::log, check_log},
    {CheckKind::product, check_product},
    {CheckKind::quotient, check_quotient},
    {CheckKind::balance, check_balance},
    {CheckKind::friedewald, check_friedewald},
    {CheckKind::egfr, check_egfr},
    {CheckKind::pattern, check_pattern},
    {CheckKind::duplicates, check_duplicates},
};

}  // namespace

CheckVerdict check_panel(const CheckQuestion& question) {
    const auto* const found = std::ranges::find(kPanelKinds, question.check.kind, &PanelKind::kind);
    return found == std::end(kPanelKinds) ? CheckVerdict{} : found->check(question);
}

}  // namespace labrelay::study
