#include "labrelay/units/analyte_units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "laboratory_unit.hpp"
#include "look_alikes.hpp"

namespace labrelay::units {
namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string without_case(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

std::string_view folded_code_point(char32_t value) {
    switch (value) {
        case U'\u00B5':  // micro sign
        case U'\u03BC':  // Greek small mu
            return "u";
        case U'\u00B7':  // middle dot and its relatives: the multiplication of UCUM
        case U'\u2219':
        case U'\u22C5':
            return ".";
        default:
            return ascii_look_alike(value);
    }
}

// A power behind a letter needs no mark: m², m^2 and m2 are the same spelling; 10^9 keeps its mark.
void append_power_mark(std::string& folded) {
    if (folded.empty() || !is_letter(folded.back())) {
        folded.push_back('^');
    }
}

constexpr std::string_view kMantissaMark = "10*n.";

// What rounding after a conversion may not take away (ucum.md, Digits).
constexpr int kGuardDigits = 2;

struct Mantissa {
    int exponent;
    std::string_view rest;  // of the folded spelling, behind the point
};

// 10*-1.{copies}/mL, 10^4.{Copies}/mL; at most two digits, so that nothing absurd becomes a power
// of ten.
std::optional<Mantissa> split_mantissa(std::string_view folded) {
    if (!folded.starts_with("10*") && !folded.starts_with("10^")) {
        return std::nullopt;
    }
    folded.remove_prefix(3);
    if (folded.starts_with('+')) {
        folded.remove_prefix(1);
        if (folded.starts_with('-')) {
            return std::nullopt;
        }
    }
    int exponent = 0;
    const char* const begin = folded.data();
    const auto [end, error] = std::from_chars(begin, begin + folded.size(), exponent);
    const std::string_view rest = folded.substr(static_cast<std::size_t>(end - begin));
    if (error != std::errc() || exponent < -99 || exponent > 99 || !rest.starts_with('.')) {
        return std::nullopt;
    }
    return Mantissa{exponent, rest.substr(1)};
}

}  // namespace

std::string fold_unit(std::string_view spelling) {
    std::string folded;
    folded.reserve(spelling.size());
    bool in_superscript = false;
    for (std::size_t at = 0; at < spelling.size();) {
        const CodePoint point = code_point_at(spelling, at);
        const std::string_view bytes = spelling.substr(at, std::max<std::size_t>(point.length, 1));
        at += bytes.size();
        if (const char digit = superscript_meaning(point.value); digit != '\0') {
            if (!in_superscript) {
                append_power_mark(folded);
            }
            folded.push_back(digit);
            in_superscript = true;
            continue;
        }
        in_superscript = false;
        const std::string_view look_alike = folded_code_point(point.value);
        const std::string_view meant = look_alike.empty() ? bytes : look_alike;
        if (meant == "^") {
            append_power_mark(folded);
        } else if (meant != " ") {
            folded += meant;
        }
    }
    return folded;
}

bool same_meaning(const UnitRule& left, const UnitRule& right) {
    return left.kind == right.kind && Rational(left.factor).times(Rational(right.divisor)) ==
                                          Rational(right.factor).times(Rational(left.divisor));
}

AnalyteUnits::AnalyteUnits(std::string canonical, std::vector<UnitRule> rules, UcumReading ucum)
    : canonical_(std::move(canonical)), ucum_(std::move(ucum)) {
    rules_.reserve(rules.size() + 1);
    const auto known = [this](std::string_view spelling) {
        return std::ranges::find(rules_, spelling, &UnitRule::spelling) != rules_.end();
    };
    for (auto& rule : rules) {
        if (!known(rule.spelling)) {  // an earlier line (the source's) stands before a later one
            rules_.push_back(std::move(rule));
        }
    }
    if (!canonical_.empty() && !known(canonical_)) {
        rules_.push_back({canonical_, UnitRule::Kind::factor, Decimal(1, 0), "canonical"});
    }
    folded_ = index(&fold_unit);
    folded_no_case_ = index([](std::string_view text) { return without_case(fold_unit(text)); });
    if (reads_ucum(ucum_.kind)) {
        laboratory_ = std::make_shared<const LaboratoryUnit>(canonical_, rules_, ucum_);
    }
}

std::vector<AnalyteUnits::Folded> AnalyteUnits::index(std::string (*fold)(std::string_view)) const {
    std::vector<Folded> all;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        if (rules_[i].kind != UnitRule::Kind::mantissa) {
            all.push_back({fold(rules_[i].spelling), i});
        }
    }
    std::ranges::stable_sort(all, {}, &Folded::text);
    std::vector<Folded> unique;
    for (auto first = all.begin(); first != all.end();) {
        const auto last = std::find_if(
            first, all.end(), [&](const Folded& other) { return other.text != first->text; });
        const bool agree = std::all_of(first, last, [&](const Folded& other) {
            return same_meaning(rules_[other.rule], rules_[first->rule]);
        });
        if (agree && !first->text.empty()) {
            unique.push_back(std::move(*first));
        }
        first = last;
    }
    return unique;
}

std::optional<UnitRule> AnalyteUnits::find(std::string_view spelling) const {
    if (auto rule = find_listed(spelling)) {
        return rule;
    }
    return laboratory_ ? laboratory_->read(fold_unit(spelling)) : std::nullopt;
}

std::optional<UnitRule> AnalyteUnits::find_listed(std::string_view spelling) const {
    if (const auto exact = std::ranges::find(rules_, spelling, &UnitRule::spelling);
        exact != rules_.end() && exact->kind != UnitRule::Kind::mantissa) {
        return *exact;
    }
    const auto look_up = [this](const std::vector<Folded>& index,
                                const std::string& text) -> std::optional<UnitRule> {
        const auto found = std::ranges::lower_bound(index, text, {}, &Folded::text);
        if (found == index.end() || found->text != text) {
            return std::nullopt;
        }
        return rules_[found->rule];
    };
    const std::string folded = fold_unit(spelling);
    if (auto rule = look_up(folded_, folded)) {
        return rule;
    }
    const std::string no_case = without_case(folded);
    if (auto rule = look_up(folded_no_case_, no_case)) {
        return rule;
    }
    return find_mantissa(no_case);
}

std::optional<UnitRule> AnalyteUnits::find_mantissa(std::string_view folded) const {
    const auto mantissa = split_mantissa(folded);
    if (!mantissa) {
        return std::nullopt;
    }
    const auto power = Decimal::power_of_ten(mantissa->exponent);
    for (const auto& rule : rules_) {
        if (rule.kind != UnitRule::Kind::mantissa || !power) {
            continue;
        }
        const std::string pattern = without_case(fold_unit(rule.spelling));
        if (!pattern.starts_with(kMantissaMark) ||
            pattern.substr(kMantissaMark.size()) != mantissa->rest) {
            continue;
        }
        // A pattern may carry a factor of its own (10*n.{copies}/uL); none was given where it is 0.
        const auto factor = rule.factor.is_zero() ? power : power->times(rule.factor);
        if (factor) {
            return UnitRule{rule.spelling, rule.kind, *factor, rule.rule_id};
        }
    }
    return std::nullopt;
}

namespace {

/// `x 88.42`, `/ 0.35`, `x 1000 / 584.66`
std::string described(const Decimal& factor, const Decimal& divisor) {
    const Decimal one(1, 0);
    if (divisor == one) {
        return fmt::format("x {}", factor.to_string());
    }
    const std::string quotient = fmt::format("/ {}", divisor.to_string());
    return factor == one ? quotient : fmt::format("x {} {}", factor.to_string(), quotient);
}

}  // namespace

Result<Converted> convert(const Decimal& reported, const UnitRule& rule) {
    const Decimal factor = rule.factor.normalised();
    const bool divided = rule.divisor != Decimal(1, 0);
    if (!divided && factor == Decimal(1, 0)) {
        return Converted{reported, reported, {}};
    }
    const auto product = reported.times(factor);
    const auto exact =
        product && divided ? product->divided_by(rule.divisor, Decimal::kMaxDigits) : product;
    if (!exact) {
        return fail(Code::conversion_overflow, {}, rule.rule_id);
    }
    Converted converted{*exact, *exact, {}};
    converted.rule =
        fmt::format("{} ({})", described(factor, rule.divisor.normalised()), rule.rule_id);
    if (!divided && factor.is_power_of_ten()) {
        // Moving the point keeps the digits as reported, also where the factor is written 1000.
        const int places = factor.significant_digits() - 1 - factor.scale();
        converted.stored = reported.times(*Decimal::power_of_ten(places)).value_or(*exact);
    } else if (!reported.is_zero()) {
        const int digits =
            std::min(reported.significant_digits() + kGuardDigits, Decimal::kMaxDigits);
        // Rounded from the product, not from the quotient that was rounded before.
        converted.stored = divided ? product->divided_by(rule.divisor, digits).value_or(*exact)
                                   : exact->rounded_to_significant(digits);
    }
    return converted;
}

}  // namespace labrelay::units
