#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "labrelay/api/exchange.hpp"
#include "labrelay/api/services.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/reveal.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::api {

// What every route that only reads begins with.

views::Sight sight_of(const Services& services, const Request& request,
                      security::Permission permission);

/// Whether the request's session has revealed the object; commands on this host see everything.
bool is_revealed(store::ReadSession& session, const Request& request, std::string_view object);

/// Gives the session fifteen minutes of an object's identity, and says until when. Errors:
/// reason-needed, forbidden (a command has no session to reveal to).
Result<Response> reveal(const Services& services, const Request& request, std::string_view object);

/// A message's id of the path, base 32. Errors: not-found.
Result<MessageId> message_id_of(const Request& request);

/// ISO 8601, an instant or a day in UTC; nothing of an empty text. Errors: parameter-bad.
Result<std::optional<Instant>> instant_from(std::string_view text, std::string_view name);
/// The same of the query.
Result<std::optional<Instant>> instant_of(const Request& request, std::string_view name);

/// What `work` reads, over a connection of the pool. A store that cannot be read is a fault.
template <class Work>
auto with_reads(const Services& services, const Work& work) {
    Result<store::ReadPool::Borrowed> borrowed = services.reads.borrow();
    if (!borrowed) {
        throw pipeline::StoreFault(describe(borrowed.error()), false);
    }
    return work(**borrowed);
}

}  // namespace labrelay::api
