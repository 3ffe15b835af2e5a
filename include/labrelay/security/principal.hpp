#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/security/permission.hpp"

namespace labrelay::security {

/// A role within a study and a site; empty: in all of them.
struct Grant {
    Role role = Role::viewer;
    std::string study;
    std::string site;
};

/// Who asks: an account with its roles as they are now, or a command on this host that could read
/// the token of the data directory. Default is nobody, who may do nothing.
struct Principal {
    std::int64_t account = 0;  ///< 0: no account
    std::string name;
    std::string display_name;
    std::string session;  ///< public id of the session, as audit rows name it
    std::vector<Grant> grants;
    bool command = false;  ///< a command on this host: may do everything, sees everything
    bool limited = false;  ///< signed in, but the password must be changed first

    bool known() const { return command || account != 0; }
    /// Somewhere at all: for things that belong to no study.
    bool may(Permission permission) const;
    /// In this study and site; an empty site asks for the study as a whole, so a grant for one
    /// site does not do.
    bool may(Permission permission, std::string_view study, std::string_view site) const;
    /// The role that allows it, for the audit row; nothing where none does.
    std::optional<Role> role_for(Permission permission) const;
    /// Every role held for the study, whatever the site: blinding closes an analyte to a person
    /// none of whose roles there opens it.
    std::vector<Role> roles_in(std::string_view study) const;
};

}  // namespace labrelay::security
