// A text as a unit: read or refused with its place; what is read has a canonical form that is the
// same unit, converts to itself and back, and a name.

#include <string>

#include "fuzz_target.hpp"
#include "labrelay/units/analyte_units.hpp"
#include "labrelay/units/quantity.hpp"
#include "labrelay/units/ucum.hpp"

namespace {

using namespace labrelay;
using namespace labrelay::units;

const AnalyteUnits& creatinine() {
    static const AnalyteUnits kUnits("umol/L", {}, {QuantityKind::amount, Decimal(11312, 2), {}});
    return kUnits;
}

void check_laboratory(std::string_view text) {
    const auto rule = creatinine().find(text);
    if (!rule) {
        return;
    }
    fuzz::require(!rule->factor.is_zero() && !rule->factor.is_negative(), "a factor is above zero");
    fuzz::require(!rule->divisor.is_zero() && !rule->divisor.is_negative(),
                  "a divisor is above zero");
    const Result<Unit> unit = parse_ucum(fold_unit(text));
    fuzz::require(text == "umol/L" || rule->rule_id == "canonical" || unit.has_value(),
                  "what an analyte without a list reads is UCUM");
    fuzz::require(!unit || unit->nature().text() == "amount" || unit->nature().is_none(),
                  "creatinine is an amount or, by its molar mass, a mass");
}

void check_conversion(const Unit& unit, const Unit& again) {
    const auto same = Conversion::between(unit, again);
    fuzz::require(same.has_value(), "equal units convert");
    const Decimal value(150, 2);
    const auto converted = (*same)(value);
    fuzz::require(converted && converted->to_string() == "1.50", "equal units keep the number");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::as_text(data, size);
    check_laboratory(text);
    const Result<Unit> unit = parse_ucum(text);
    const Result<std::string> name = display_name(text);
    fuzz::require(text.empty() || unit.has_value() == name.has_value(), "what is read has a name");
    if (!unit) {
        fuzz::require(unit.error().place.offset <= size, "the error stands in the text");
        fuzz::require(unit.error().code >= Code::unit_empty &&
                          unit.error().code <= Code::unit_special_misused,
                      "the error is one of a unit's");
        return 0;
    }
    fuzz::require(unit->text() == text, "a unit keeps its text");
    fuzz::require(!unit->magnitude().is_zero() && !unit->magnitude().is_negative(),
                  "a magnitude is above zero");
    const std::string canonical = unit->canonical();
    const Result<Unit> again = parse_ucum(canonical);
    if (!again) {  // longer or larger than what is read
        fuzz::require(again.error().code == Code::unit_too_large, "a canonical form is a unit");
        return 0;
    }
    fuzz::require(equal(*unit, *again), "a canonical form is the same unit");
    fuzz::require(again->canonical() == canonical, "a canonical form is its own");
    check_conversion(*unit, *again);
    return 0;
}
