#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "labrelay/delivery/outbox.hpp"

namespace labrelay::delivery {

/// What a target made of a batch.
struct TargetAnswer {
    enum class Kind : std::uint8_t { delivered, retry, rejected } kind = Kind::delivered;
    std::string why;  ///< the target's own words, without patient data
};

/// One study database. Used by one worker thread. Writing the same delivery twice changes nothing.
class Target {
public:
    virtual ~Target() = default;
    virtual const std::string& name() const = 0;
    /// All of them in one transaction, or none.
    virtual TargetAnswer deliver(const std::vector<Delivery>& deliveries) = 0;
};

}  // namespace labrelay::delivery
