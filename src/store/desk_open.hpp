#pragma once

#include <optional>

#include "labrelay/store/desk.hpp"
#include "writer_core.hpp"

namespace labrelay::store {

struct Desk::Open {
    explicit Open(StoreWriter& writer) : core(writer.core()) { transaction.emplace(core); }
    Open(StoreWriter& writer, Joined) : core(writer.core()) {}
    Connection& db() { return core.db(); }

    StoreWriter::Core& core;
    std::optional<WriteTransaction> transaction;  ///< nothing: it is somebody else's
};

}  // namespace labrelay::store
