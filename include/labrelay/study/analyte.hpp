#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/decimal.hpp"
#include "labrelay/study/age.hpp"
#include "labrelay/units/analyte_units.hpp"

namespace labrelay::study {

enum class Sex : std::uint8_t { male, female };
std::string_view to_string(Sex sex);  ///< "M", "F"

struct Limits {
    std::optional<Decimal> low;
    std::optional<Decimal> high;
    /// Both ends belong to the range.
    bool contain(const Decimal& value) const;
    bool empty() const { return !low && !high; }

    friend bool operator==(const Limits&, const Limits&) = default;
};

/// A usual range for some people. Nothing of sex or age: for all.
struct ReferenceRange {
    std::optional<Sex> sex;
    std::optional<int> age_from;   ///< whole years at collection, included
    std::optional<int> age_until;  ///< included
    Limits limits;

    bool is_for(Sex of_sex, std::optional<int> age) const;
};

/// One analyte of the shared catalogue `mappings/analytes.xml`. Numbers are in the canonical unit.
struct Analyte {
    std::string key;     ///< CD4A
    std::string name;    ///< CD3+CD4+ T cells, absolute
    std::string testcd;  ///< CP:TLYH, CDISC SDTM domain and test code
    std::vector<std::string> loinc;
    units::AnalyteUnits units;
    Limits plausible;  ///< outside: held
    /// Default ranges, of which no two are for one person; the laboratory's own range wins.
    std::vector<ReferenceRange> references;
    Limits critical;                    ///< at or beyond: shown as critical
    std::optional<Decimal> molar_mass;  ///< g/mol
    /// No assay counts nothing: a reported 0 is no quantity until its source says what it means.
    bool zero_is_no_quantity = false;

    /// What is not known of a person is asked for in every way: nothing unless all answers agree.
    /// Without an age no range that has an age limit is for anybody.
    Limits reference(std::optional<Sex> sex, std::optional<Age> age = {}) const;
};

}  // namespace labrelay::study
