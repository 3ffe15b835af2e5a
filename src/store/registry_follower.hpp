#pragma once

#include <cstdint>
#include <map>

#include "connection.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::store {

/// Keeps a node's registry abreast of what other nodes append. Facts are numbered before they are
/// committed, so a lower number may appear after a higher one: numbers that were passed over are
/// looked for until they are so old that their transaction cannot be alive.
class RegistryFollower {
public:
    /// The registry was read whole at this version.
    void start(Connection& database, std::int64_t version, Instant now);
    /// `registry` with the facts that have appeared since the last call.
    study::Registry newest(Connection& database, const study::Registry& registry, Instant now);

private:
    std::int64_t upto_ = 0;
    std::map<std::int64_t, Instant> passed_over_;
};

}  // namespace labrelay::store
