#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/decimal.hpp"
#include "labrelay/units/analyte_units.hpp"

namespace labrelay::study {

enum class Sex : std::uint8_t { male, female };
std::string_view to_string(Sex sex);  ///< "M", "F"

struct Limits {
    std::optional<Decimal> low;
    std::optional<Decimal> high;
    /// Both ends belong to the range.
    bool contain(const Decimal& value) const;
};

/// One analyte of the shared catalogue `mappings/analytes.xml`. Numbers are in the canonical unit.
struct Analyte {
    std::string key;     ///< CD4A
    std::string name;    ///< CD3+CD4+ T cells, absolute
    std::string testcd;  ///< CP:TLYH, CDISC SDTM domain and test code
    std::vector<std::string> loinc;
    units::AnalyteUnits units;
    Limits plausible;       ///< outside: held
    Limits reference_male;  ///< default range; the laboratory's own range wins
    Limits reference_female;
    Limits critical;                    ///< at or beyond: shown as critical
    std::optional<Decimal> molar_mass;  ///< g/mol
    /// No assay counts nothing: a reported 0 is no quantity until its source says what it means.
    bool zero_is_no_quantity = false;

    const Limits& reference(
        std::optional<Sex> sex) const;  ///< none without a sex unless both are equal
};

}  // namespace labrelay::study
