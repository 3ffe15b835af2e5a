#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/time.hpp"
#include "labrelay/crypto/digest.hpp"
#include "labrelay/store/account.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

// Somebody looks through who has access, and signs for what stood there.

struct AccessReview {
    std::int64_t id = 0;
    Instant at;
    std::string actor;
    std::string seen;  ///< JSON in canonical form; in lists empty
    crypto::Sha256 digest{};
    std::string finding;
    std::int64_t signature = 0;
    std::string signed_by;  ///< name as printed
    std::string meaning;
};

/// Every account with its roles, by id, in the transaction that records a review.
std::vector<Account> accounts(Desk& desk);
/// When somebody last signed in with the account; nothing: never.
std::optional<Instant> last_sign_in(ReadSession& session, std::string_view account);

/// `review.signature` is signed in the same transaction. Its id.
std::int64_t record_access_review(Desk& desk, const Act& act, const AccessReview& review);
/// Newest first, without what was seen; those before `before` (0: from the newest).
std::vector<AccessReview> access_reviews(ReadSession& session, std::int64_t before,
                                         std::size_t limit);
std::optional<AccessReview> access_review(ReadSession& session, std::int64_t id);

/// Since when access was not reviewed: the last review, else the first account. Nothing: nobody has
/// an account.
std::optional<Instant> access_reviewed_since(ReadSession& session);

}  // namespace labrelay::store
