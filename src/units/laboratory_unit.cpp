#include "laboratory_unit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace labrelay::units {
namespace {

constexpr int kFarthestFactor = 9;

bool same_word(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [&](char a, char b) { return lower(a) == lower(b); });
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
    return std::any_of(words.begin(), words.end(),
                       [&](const std::string& one) { return same_word(one, word); });
}

bool same_quantity(const Unit& left, const Unit& right) {
    return left.dimension() == right.dimension() && left.nature() == right.nature();
}

const Unit& gram() {
    static const Unit kGram = parse_ucum("g").value();
    return kGram;
}

const Unit& mole() {
    static const Unit kMole = parse_ucum("mol").value();
    return kMole;
}

/// Whether `mass` is `amount` with grams for moles.
bool is_mass_of(const Unit& mass, const Unit& amount) {
    Dimension dimension = amount.dimension();
    dimension.add(gram().dimension(), 1);
    return amount.nature() == mole().nature() && mass.nature().is_none() &&
           mass.dimension() == dimension;
}

std::optional<Decimal> terminating(const Rational& number) {
    const auto decimal = number.rounded_to_significant(Decimal::kMaxDigits);
    return decimal && Rational(*decimal) == number ? std::optional(decimal->normalised())
                                                   : std::nullopt;
}

}  // namespace

LaboratoryUnit::LaboratoryUnit(const std::string& canonical, const std::vector<UnitRule>& rules,
                               UcumReading reading)
    : reading_(std::move(reading)) {
    if (!reads_ucum(reading_.kind)) {
        return;
    }
    if (Result<Unit> unit = parse_ucum(canonical); unit && fits(reading_.kind, *unit)) {
        canonical_ = std::move(*unit);
    }
    for (const UnitRule& rule : rules) {
        const bool doubtful =
            rule.kind != UnitRule::Kind::factor && rule.kind != UnitRule::Kind::mantissa;
        if (Result<Unit> unit = parse_ucum(fold_unit(rule.spelling)); doubtful && unit) {
            doubtful_.push_back({std::move(*unit), rule.kind});
        }
    }
}

bool LaboratoryUnit::annotations_fit(const Unit& unit) const {
    const std::vector<std::string>& own = canonical_->annotations();
    const std::vector<std::string>& sent = unit.annotations();
    return std::all_of(own.begin(), own.end(),
                       [&](const std::string& word) { return contains(sent, word); }) &&
           std::all_of(sent.begin(), sent.end(), [&](const std::string& word) {
               return contains(own, word) || contains(reading_.annotations, word);
           });
}

std::optional<UnitRule::Kind> LaboratoryUnit::doubt_about(const Unit& unit) const {
    const auto found =
        std::find_if(doubtful_.begin(), doubtful_.end(),
                     [&](const Doubtful& doubtful) { return same_quantity(doubtful.unit, unit); });
    return found == doubtful_.end() ? std::nullopt : std::optional(found->kind);
}

std::optional<Rational> LaboratoryUnit::factor_of(const Unit& unit, bool& by_molar_mass) const {
    const Rational factor = unit.magnitude().over(canonical_->magnitude());
    if (same_quantity(unit, *canonical_)) {
        return factor;
    }
    if (!reading_.molar_mass) {
        return std::nullopt;
    }
    // One mole weighs so many grams: Avogadro's number, which a mole is to UCUM, drops out.
    const Rational grams = Rational(*reading_.molar_mass).over(mole().magnitude());
    by_molar_mass = true;
    if (is_mass_of(unit, *canonical_)) {
        return factor.over(grams);
    }
    if (is_mass_of(*canonical_, unit)) {
        return factor.times(grams);
    }
    return std::nullopt;
}

std::optional<UnitRule> LaboratoryUnit::read(std::string_view folded) const {
    if (!canonical_) {
        return std::nullopt;
    }
    const Result<Unit> unit = parse_ucum(folded);
    if (!unit || unit->is_special() || !annotations_fit(*unit)) {
        return std::nullopt;
    }
    UnitRule rule{std::string(folded), UnitRule::Kind::factor, {}, fmt::format("ucum:{}", folded)};
    if (const auto kind = doubt_about(*unit)) {
        rule.kind = *kind;
        return rule;
    }
    bool by_molar_mass = false;
    const auto factor = factor_of(*unit, by_molar_mass);
    if (!factor || *factor > Rational::ten_to_the(kFarthestFactor) ||
        *factor < Rational::ten_to_the(-kFarthestFactor)) {
        return std::nullopt;
    }
    if (by_molar_mass) {
        rule.rule_id += fmt::format(", molar mass {} g/mol", reading_.molar_mass->to_string());
    }
    if (const auto whole = terminating(*factor)) {
        rule.factor = *whole;
        return rule;
    }
    const Rational by_mass =
        by_molar_mass ? factor->times(Rational(*reading_.molar_mass)) : *factor;
    const auto above = by_molar_mass ? terminating(by_mass) : Decimal::parse(factor->numerator());
    const auto below = by_molar_mass ? reading_.molar_mass : Decimal::parse(factor->denominator());
    if (!above || !below) {
        return std::nullopt;
    }
    rule.factor = *above;
    rule.divisor = *below;
    return rule;
}

}  // namespace labrelay::units
