#include "check_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "no_result.hpp"

namespace labrelay::study {
namespace {

using Answer = CheckVerdict::Answer;

constexpr int kShownDigits = 6;

/// Nothing where the numbers are too large to be computed with.
std::optional<Decimal> allowance(const CheckStep& step, const Decimal& base, const Decimal& slack) {
    if (!step.percent) {
        return step.tolerance ? *step.tolerance : slack;
    }
    const auto relative = percent_of(base, *step.percent);
    if (!relative) {
        return std::nullopt;
    }
    return step.tolerance ? std::max(*step.tolerance, *relative) : *relative;
}

Said why_no_number(const Members& members, const CheckTerm& term) {
    const ProspectiveResult* member = find_member(members, term.analyte);
    return member == nullptr
               ? say(Sentence::is_missing, term.analyte)
               : say(Sentence::has_no_number, term.analyte, member->version->value.value_text);
}

}  // namespace

bool has_number(const StoredVersion& version) {
    return version.value.state == units::ResultState::quantified &&
           version.value.value_num.has_value();
}

bool says_something(const StoredVersion& version) {
    return why_no_result(version.value.state).empty();
}

const ProspectiveResult* find_member(const Members& members, std::string_view analyte) {
    const ProspectiveResult* best = nullptr;
    const auto order = [](const ProspectiveResult& result) {
        return std::tuple(!has_number(*result.version), std::string_view(result.key->sub_id),
                          std::string_view(result.key->code), std::string_view(result.key->source));
    };
    for (const ProspectiveResult* member : members) {
        if (member->version->analyte == analyte &&
            (best == nullptr || order(*member) < order(*best))) {
            best = member;
        }
    }
    return best;
}

std::optional<Decimal> Inputs::take(const CheckTerm& term) {
    const ProspectiveResult* member = find_member(question_.members, term.analyte);
    if (member == nullptr || !has_number(*member->version)) {
        if (complete_ && question_.tell) {
            missing_ = why_no_number(question_.members, term);
        }
        complete_ = false;
        return std::nullopt;
    }
    const Decimal& number = *member->version->value.value_num;
    const auto value = number.times(term.factor);
    const auto rounding = add(rounding_, number.half_unit().times(term.factor));
    if (!value || !rounding) {
        missing_ = say(Sentence::is_too_large, term.analyte);
        complete_ = false;
        return std::nullopt;
    }
    rounding_ = *rounding;
    members_.push_back(member);
    return value;
}

CheckVerdict Inputs::undecidable() const {
    CheckVerdict verdict;
    verdict.members = members_;
    if (question_.tell) {
        verdict.numbers = missing_;
    }
    return verdict;
}

CheckVerdict Inputs::undecidable(Sentence why) const {
    CheckVerdict verdict;
    verdict.members = members_;
    if (question_.tell) {
        verdict.numbers = say(why);
    }
    return verdict;
}

CheckVerdict Inputs::judge(const std::optional<Decimal>& distance, const Decimal& base,
                           const Decimal& slack) const {
    CheckVerdict verdict;
    verdict.members = members_;
    verdict.answer = Answer::passed;
    for (const CheckStep& step : question_.check.steps) {
        const auto limit = distance ? allowance(step, base, slack) : std::nullopt;
        if (!limit) {
            return undecidable(Sentence::too_large);
        }
        if (*distance > *limit) {
            verdict.answer = Answer::failed;
            verdict.step = &step;
        }
    }
    return verdict;
}

Said Inputs::allowed(const CheckVerdict& verdict) const {
    const CheckStep& step = verdict.step != nullptr ? *verdict.step : question_.check.steps.front();
    if (step.tolerance && step.percent) {
        return say(Sentence::allowed_both, shown(*step.tolerance), shown(*step.percent));
    }
    if (step.percent) {
        return say(Sentence::allowed_percent, shown(*step.percent));
    }
    return step.tolerance ? say(Sentence::allowed_tolerance, shown(*step.tolerance))
                          : say(Sentence::allowed_digits);
}

std::optional<Decimal> add(const std::optional<Decimal>& left,
                           const std::optional<Decimal>& right) {
    return left && right ? left->plus(*right) : std::nullopt;
}

std::optional<Decimal> apart(const std::optional<Decimal>& left,
                             const std::optional<Decimal>& right) {
    const auto difference = left && right ? left->minus(*right) : std::nullopt;
    return difference && difference->is_negative() ? difference->negated() : difference;
}

std::optional<Decimal> percent_of(const Decimal& base, const Decimal& percent) {
    const auto share = base.times(percent);
    const auto part = share ? share->times(Decimal(1, 2)) : std::nullopt;
    return part && part->is_negative() ? part->negated() : part;
}

std::string named(const CheckTerm& term, const Decimal& value) {
    return fmt::format("{} {}", term.analyte, shown(value));
}

std::string shown(const Decimal& value) {
    return value.rounded_to_significant(kShownDigits).normalised().to_string();
}

}  // namespace labrelay::study
