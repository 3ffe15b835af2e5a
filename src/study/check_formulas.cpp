// The panel checks that compute one reported value from the others.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "check_panel.hpp"
#include "labrelay/study/age.hpp"

namespace labrelay::study {
namespace {

constexpr int kQuotientDigits = 15;
constexpr int kLogDigits = 6;
const Decimal kNothing(0, 0);

/// The quotients that counts rounded to these digits can stand for.
struct Quotients {
    std::optional<Decimal> low;
    std::optional<Decimal> high;
};

Quotients quotients(const Decimal& dividend, const Decimal& divisor) {
    Quotients range;
    const auto least = dividend.minus(dividend.half_unit());
    const auto most = dividend.plus(dividend.half_unit());
    const auto divisor_least = divisor.minus(divisor.half_unit());
    const auto divisor_most = divisor.plus(divisor.half_unit());
    if (least && divisor_most) {
        range.low = least->divided_by(*divisor_most, kQuotientDigits);
    }
    if (most && divisor_least && !divisor_least->is_negative()) {
        range.high = most->divided_by(*divisor_least, kQuotientDigits);
    }
    return range;
}

std::optional<Age> age_at(const Subject& subject, const ProspectiveResult& result) {
    if (!subject.birth_date || !result.version->collected_local) {
        return std::nullopt;
    }
    return years_between(*subject.birth_date, result.version->collected_local->day);
}

/// The constants of one equation; the second of each pair is for women.
struct Equation {
    double factor;
    std::array<double, 2> kappa;
    std::array<double, 2> alpha;
    double above;
    double per_year;
    double female;
};

// CKD-EPI, creatinine in mg/dL, without a coefficient for race.
constexpr Equation k2009{141, {0.9, 0.7}, {-0.411, -0.329}, -1.209, 0.993, 1.018};
constexpr Equation k2021{142, {0.9, 0.7}, {-0.302, -0.241}, -1.200, 0.9938, 1.012};

/// A binary number is enough here: its error is some 10^-13 and it is compared with a tolerance,
/// never stored.
double egfr(const Equation& equation, double creatinine, int age, Sex sex) {
    const std::size_t of_sex = sex == Sex::female ? 1 : 0;
    const double relative = creatinine / equation.kappa[of_sex];
    return equation.factor * std::pow(std::min(relative, 1.0), equation.alpha[of_sex]) *
           std::pow(std::max(relative, 1.0), equation.above) * std::pow(equation.per_year, age) *
           (sex == Sex::female ? equation.female : 1.0);
}

}  // namespace

/// The reported ratio differs where no value that prints like it is a quotient of counts that print
/// like the counts.
CheckVerdict check_ratio(const CheckQuestion& question) {
    Inputs inputs(question);
    const auto dividend = inputs.take(question.check.parts[0]);
    const auto divisor = inputs.take(question.check.parts[1]);
    const auto reported = inputs.take(*question.check.whole);
    if (!inputs.complete()) {
        return inputs.undecidable();
    }
    if (divisor->is_zero()) {
        return inputs.undecidable(Sentence::no_division);
    }
    const Quotients computed = quotients(*dividend, *divisor);
    const auto highest = reported->plus(reported->half_unit());
    const auto lowest = reported->minus(reported->half_unit());
    const bool differs = (computed.low && highest && *highest < *computed.low) ||
                         (computed.high && lowest && *lowest > *computed.high);
    return inputs.judge(Decimal(differs ? 1 : 0, 0), kNothing, kNothing, [&] {
        const auto quotient = dividend->divided_by(*divisor, kQuotientDigits);
        return say(Sentence::computed_against,
                   fmt::format("{} / {}", named(question.check.parts[0], *dividend),
                               named(question.check.parts[1], *divisor)),
                   quotient ? shown(*quotient) : std::string("…"),
                   named(*question.check.whole, *reported));
    });
}

/// By more than the tolerance or the rounding of the log value, whichever is wider.
CheckVerdict check_log(const CheckQuestion& question) {
    Inputs inputs(question);
    const auto linear = inputs.take(question.check.parts[0]);
    const auto reported = inputs.take(*question.check.whole);
    if (!inputs.complete()) {
        return inputs.undecidable();
    }
    if (linear->is_zero() || linear->is_negative()) {
        return inputs.undecidable(Sentence::no_logarithm);
    }
    const auto computed = units::log10_of(*linear, kLogDigits);
    std::optional<Decimal> distance = apart(computed, reported);
    if (distance && *distance <= reported->half_unit()) {
        distance = kNothing;
    }
    return inputs.judge(distance, kNothing, kNothing, [&] {
        return say(Sentence::log_against, named(question.check.parts[0], *linear), shown(*computed),
                   named(*question.check.whole, *reported));
    });
}

CheckVerdict check_product(const CheckQuestion& question) {
    Inputs inputs(question);
    std::optional<Decimal> product = question.check.times.value_or(Decimal(1, 0));
    std::string factors;
    for (const CheckTerm& part : question.check.parts) {
        const auto value = inputs.take(part);
        if (!value) {
            return inputs.undecidable();
        }
        product = product ? product->times(*value) : std::nullopt;
        factors += fmt::format("{}{}", factors.empty() ? "" : " x ", named(part, *value));
    }
    const auto whole = inputs.take(*question.check.whole);
    if (!inputs.complete()) {
        return inputs.undecidable();
    }
    const auto distance = apart(product, whole);
    return inputs.judge(distance, *whole, kNothing, [&] {
        return say(
            Sentence::computed_apart,
            factors + (question.check.times ? " x " + shown(*question.check.times) : std::string()),
            shown(*product), named(*question.check.whole, *whole), shown(*distance));
    });
}

/// LDL = CHOL - HDL - TG / 2.2 in mmol/L; not with more triglycerides than `below`.
CheckVerdict check_friedewald(const CheckQuestion& question) {
    Inputs inputs(question);
    const auto cholesterol = inputs.take(question.check.parts[0]);
    const auto hdl = inputs.take(question.check.parts[1]);
    const auto triglycerides = inputs.take(question.check.parts[2]);
    const auto reported = inputs.take(*question.check.whole);
    if (!inputs.complete()) {
        return inputs.undecidable();
    }
    if (question.check.below && *triglycerides >= *question.check.below) {
        return inputs.undecidable(Sentence::triglycerides_high);
    }
    const auto vldl = triglycerides->divided_by(Decimal(22, 1), kQuotientDigits);
    const auto rest = cholesterol->minus(*hdl);
    const auto computed = rest && vldl ? rest->minus(*vldl) : std::nullopt;
    const auto distance = apart(computed, reported);
    return inputs.judge(distance, *reported, inputs.rounding(), [&] {
        return say(Sentence::computed_apart,
                   fmt::format("{} - {} - {} / 2.2", named(question.check.parts[0], *cholesterol),
                               named(question.check.parts[1], *hdl),
                               named(question.check.parts[2], *triglycerides)),
                   shown(*computed), named(*question.check.whole, *reported), shown(*distance));
    });
}

/// Where the birth date leaves two ages open, both must contradict the report.
CheckVerdict check_egfr(const CheckQuestion& question) {
    Inputs inputs(question);
    const auto creatinine = inputs.take(question.check.parts[0]);
    const auto reported = inputs.take(*question.check.whole);
    if (!inputs.complete()) {
        return inputs.undecidable();
    }
    const auto age = age_at(question.subject, *inputs.members().front());
    if (!age || !question.subject.sex) {
        return inputs.undecidable(Sentence::sex_birth_not_known);
    }
    const Analyte* analyte = question.rules.analyte(question.check.parts[0].analyte);
    const auto rule = analyte != nullptr ? analyte->units.find("mg/dL") : std::nullopt;
    if (!rule || rule->factor.is_zero() || creatinine->is_zero() || creatinine->is_negative()) {
        return inputs.undecidable(Sentence::no_creatinine);
    }
    const Equation& equation =
        question.check.equation == EgfrEquation::ckd_epi_2009 ? k2009 : k2021;
    const double in_mg = creatinine->to_double() / rule->factor.to_double();
    const double oldest = egfr(equation, in_mg, age->most, *question.subject.sex);
    const double youngest = egfr(equation, in_mg, age->least, *question.subject.sex);
    const double said = reported->to_double();
    const double distance = said < oldest ? oldest - said : std::max(said - youngest, 0.0);
    constexpr double kScale = 1e6;
    constexpr double kFarthest = 1e9;
    return inputs.judge(
        Decimal(std::llround(std::min(distance, kFarthest) * kScale), 6), *reported, kNothing, [&] {
            return say(Sentence::egfr_apart, named(question.check.parts[0], *creatinine),
                       age->least, fmt::format("{:.1f}", youngest),
                       &equation == &k2009 ? 2009 : 2021, named(*question.check.whole, *reported),
                       fmt::format("{:.1f}", distance));
        });
}

}  // namespace labrelay::study
