#pragma once

#include <string>

#include "labrelay/api/signing.hpp"
#include "labrelay/app/lock_request.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::app {

/// Does in one transaction what a request asks, and says in one line what was done. Who does it is
/// the request's own `by`; `act` is the door. `sign` enters, in the same transaction, the signature
/// of somebody whose password was confirmed; nothing: the request's words stand for one. Of a
/// server that runs, no delivery may be on its way meanwhile (delivery::Worker::between_rounds).
///
/// Errors: usage (no such study, subject or visit, no name or reason), lock-state,
/// signature-missing, and lock-outstanding, whose detail is a line `id<TAB>text` for each item that
/// is neither settled nor accepted.
Result<std::string> change_lock(store::StoreWriter& writer,
                                const mapping::Configuration& configuration,
                                const LockRequest& request, const store::Act& act,
                                const api::EnterSignature& sign = {});

/// With `four_eyes` whoever forwards is another than who authorised. Errors: usage,
/// signature-missing, not-found, post-lock-state, post-lock-follows, four-eyes-same-person,
/// precondition-failed (an item has changed since it was looked at).
Result<std::string> settle_post_lock(store::StoreWriter& writer, const PostLockRequest& request,
                                     const store::Act& act, bool four_eyes = false,
                                     const api::EnterSignature& sign = {});

}  // namespace labrelay::app
