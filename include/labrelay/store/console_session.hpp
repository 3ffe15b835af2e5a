#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/security/lockout.hpp"
#include "labrelay/security/principal.hpp"
#include "labrelay/security/session_times.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/read_pool.hpp"

namespace labrelay::store {

/// A person's session at the console. What the cookie holds is known here by its SHA-256 only; it
/// is gone when the account is disabled, its password or second factor changes or a role of it
/// ends. All nodes that share a store share the sessions.

/// What a person shows at the door.
struct SignInAttempt {
    std::string name;      ///< as typed
    std::string password;  ///< as typed
    std::string code;      ///< of the second factor; empty: none
    std::string peer;      ///< address, for the audit trail
};

struct OpenedSession {
    std::string token;  ///< for the cookie; nobody else ever sees it
    std::int64_t account = 0;
};

/// Takes as long for a name that no account has as for a wrong password, and `strangers` closes
/// such a name as failures close an account, so that nobody learns which names there are. Every
/// outcome but a missing code is in the audit trail. Errors: sign-in-failed, second-factor-needed
/// (the password is right), account-locked, account-disabled.
Result<OpenedSession> sign_in(ReadPool& reads, StoreWriter& writer,
                              security::FailureCounter& strangers, const SignInAttempt& attempt,
                              const security::SessionTimes& times);

/// Whether whoever is signed in knows the account's password; `purpose` is for the audit trail:
/// `signature`. Failures count and close the account as at sign-in. Errors: sign-in-failed,
/// account-locked, account-disabled.
Result<void> confirm_own_password(ReadPool& reads, StoreWriter& writer,
                                  const security::Principal& who, std::string_view password,
                                  std::string_view purpose);

/// A person whom the organisation's sign-in service has named.
struct ProvenPerson {
    std::string name;     ///< of the account, as the service says it
    std::string subject;  ///< the person at the service, for ever
    std::string peer;
};
/// The first time binds the account to the subject: from then on nobody else whom the service
/// gives that name comes in, the person comes in to no other account, and its password, if one is
/// set anew, is for signing only. Every outcome is in the audit trail. Errors: sign-in-failed,
/// account-locked, account-disabled.
Result<OpenedSession> sign_in_proven(StoreWriter& writer, const ProvenPerson& person,
                                     const security::SessionTimes& times);

/// The session of somebody who has shown to be the account's person.
OpenedSession open_session(Desk& desk, std::int64_t account, std::string_view peer,
                           const security::SessionTimes& times);

struct KnownSession {
    security::Principal who;  ///< with the roles as they are now
    std::string csrf;
    Instant created;
    Instant last_asked;
    bool has_second_factor = false;
    bool must_change_password = false;
    bool has_password = false;
    Instant password_set;      ///< 0: the account has no password
    bool signed_once = false;  ///< a signature was made in it: the next needs the password only
    bool certified = false;    ///< the account has declared what its signature stands for
};
/// Nothing where no session has the token; whether it is past its time is the caller's to ask.
std::optional<KnownSession> session_of(ReadSession& session, std::string_view token);

/// Remembers that the session was used; not audited.
void renew_session(Desk& desk, std::string_view token);
/// Signs out.
void end_session(Desk& desk, const Act& act, std::string_view token);

}  // namespace labrelay::store
