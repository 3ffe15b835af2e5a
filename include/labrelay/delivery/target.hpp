#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/delivery/outbox.hpp"

namespace labrelay::delivery {

/// What a target made of one delivery.
struct DeliveryAnswer {
    enum class Kind : std::uint8_t {
        delivered,
        retry,     ///< nothing of it was sent
        rejected,  ///< the target, or our own check before sending, refuses some of its results
        unknown,   ///< sent, and whether it was written is not known
    };
    Kind kind = Kind::delivered;
    std::string why;                ///< of retry and unknown
    std::vector<Refusal> refusals;  ///< of rejected: at least one; what is not named was written
    std::vector<Standing> stands;   ///< what was written, by targets where a repeat can do harm
};

/// What a target made of a batch.
struct TargetAnswer {
    enum class Kind : std::uint8_t {
        delivered,  ///< all of it
        retry,      ///< the target is away or busy, and nothing of the batch was written; where a
                    ///< repeat is harmless also: it is not known
        rejected,   ///< the target is well and refuses something; nothing was written
        stopped,    ///< the target refuses labrelay itself: token, rights, ban, a map that does not
                    ///< fit. Nothing was written, and nothing is tried until a person has acted
        each,       ///< every delivery has its own answer
    };
    Kind kind = Kind::delivered;
    std::string why;     ///< the target's own words, without patient data
    bool alert = false;  ///< a retry that will not pass by itself (disk full, wrong file)
    std::vector<DeliveryAnswer> each = {};  ///< of the batch, in its order
};

/// What is to be written, before anything of it is sent.
struct Preparation {
    enum class Kind : std::uint8_t { ready, retry, stopped };
    Kind kind = Kind::ready;
    std::string why;
    struct Each {
        std::vector<Standing> sending;  ///< empty: nothing to send
        std::vector<Standing> stands;   ///< found at the target as wanted, nothing to send
        std::vector<Refusal> refusals;  ///< not sent at all
    };
    std::vector<Each> each = {};  ///< of ready: of the batch, in its order
};

/// What reading back says about a delivery whose answer was lost.
struct ReadBack {
    enum class Kind : std::uint8_t {
        found,      ///< everything that was sent stands there
        not_found,  ///< something of it does not, and the target has what it had before
        differs,    ///< something else stands there: neither what was sent nor what was before
        away,
        stopped,
    };
    Kind kind = Kind::found;
    std::string why;
    std::vector<Refusal> refusals;  ///< of differs
    std::vector<Standing> stands;   ///< what was found, also where the rest was not
};

/// One study database. Used by one worker thread. Expected failures are answers; it throws only for
/// bugs.
///
/// Where a repeat is harmless the worker calls deliver() alone, again and again if need be. Where
/// it can do harm, each batch goes through prepare(), then its deliveries are persisted as
/// `sending` with what they are about to write, then deliver(); no two of a batch have a result in
/// common. A delivery whose answer was lost is given to read_back() and never to deliver() before
/// that.
class Target {
public:
    virtual ~Target() = default;
    virtual const std::string& name() const = 0;
    virtual bool repeat_is_harmless() const { return true; }
    virtual TargetAnswer deliver(const std::vector<Delivery>& deliveries) = 0;

    virtual Preparation prepare(const std::vector<Delivery>& deliveries) {
        Preparation nothing;
        nothing.each.resize(deliveries.size());
        return nothing;
    }
    /// One answer a delivery, in their order. `away` and `stopped` hold for those after it too.
    virtual std::vector<ReadBack> read_back(const std::vector<Delivery>& deliveries) {
        return std::vector<ReadBack>(deliveries.size());
    }
};

}  // namespace labrelay::delivery
