#pragma once

#include <cstdint>

#include "labrelay/core/result.hpp"
#include "labrelay/store/audit_query.hpp"
#include "labrelay/store/desk.hpp"

namespace labrelay::store {

// What is written about the audit trail itself, each with its audit row.

/// Records a review; `review.signature` is signed in the same transaction. Its id.
std::int64_t record_audit_review(Desk& desk, const Act& act, const AuditReview& review);

/// Takes before, after and reason out of a row into which personal data was entered by mistake, and
/// what a person wrote there out of every other row and table that holds it too: the comment that
/// it was about, the rows of everything that one act changed, notes, repairs, decisions, approvals.
/// Who, when, what, and the digests stay, and so does the chain: the row's hash covers the digests.
/// Two persons: `act` approves what `asked_by` asked for. Errors: not-found, four-eyes-same-person,
/// state-change-bad (there is nothing to erase), reason-needed.
Result<void> erase_audit_texts(Desk& desk, const Act& act, std::string_view asked_by,
                               std::int64_t row);

/// Somebody took the trail away as a file, or saw identity: entered by itself.
void audit_alone(StoreWriter& writer, const Act& act, const AuditedChange& change);

}  // namespace labrelay::store
