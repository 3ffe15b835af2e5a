#include "labrelay/security/principal.hpp"

#include <algorithm>

namespace labrelay::security {

bool Principal::may(Permission permission) const {
    return command || role_for(permission).has_value();
}

bool Principal::may(Permission permission, std::string_view study, std::string_view site) const {
    if (command) {
        return true;
    }
    return !limited && std::ranges::any_of(grants, [&](const Grant& grant) {
        return allows(grant.role, permission) && (grant.study.empty() || grant.study == study) &&
               (grant.site.empty() || grant.site == site);
    });
}

std::optional<Role> Principal::role_for(Permission permission) const {
    if (limited) {
        return std::nullopt;
    }
    for (const Grant& grant : grants) {
        if (allows(grant.role, permission)) {
            return grant.role;
        }
    }
    return std::nullopt;
}

std::vector<Role> Principal::roles_in(std::string_view study) const {
    std::vector<Role> roles;
    for (const Grant& grant : grants) {
        if (grant.study.empty() || grant.study == study) {
            roles.push_back(grant.role);
        }
    }
    return roles;
}

}  // namespace labrelay::security
