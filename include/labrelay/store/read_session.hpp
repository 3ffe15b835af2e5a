#pragma once

#include <memory>

#include "labrelay/core/result.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::store {

/// A reading connection to a store, beside a running server or without one. The queries are free
/// functions over it, each with one view of the store; lists page by key. One thread at a time.
/// Queries throw pipeline::StoreFault where the store cannot be read.
class ReadSession {
public:
    /// Errors: store-io, store-newer.
    static Result<ReadSession> open(const DataDirectory& directory);

    ReadSession(ReadSession&&) noexcept;
    ReadSession& operator=(ReadSession&&) noexcept;
    ~ReadSession();

    struct Core;
    Core& core() { return *core_; }

private:
    explicit ReadSession(std::unique_ptr<Core> core);
    std::unique_ptr<Core> core_;
};

/// Subjects and specimens as the registry has them now.
study::Registry read_registry(ReadSession& session);

}  // namespace labrelay::store
