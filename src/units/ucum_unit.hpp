#pragma once

#include "labrelay/units/ucum.hpp"
#include "ucum_grammar.hpp"

namespace labrelay::units {

class UcumTable;

/// What stands behind a Unit.
struct Unit::Data {
    std::string text;
    Rational magnitude = Rational(1);
    Dimension dimension;
    Dimension nature;
    Scale scale = Scale::proportional;
    std::string special;  ///< the atom of a special unit, for its canonical form
    Rational step = Rational(1);
    std::vector<std::string> annotations;
};

/// parse_ucum with a table that is not complete yet: how the table itself is built.
Result<Unit::Data> read_unit(std::string_view text, const UcumTable& table);

}  // namespace labrelay::units
