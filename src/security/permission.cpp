#include "labrelay/security/permission.hpp"

#include <algorithm>

namespace labrelay::security {
namespace {

constexpr std::array<std::string_view, kRoleCount> kRoles{"viewer", "data manager", "mapper",
                                                          "administrator", "inspector"};

constexpr PermissionRow kRows[] = {
#define LABRELAY_PERMISSION(name, key, v, d, m, a, i, text) \
    {Permission::name, key, {(v) != 0, (d) != 0, (m) != 0, (a) != 0, (i) != 0}, text},
#include "labrelay/security/permissions.def"
#undef LABRELAY_PERMISSION
};

}  // namespace

std::string_view to_string(Role role) {
    return kRoles[static_cast<std::size_t>(role)];
}

std::optional<Role> role_from(std::string_view text) {
    const auto* const found = std::ranges::find(kRoles, text);
    if (found == kRoles.end()) {
        return std::nullopt;
    }
    return static_cast<Role>(found - kRoles.begin());
}

std::span<const PermissionRow> permissions() {
    return kRows;
}

const PermissionRow& row(Permission permission) {
    return kRows[static_cast<std::size_t>(permission)];
}

bool allows(Role role, Permission permission) {
    return row(permission).roles[static_cast<std::size_t>(role)];
}

}  // namespace labrelay::security
