#include "labrelay/units/quantity_kind.hpp"

#include <array>

namespace labrelay::units {
namespace {

struct KindRow {
    QuantityKind kind;
    std::string_view name;
    bool reads_ucum;
    std::string_view dimension;
    std::string_view nature;
};

constexpr std::array kKinds{
    KindRow{QuantityKind::undeclared, "", false, "", ""},
    KindRow{QuantityKind::count, "count", true, "m-3", "1"},
    KindRow{QuantityKind::amount, "amount", true, "m-3", "amount"},
    KindRow{QuantityKind::mass, "mass", true, "m-3.g", "1"},
    KindRow{QuantityKind::volume, "volume", true, "m3", "1"},
    KindRow{QuantityKind::activity, "activity", true, "m-3.s-1", "amount"},
    KindRow{QuantityKind::international_units, "international-units", true, "m-3.[iU]", "1"},
    KindRow{QuantityKind::flow, "flow", true, "m3.s-1", "1"},
    KindRow{QuantityKind::ratio, "ratio", false, "1", "1"},
    KindRow{QuantityKind::logarithm, "logarithm", false, "", ""},
};

constexpr bool in_order() {
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
        if (static_cast<std::size_t>(kKinds[i].kind) != i) {
            return false;
        }
    }
    return true;
}
static_assert(in_order());

const KindRow& row_of(QuantityKind kind) {
    return kKinds[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string_view to_string(QuantityKind kind) {
    return row_of(kind).name;
}

bool reads_ucum(QuantityKind kind) {
    return row_of(kind).reads_ucum;
}

bool fits(QuantityKind kind, const Unit& unit) {
    const KindRow& row = row_of(kind);
    return !unit.is_special() &&
           (row.dimension.empty() || row.dimension == unit.dimension().text()) &&
           (row.nature.empty() || row.nature == unit.nature().text());
}

}  // namespace labrelay::units
