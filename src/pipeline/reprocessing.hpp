#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/pipeline/snapshots.hpp"
#include "transactions.hpp"

namespace labrelay::pipeline {

/// The jobs that late facts queue: messages are processed again and subjects placed again, a slice
/// a transaction. A crash starts the job again, which does no harm: what is stored stays as it is.
/// A message or subject that it cannot be done with stays as it is, and the job goes on. One
/// thread, but for the counts. See committer.md.
class Reprocessing {
public:
    /// All outlive it. `slice`: messages and subjects in one transaction.
    Reprocessing(CommitStore& store, const Snapshots& snapshots, Transactions& transactions,
                 std::size_t slice)
        : store_(store), snapshots_(snapshots), transactions_(transactions), slice_(slice) {}

    /// A slice of the oldest job in a transaction of its own. Returns whether there may be more to
    /// do. Throws StoreFault where the store is away; begin_again() then.
    bool work();
    void begin_again() { job_.reset(); }

    std::uint64_t reprocessed() const { return reprocessed_; }  ///< messages
    std::uint64_t faults() const { return faults_; }

private:
    bool take_job();
    void work_on_slice();
    void reprocess(MessageId message, study::Registry& registry);
    void place_again(SubjectId subject, const study::Registry& registry);
    bool skip();

    CommitStore& store_;
    const Snapshots& snapshots_;
    Transactions& transactions_;
    const std::size_t slice_;
    std::optional<Job> job_;  ///< the one in work, and how far it is
    std::size_t position_ = 0;
    std::size_t narrowed_slice_ = 1;  ///< 1: a message of it is being searched that cannot be done
    std::atomic<std::uint64_t> reprocessed_{0};
    std::atomic<std::uint64_t> faults_{0};
};

}  // namespace labrelay::pipeline
