#include <gtest/gtest.h>

#include <fmt/format.h>
#include <cstdlib>
#include <fstream>

#include "labrelay/core/file.hpp"
#include "labrelay/security/permission.hpp"

namespace labrelay::security {
namespace {

constexpr std::string_view kBegin = "<!-- the table of rights: written by a test -->\n";
constexpr std::string_view kEnd = "<!-- end of the table -->\n";

std::string table() {
    std::string text =
        "| right | viewer | data manager | mapper | administrator | inspector | what it allows |\n"
        "|---|---|---|---|---|---|---|\n";
    for (const PermissionRow& row : permissions()) {
        text += fmt::format("| `{}` |", row.key);
        for (const bool may : row.roles) {
            text += may ? " yes |" : " |";
        }
        text += fmt::format(" {} |\n", row.text);
    }
    return text;
}

/// docs/rights.md holds permissions.def as a table; LABRELAY_UPDATE_GOLDEN=1 writes it anew.
TEST(RightsDocument, HoldsTheTable) {
    const std::string file = std::string(LABRELAY_SOURCE_DIR) + "/docs/rights.md";
    Result<std::string> written = read_file(file);
    ASSERT_TRUE(written);
    const std::size_t begin = written->find(kBegin);
    const std::size_t end = written->find(kEnd);
    ASSERT_NE(begin, std::string::npos);
    ASSERT_NE(end, std::string::npos);
    const std::size_t first = begin + kBegin.size();
    if (std::getenv("LABRELAY_UPDATE_GOLDEN") != nullptr) {
        written->replace(first, end - first, table());
        std::ofstream(file, std::ios::binary) << *written;
        return;
    }
    EXPECT_EQ(written->substr(first, end - first), table());
}

/// R22: nobody both administers the system and changes data of a study.
TEST(Permissions, AdministratorsDoNotReviewData) {
    for (const Permission closed :
         {Permission::problems_view, Permission::messages_view, Permission::identity_reveal,
          Permission::results_view, Permission::repair_subject, Permission::repair_value,
          Permission::lock_change, Permission::config_activate, Permission::approvals_decide}) {
        EXPECT_FALSE(allows(Role::administrator, closed)) << row(closed).key;
    }
    for (const Role role : {Role::viewer, Role::data_manager, Role::mapper, Role::inspector}) {
        EXPECT_FALSE(allows(role, Permission::accounts_change)) << to_string(role);
        EXPECT_FALSE(allows(role, Permission::settings_change)) << to_string(role);
    }
}

TEST(Permissions, AnInspectorChangesNothing) {
    for (const PermissionRow& row : permissions()) {
        const std::string key(row.key);
        const bool reads = key.ends_with(".view") || key.ends_with(".export") ||
                           key == "identity.reveal" || key == "audit.review" ||
                           key == "access.review";
        if (!reads) {
            EXPECT_FALSE(allows(Role::inspector, row.permission)) << key;
        }
    }
}

}  // namespace
}  // namespace labrelay::security
