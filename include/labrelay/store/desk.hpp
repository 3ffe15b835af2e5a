#pragma once

#include <memory>

#include "labrelay/core/time.hpp"
#include "labrelay/store/act.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::store {

/// One transaction of a person's: what is looked at is still true when it is changed, and every
/// change stands in it together with its audit row. Changes are free functions over it, beside the
/// queries of what they change. Waits for its turn at the writer when it is made, is rolled back
/// unless committed, belongs to one thread. Throws pipeline::StoreFault.
class Desk {
public:
    explicit Desk(StoreWriter& writer);
    /// Inside the transaction that this thread has open already (a task of Committer::change): what
    /// is done here stands or falls with it, and commit() is its own.
    struct Joined {};
    Desk(StoreWriter& writer, Joined);
    Desk(const Desk&) = delete;
    Desk& operator=(const Desk&) = delete;
    ~Desk();

    Instant now() const;
    void audit(const Act& act, const AuditedChange& change);
    void commit();

    struct Open;
    Open& open() { return *open_; }

private:
    std::unique_ptr<Open> open_;
};

}  // namespace labrelay::store
