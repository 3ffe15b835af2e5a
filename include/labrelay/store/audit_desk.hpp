#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/store/audit_query.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

// What is written about the audit trail itself, each with its audit row.

/// Records a review; `review.signature` is signed in the same transaction. Its id.
std::int64_t record_audit_review(Desk& desk, const Act& act, const AuditReview& review);

/// What erasing a row of the trail would change: two persons agree on exactly this.
struct AuditErasure {
    std::int64_t row = 0;
    /// Also rows of other acts that hold what a person wrote there as the whole of a text.
    bool elsewhere = true;
    std::vector<std::int64_t> others;  ///< rows that hold it too, in the order of their numbers
};
/// As it is now. What stands in a row of the same act, about the same time or of the same object,
/// counts where it holds the text; in another one where the text is the whole of what was written,
/// as far as it is eight bytes or more. `why` it is to be erased must not say it again. Looks
/// through the whole trail where rows of other acts count. Errors: not-found, state-change-bad
/// (there is nothing to erase), body-bad.
Result<AuditErasure> audit_erasure(ReadSession& session, std::int64_t row, bool elsewhere,
                                   std::string_view why);
/// What was asked for, as it is in the transaction that does it. Of other acts' rows those that
/// were found and what was entered since `asked_at` are looked at: no other one can have come to
/// hold the text. Errors: as above.
Result<AuditErasure> audit_erasure_now(Desk& desk, const AuditErasure& asked, Instant asked_at,
                                       std::string_view why);

/// Takes before, after and reason out of a row into which personal data was entered by mistake, out
/// of each of the others the text that holds it, and what a person wrote there out of the tables:
/// the comment that it was about, notes, repairs, decisions, approvals. Who, when, what, and the
/// digests stay, and so does the chain: the row's hash covers the digests. Two persons: `act`
/// approves what `asked_by` asked for. Errors: not-found, four-eyes-same-person, state-change-bad
/// (there is nothing to erase), reason-needed.
Result<void> erase_audit_texts(Desk& desk, const Act& act, std::string_view asked_by,
                               const AuditErasure& erasure);

/// Somebody took the trail away as a file, or saw identity: entered by itself.
void audit_alone(StoreWriter& writer, const Act& act, const AuditedChange& change);

}  // namespace labrelay::store
