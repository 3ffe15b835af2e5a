#pragma once

#include <type_traits>
#include <utility>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::api {

// Within the committer's transaction, where a repair is done or taken back.

/// Leaves the transaction: nothing of what was written in it stays.
struct Refused {
    Error error;
};

template <class Value>
Value or_refused(Result<Value> made) {
    if (!made) throw Refused{made.error()};
    if constexpr (!std::is_void_v<Value>) return std::move(*made);
}

/// One audit row for every fact that changes or is new.
void audit_facts(store::Desk& desk, const store::Act& act, const study::Registry& before,
                 const pipeline::RegistryChange& change);

}  // namespace labrelay::api
