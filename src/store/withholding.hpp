#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "labrelay/study/outcome.hpp"
#include "post_lock_tables.hpp"
#include "writer_core.hpp"

namespace labrelay::store {

/// Which results of one write the targets must not be told of, because a freeze or a lock covers
/// them or a person has still to decide. Made before any of the results' rows is written, in the
/// transaction that writes them: no lock comes between. Opens post-lock items, or lets the change
/// join the one that is there (src/study/lock.md).
class Withholding {
public:
    Withholding(StoreWriter::Core& core, std::optional<MessageId> cause,
                std::span<const study::ResultChange> changes);

    bool withholds(SubjectId subject, std::int64_t number) const {
        return withheld_.contains({subject.value, number});
    }

private:
    struct SubjectLocks {
        std::vector<study::ScopeLock> locks;
        std::map<std::int64_t, PostLockRow> items;  ///< by number of the result

        bool empty() const { return locks.empty() && items.empty(); }
    };
    struct Before {
        std::optional<study::ResultRecord> record;
        bool told = false;  ///< or on its way
    };
    SubjectLocks& locks_of(SubjectId subject);
    Before before(const study::ResultRecord& after);
    void judge(const study::ResultChange& change);
    std::optional<study::PostLockState> state_from_inputs(const SubjectLocks& over,
                                                          const study::ResultRecord& after);
    void join(PostLockRow& item, const study::ResultChange& change, study::LockState lock);
    void open(const study::ResultChange& change, study::PostLockState state,
              std::optional<ToldState> told, std::vector<ToldElsewhere> differs);

    StoreWriter::Core& core_;
    std::optional<MessageId> cause_;
    std::span<const study::ResultChange> changes_;
    std::map<std::int64_t, SubjectLocks> subjects_;
    std::set<std::pair<std::int64_t, std::int64_t>> withheld_;
};

/// Numbers of the subject's results that a freeze, a lock or an item keeps from the targets now.
std::set<std::int64_t> kept_back(StoreWriter::Core& core, SubjectId subject);

}  // namespace labrelay::store
