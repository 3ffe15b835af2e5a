#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/crypto/digest.hpp"
#include "labrelay/security/principal.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/read_pool.hpp"

namespace labrelay::store {

/// What a person gives with a signature. The first one of a session needs the name as well as the
/// password, later ones the password (21 CFR 11.200); the first one ever needs the declaration that
/// it stands for a handwritten one (11.100).
struct GivenSignature {
    std::string password;
    std::string name;       ///< as typed; may be empty after the session's first
    bool declares = false;  ///< the person accepts kDeclaration
};

inline constexpr std::string_view kDeclaration =
    "My electronic signature in this system is mine alone, I do not share its password with "
    "anybody, and I intend it to be the legally binding equivalent of my handwritten signature.";

/// Who has shown to be the person that signs. Made by confirm_password() only, and used at once.
struct Signer {
    std::int64_t account = 0;
    std::string name;  ///< as it is printed: `Anna Chen (anna)`
    std::string account_name;
    std::string session;
    bool declares = false;
};

/// Asks for the password of the signing person again; hashing takes its time, so no desk is open
/// meanwhile. Failures count and close the account as at sign-in. Errors: signature-needed (detail:
/// `name`, `declaration`: what is missing), signature-failed, account-locked, forbidden (who asks
/// has no account).
Result<Signer> confirm_password(ReadPool& reads, StoreWriter& writer,
                                const security::Principal& who, const GivenSignature& given);

/// The text that a digest is made of: the same for JSON that says the same.
std::string canonical_form(const nlohmann::json& content);
crypto::Sha256 content_digest(const nlohmann::json& content);

/// Enters the signature, bound to the object and to its content, in the desk of what is signed.
/// `meaning` is what it stands for: `approved`, `reviewed`. Returns the signature's id.
std::int64_t sign(Desk& desk, const Signer& signer, std::string_view meaning,
                  std::string_view object_kind, std::string_view object,
                  const nlohmann::json& content);

struct Signature {
    std::int64_t id = 0;
    std::int64_t account = 0;
    std::string name;  ///< as printed then
    Instant at;
    std::string meaning;
    std::string object_kind;
    std::string object;
    crypto::Sha256 content{};

    /// Whether it still stands: it was made for this object with this content.
    bool stands_for(std::string_view kind, std::string_view id_of_object,
                    const nlohmann::json& content_now) const;
};
std::optional<Signature> signature(ReadSession& session, std::int64_t id);

}  // namespace labrelay::store
