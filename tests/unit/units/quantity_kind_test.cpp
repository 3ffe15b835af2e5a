#include "labrelay/units/quantity_kind.hpp"

#include <gtest/gtest.h>

namespace labrelay::units {
namespace {

TEST(QuantityKind, IsToldByTheSpelling) {
    const std::pair<const char*, QuantityKind> rows[] = {
        {"{copies}/mL", QuantityKind::copies},
        {"Copies / mL", QuantityKind::copies},
        {"cp/mL", QuantityKind::copies},
        {"c/mL", QuantityKind::copies},
        {"拷贝/毫升", QuantityKind::copies},
        {"10*-1.{copies}/mL", QuantityKind::copies},
        {"copies per millilitre", QuantityKind::copies},
        {"[IU]/mL", QuantityKind::international},
        {"IU/mL", QuantityKind::international},
        {"mIU/mL", QuantityKind::international},
        {"k[IU]/L", QuantityKind::international},
        {"10*3.[IU]/mL", QuantityKind::international},
        {"log10 copies/mL", QuantityKind::logarithm},
        {"Log (Copies/mL)", QuantityKind::logarithm},
        {"lg copies/mL", QuantityKind::logarithm},
        {"{Log_copies}/mL", QuantityKind::logarithm},
        {"{Log_IU}/mL", QuantityKind::logarithm},
        {"log", QuantityKind::logarithm},
        {"%", QuantityKind::percent},
        {"％", QuantityKind::percent},
        {"%Lymph", QuantityKind::percent},
        // neither percent nor international
        {"mg%", QuantityKind::other},
        {"g%", QuantityKind::other},
        {"U/L", QuantityKind::other},
        {"/uL", QuantityKind::other},
        {"cells/uL", QuantityKind::other},
        {"{Cells}/uL", QuantityKind::other},
        {"10*9/L", QuantityKind::other},
        {"umol/L", QuantityKind::other},
        {"titer", QuantityKind::other},
        {"1/mL", QuantityKind::other},
        {"", QuantityKind::other},
    };
    for (const auto& [unit, kind] : rows) {
        EXPECT_EQ(to_string(quantity_kind(unit)), to_string(kind)) << unit;
    }
}

}  // namespace
}  // namespace labrelay::units
