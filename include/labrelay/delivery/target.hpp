#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "labrelay/delivery/outbox.hpp"

namespace labrelay::delivery {

/// What a target made of a batch.
struct TargetAnswer {
    enum class Kind : std::uint8_t {
        delivered,
        retry,     ///< the target is away or busy; nothing of the batch was written, or it is not
                   ///< known
        rejected,  ///< the target is well and refuses something of the batch; nothing was written
    };
    Kind kind = Kind::delivered;
    std::string why;  ///< the target's own words, without patient data
    bool alert =
        false;  ///< a retry that will not pass by itself (disk full, wrong file): tell a person
};

/// One study database. Used by one worker thread. Writing the same delivery twice changes nothing.
class Target {
public:
    virtual ~Target() = default;
    virtual const std::string& name() const = 0;
    /// All of them in one transaction, or none. Expected failures are answers; it throws only for
    /// bugs.
    virtual TargetAnswer deliver(const std::vector<Delivery>& deliveries) = 0;
};

}  // namespace labrelay::delivery
