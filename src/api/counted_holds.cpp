#include "counted_holds.hpp"

#include "labrelay/store/message_list.hpp"

namespace labrelay::api {

CountedHolds counted_holds(store::ReadSession& session, const views::Sight& sight, Instant since,
                           Instant until, MessageId after) {
    CountedHolds found;
    for (const store::HeldAnalyte& held : store::held_analytes(session, since, until, after)) {
        if (sight.counts(held.analyte)) {
            found[held.source].emplace(held.message, held.received);
        }
    }
    return found;
}

}  // namespace labrelay::api
