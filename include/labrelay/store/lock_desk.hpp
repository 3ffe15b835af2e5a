#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/store/act.hpp"
#include "labrelay/store/lock_query.hpp"
#include "labrelay/store/store_writer.hpp"
#include "labrelay/study/outstanding.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::store {

/// One transaction in which locks and post-lock items are looked at and changed: what was looked at
/// is still true when it is changed, and no message is committed meanwhile. Waits for its turn at
/// the writer when it is made, is rolled back unless committed, belongs to one thread. Throws
/// pipeline::StoreFault.
class LockDesk {
public:
    /// `act` says through which door the actors of its facts came; their names and reasons are the
    /// facts' own.
    explicit LockDesk(StoreWriter& writer, Act act = {});
    LockDesk(const LockDesk&) = delete;
    LockDesk& operator=(const LockDesk&) = delete;
    ~LockDesk();

    study::Registry registry();
    study::LockState state(const study::LockScope& scope);
    study::SubjectStanding standing(const study::Subject& subject);
    /// Problems that hold results of nobody known.
    std::vector<study::OpenProblem> unplaced_problems();

    /// Writes the fact and what follows from it for `subjects`, those of the scope. Lock: accepted
    /// deliveries are taken back and their results become post-lock items, as does what waited.
    /// Unfreeze: what waited is delivered. Precondition: `after` allows the action, and what is
    /// outstanding is accepted.
    void change(const LockFact& fact, const std::vector<const study::Subject*>& subjects);

    std::optional<PostLockItem> item(std::int64_t id);
    /// Who authorised its unlock last; empty: nobody.
    std::string authorised_by(std::int64_t id);
    enum class Decision : std::uint8_t { authorise, forward, not_apply };
    struct Settlement {
        std::int64_t item = 0;
        Decision decision = Decision::authorise;
        std::string actor;
        std::string reason;
        std::string signature;
    };
    /// Moves the item; items of results that are derived from it follow when their last input is
    /// decided. Forward of an open item authorises it first. Errors: not-found, post-lock-state,
    /// post-lock-follows.
    Result<void> settle(const Settlement& settlement);

    Instant now() const;
    void commit();

private:
    struct Open;
    std::unique_ptr<Open> open_;
};

}  // namespace labrelay::store
