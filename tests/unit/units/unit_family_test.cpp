#include "labrelay/units/unit_family.hpp"

#include <gtest/gtest.h>

namespace labrelay::units {
namespace {

TEST(UnitFamily, IsToldByTheSpelling) {
    const std::pair<const char*, UnitFamily> rows[] = {
        {"{copies}/mL", UnitFamily::copies},
        {"Copies / mL", UnitFamily::copies},
        {"cp/mL", UnitFamily::copies},
        {"c/mL", UnitFamily::copies},
        {"拷贝/毫升", UnitFamily::copies},
        {"10*-1.{copies}/mL", UnitFamily::copies},
        {"copies per millilitre", UnitFamily::copies},
        {"[IU]/mL", UnitFamily::international},
        {"IU/mL", UnitFamily::international},
        {"mIU/mL", UnitFamily::international},
        {"k[IU]/L", UnitFamily::international},
        {"10*3.[IU]/mL", UnitFamily::international},
        {"log10 copies/mL", UnitFamily::logarithm},
        {"Log (Copies/mL)", UnitFamily::logarithm},
        {"lg copies/mL", UnitFamily::logarithm},
        {"{Log_copies}/mL", UnitFamily::logarithm},
        {"{Log_IU}/mL", UnitFamily::logarithm},
        {"log", UnitFamily::logarithm},
        {"%", UnitFamily::percent},
        {"％", UnitFamily::percent},
        {"%Lymph", UnitFamily::percent},
        // neither percent nor international
        {"mg%", UnitFamily::other},
        {"g%", UnitFamily::other},
        {"U/L", UnitFamily::other},
        {"/uL", UnitFamily::other},
        {"cells/uL", UnitFamily::other},
        {"{Cells}/uL", UnitFamily::other},
        {"10*9/L", UnitFamily::other},
        {"umol/L", UnitFamily::other},
        {"titer", UnitFamily::other},
        {"1/mL", UnitFamily::other},
        {"", UnitFamily::other},
    };
    for (const auto& [unit, kind] : rows) {
        EXPECT_EQ(to_string(unit_family(unit)), to_string(kind)) << unit;
    }
}

}  // namespace
}  // namespace labrelay::units
