#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/units/rational.hpp"

namespace labrelay::units {

/// What a unit measures: powers of base units, in the order of the table. Two units convert into
/// each other exactly where their dimensions are equal. Units that a procedure defines ([IU],
/// [CFU]) are each a base of their own.
class Dimension {
public:
    struct Power {
        std::uint16_t base = 0;
        std::int32_t exponent = 0;
        friend bool operator==(const Power&, const Power&) = default;
    };

    bool is_none() const { return powers_.empty(); }  ///< a pure number
    const std::vector<Power>& powers() const { return powers_; }
    std::string text() const;  ///< `g.m-1.s-2`, "1" for a pure number
    /// Powers of `other`, `times` of them, are added; a power that becomes 0 goes.
    void add(const Dimension& other, std::int32_t times);
    static Dimension of(std::uint16_t base);

    friend bool operator==(const Dimension&, const Dimension&) = default;

private:
    std::vector<Power> powers_;  // sorted by base, none 0
};

/// A scale that is no multiple of its proper unit (src/units/special_scale.hpp).
enum class Scale : std::uint8_t {
    proportional,
    celsius,
    fahrenheit,
    reaumur,
    minus_log10,
    natural_log,
    log10,
    twice_log10,
    log2,
};

/// One UCUM unit, read and understood. An immutable value; cheap to copy, safe to share.
class Unit {
public:
    Unit();  ///< the unity, written ""

    const std::string& text() const;  ///< as it was written
    /// The factor to base units; of a special unit the factor of the proper unit that its scale is
    /// over.
    const Rational& magnitude() const;
    const Dimension& dimension() const;
    /// What UCUM calls numbers and laboratories do not: moles, equivalents, osmoles. Not part of
    /// the dimension; a conversion for a laboratory compares it too.
    const Dimension& nature() const;
    Scale scale() const;
    bool is_special() const { return scale() != Scale::proportional; }
    /// Of a special unit: what the number is multiplied with first, 1/10 for dB.
    const Rational& step() const;
    /// What stands in braces, without them, in the order of the text. It has no meaning to UCUM.
    const std::vector<std::string>& annotations() const;

    /// The unit in base units, one text for all that are equal: `602214076.10*15.m-3` for mol/m3.
    std::string canonical() const;

    struct Data;  ///< src/units/ucum_unit.hpp
    explicit Unit(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

private:
    std::shared_ptr<const Data> data_;
};

/// Reads a unit in the case-sensitive form of UCUM, the whole text or not at all. Grammar and
/// table: src/units/ucum.md. Bounded: 256 bytes, parentheses 16 deep, exponents to 999, a magnitude
/// of 4096 bits; never throws on input. Errors: unit-empty … unit-special-misused, with the byte
/// and in the detail what stands there.
Result<Unit> parse_ucum(std::string_view text);

/// Same dimension: convertible. [IU] with [IU] only; a mole with a count, as UCUM has it.
bool commensurable(const Unit& left, const Unit& right);
/// Same dimension, magnitude and scale: the same unit, however written.
bool equal(const Unit& left, const Unit& right);

/// The unit in words: `(millimole) / (liter)`; "(unity)" for the empty text. Errors as parse_ucum.
Result<std::string> display_name(std::string_view text);

/// Known by the table's content: part of a configuration's hash, because a value depends on it.
std::string_view ucum_table_version();

}  // namespace labrelay::units
