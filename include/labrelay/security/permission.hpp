#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace labrelay::security {

enum class Role : std::uint8_t { viewer, data_manager, mapper, administrator, inspector };
inline constexpr std::size_t kRoleCount = 5;
std::string_view to_string(Role role);  ///< `viewer`, `data manager` …
std::optional<Role> role_from(std::string_view text);

enum class Permission : std::uint8_t {
#define LABRELAY_PERMISSION(name, key, v, d, m, a, i, text) name,
#include "labrelay/security/permissions.def"
#undef LABRELAY_PERMISSION
};

struct PermissionRow {
    Permission permission;
    std::string_view key;  ///< `problems.view`
    std::array<bool, kRoleCount> roles;
    std::string_view text;
};

/// The whole matrix, in the order of the table.
std::span<const PermissionRow> permissions();
const PermissionRow& row(Permission permission);
bool allows(Role role, Permission permission);

}  // namespace labrelay::security
