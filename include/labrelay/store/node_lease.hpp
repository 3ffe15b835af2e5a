#pragma once

#include <cstdint>
#include <memory>

#include "labrelay/core/result.hpp"
#include "labrelay/store/store_place.hpp"

namespace labrelay::store {

/// The number of this node among those that share a store; it is part of every message id. On a
/// shared store it is held through a database session and free again when that ends, however the
/// process ends; a store of one process has the number 0. One thread at a time.
class NodeLease {
public:
    /// Errors: store-io, also where 256 nodes run already.
    static Result<NodeLease> take(const StorePlace& place);
    NodeLease(NodeLease&&) noexcept;
    NodeLease& operator=(NodeLease&&) noexcept;
    ~NodeLease();

    std::uint8_t number() const { return number_; }
    /// Asks whether the session still holds the number, and takes the same one again after the
    /// connection was lost. False: somebody else has it now, or the store is away; ids must not be
    /// given until this is true again.
    bool renew();

private:
    struct Session;
    NodeLease(StorePlace place, std::uint8_t number, std::unique_ptr<Session> session);

    StorePlace place_;
    std::uint8_t number_ = 0;
    std::unique_ptr<Session> session_;
};

}  // namespace labrelay::store
