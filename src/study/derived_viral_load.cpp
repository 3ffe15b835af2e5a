#include "derived_viral_load.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "labrelay/units/analyte_units.hpp"

namespace labrelay::study {
namespace {

using units::ResultState;

constexpr int kBoundDigits = 3;
constexpr int kLogDigits = 2;  // as laboratories print it
constexpr int kPreciseLogDigits = 12;

/// Rounded to `kBoundDigits` away from the value that it bounds.
Decimal outward(const Decimal& bound, bool upwards) {
    const Decimal rounded = bound.rounded_to_significant(kBoundDigits);
    if (upwards ? rounded >= bound : rounded <= bound) {
        return rounded;
    }
    const Decimal unit(1, rounded.scale());
    return (upwards ? rounded.plus(unit) : rounded.minus(unit)).value_or(bound);
}

/// `<1.30` as copies: `<20`. The limit stands in the text, because a value below it has no number.
std::optional<ResultValue> copies_from_limit(const ResultValue& log, std::string_view sign) {
    std::string_view text = log.value_text;
    while (!text.empty() && (text.front() == '<' || text.front() == '>' || text.front() == '=')) {
        text.remove_prefix(1);
    }
    const std::optional<Decimal> limit = Decimal::parse(text);
    const auto copies = limit ? units::copies_from_log10(*limit) : std::nullopt;
    if (!copies) {
        return std::nullopt;
    }
    ResultValue value;
    value.state = log.state;
    value.comparator = log.comparator;
    if (log.state == ResultState::below_lloq) {
        value.lloq = copies->value;
        value.most = copies->high;
    } else {
        value.uloq = copies->value;
        value.least = copies->low;
    }
    value.value_text = fmt::format("{}{}", sign, copies->value.to_string());
    value.conversion_rule = fmt::format("derived: 10^{} of HIVVLLOG", limit->to_string());
    return value;
}

}  // namespace

std::optional<ResultValue> copies_from(const ResultValue& log) {
    switch (log.state) {
        case ResultState::quantified: {
            const auto copies =
                log.value_num ? units::copies_from_log10(*log.value_num) : std::nullopt;
            if (!copies) {
                return std::nullopt;
            }
            const std::string interval =
                fmt::format("{} to {}", outward(copies->low, false).to_string(),
                            outward(copies->high, true).to_string());
            ResultValue value;
            value.state = ResultState::quantified;
            value.value_num = copies->value;
            value.least = copies->low;
            value.most = copies->high;
            value.value_text = fmt::format("{} ({})", copies->value.to_string(), interval);
            value.conversion_rule = fmt::format("derived: 10^{} of HIVVLLOG, stands for {}",
                                                log.value_num->to_string(), interval);
            return value;
        }
        case ResultState::below_lloq:
            return copies_from_limit(log,
                                     log.comparator == units::Comparator::less_equal ? "<=" : "<");
        case ResultState::above_uloq:
            return copies_from_limit(
                log, log.comparator == units::Comparator::greater_equal ? ">=" : ">");
        case ResultState::not_detected: {
            ResultValue value;
            value.state = ResultState::not_detected;
            value.value_text = log.value_text;
            value.conversion_rule = "derived: HIVVLLOG says not detected";
            if (const auto limit = log.lloq ? units::copies_from_log10(*log.lloq) : std::nullopt) {
                value.lloq = limit->value;
                value.most = limit->high;
            }
            return value;
        }
        case ResultState::qualitative:
        case ResultState::no_result:
        case ResultState::not_done:
        case ResultState::withdrawn:
            return std::nullopt;
    }
    return std::nullopt;
}

/// A quantified number as a logarithm. It stands for the logarithm before rounding, so that a
/// comparison is not turned round by the digits that are shown.
std::optional<ResultValue> logarithm_from(const ResultValue& copies) {
    if (copies.state != ResultState::quantified || !copies.value_num) {
        return std::nullopt;
    }
    const auto shown = units::log10_of(*copies.value_num, kLogDigits);
    if (!shown) {
        return std::nullopt;  // zero has no logarithm
    }
    ResultValue value;
    value.state = ResultState::quantified;
    value.value_num = *shown;
    value.value_text = shown->to_string();
    if (const auto precise =
            units::log10_of(copies.least.value_or(*copies.value_num), kPreciseLogDigits);
        precise && *precise != *shown) {
        value.least = precise->minus(precise->half_unit());
        value.most = precise->plus(precise->half_unit());
    }
    value.conversion_rule =
        fmt::format("derived: log10 of HIVVL, {} digits behind the point", kLogDigits);
    return value;
}

}  // namespace labrelay::study
