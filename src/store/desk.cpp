#include "labrelay/store/desk.hpp"

#include <string>

#include "desk_open.hpp"

namespace labrelay::store {

std::string_view to_string(Origin origin) {
    switch (origin) {
        case Origin::page:
            return "page";
        case Origin::command:
            return "command";
        case Origin::engine:
            return "engine";
    }
    return {};
}

Desk::Desk(StoreWriter& writer) : open_(std::make_unique<Open>(writer)) {}
Desk::Desk(StoreWriter& writer, Joined) : open_(std::make_unique<Open>(writer, Joined{})) {}
Desk::~Desk() = default;

Instant Desk::now() const {
    return open_->core.clock.now();
}

void Desk::audit(const Act& act, const AuditedChange& change) {
    open_->core.audit->append(open_->db(), entry_of(now(), act, change));
}

void Desk::commit() {
    if (!open_->transaction) return;
    open_->transaction->commit();
    open_->transaction.reset();  // the turn at the writer goes with it
}

}  // namespace labrelay::store
