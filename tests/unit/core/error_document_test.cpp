#include <gtest/gtest.h>

#include <fmt/format.h>
#include <cstdlib>
#include <fstream>

#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/core/file.hpp"

namespace labrelay {
namespace {

std::string document() {
    std::string text =
        "# Everything that labrelay can say is wrong\n\n"
        "Written from `include/labrelay/core/error_catalogue.def` by a test "
        "(LABRELAY_UPDATE_GOLDEN=1).\n"
        "The key is the rule's name in the ledger; ERR-3 is HL7 table 0357.\n\n"
        "| no. | key | ERR-3 | what it means | what to do |\n|---|---|---|---|---|\n";
    for (const CatalogueEntry& row : catalogue()) {
        text += fmt::format("| {} | `{}` | {} | {} | {} |\n", static_cast<unsigned>(row.code),
                            row.key, row.hl7, row.text, row.advice);
    }
    return text;
}

TEST(ErrorDocument, IsTheCatalogue) {
    const std::string file = std::string(LABRELAY_SOURCE_DIR) + "/docs/errors.md";
    if (std::getenv("LABRELAY_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(file, std::ios::binary) << document();
    }
    const Result<std::string> written = read_file(file);
    ASSERT_TRUE(written);
    EXPECT_EQ(*written, document());
}

}  // namespace
}  // namespace labrelay
