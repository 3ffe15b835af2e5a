#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "labrelay/api/router.hpp"
#include "labrelay/api/services.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/signature.hpp"

namespace labrelay::api {

/// Enters the signature of somebody whose password was confirmed, bound to the object and its
/// content, in the desk of what is signed. Its id.
using EnterSignature =
    std::function<std::int64_t(store::Desk&, std::string_view object_kind, std::string_view object,
                               const nlohmann::json& content)>;

/// How resources have things signed. In two steps, because a password is confirmed while no desk is
/// open: failures are counted by themselves. Called from request threads.
class Signing {
public:
    virtual ~Signing() = default;
    /// Confirms `signature` of the body: {password, meaning, name?, declare?}. Errors:
    /// signature-needed, signature-failed, account-locked, forbidden (who asks has no account).
    virtual Result<EnterSignature> confirm(const Request& request, const nlohmann::json& body) = 0;
};

/// With the accounts of the store.
class AccountSigning final : public Signing {
public:
    explicit AccountSigning(const Services& services) : services_(services) {}
    Result<EnterSignature> confirm(const Request& request, const nlohmann::json& body) override;

private:
    const Services& services_;
};

/// GET /signatures/{id}
void add_signature_routes(Router& router, const Services& services);

}  // namespace labrelay::api
