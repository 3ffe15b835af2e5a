#include "labrelay/store/node_lease.hpp"

#include <fmt/format.h>

#include <utility>

#include "connection.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "shared_store.hpp"

namespace labrelay::store {
namespace {

constexpr int kNodes = 256;

std::string lock_of(int number) {
    return fmt::format("node {}", number);
}

}  // namespace

struct NodeLease::Session {
    std::unique_ptr<Connection> connection;
};

NodeLease::NodeLease(StorePlace place, std::uint8_t number, std::unique_ptr<Session> session)
    : place_(std::move(place)), number_(number), session_(std::move(session)) {}
NodeLease::NodeLease(NodeLease&&) noexcept = default;
NodeLease& NodeLease::operator=(NodeLease&&) noexcept = default;
NodeLease::~NodeLease() {
    if (!session_ || !session_->connection) return;
    try {
        // At once: the server ends a closed session when it gets to it.
        leave_session_locks(*session_->connection);
    } catch (const pipeline::StoreFault&) {
        // Then with the session.
    }
}

Result<NodeLease> NodeLease::take(const StorePlace& place) {
    if (!place.shared()) return NodeLease(place, 0, nullptr);
    try {
        auto session = std::make_unique<Session>();
        session->connection = open_store(place, sql::Access::write);
        for (int number = 0; number < kNodes; ++number)
            if (try_session_lock(*session->connection, lock_of(number)))
                return NodeLease(place, static_cast<std::uint8_t>(number), std::move(session));
    } catch (const pipeline::StoreFault& fault) {
        return fail(Code::store_io, {}, fault.what());
    }
    return fail(Code::store_io, {}, fmt::format("{} nodes use this store already", kNodes));
}

bool NodeLease::renew() {
    if (!place_.shared()) return true;
    try {
        if (session_->connection) {
            auto query = session_->connection->prepare("SELECT 1");
            query.step();
            return true;
        }
        auto fresh = open_store(place_, sql::Access::write);
        if (!try_session_lock(*fresh, lock_of(number_))) return false;
        session_->connection = std::move(fresh);
        return true;
    } catch (const pipeline::StoreFault&) {
        session_->connection.reset();
        return false;
    }
}

}  // namespace labrelay::store
