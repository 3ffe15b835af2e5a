#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "labrelay/core/result.hpp"
#include "labrelay/pipeline/committer.hpp"
#include "labrelay/pipeline/snapshots.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/sql_commit_store.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::app {

/// One more committer of this process on a store that several nodes share: while the batch of one
/// is synced, another decides its next. To the store it is like one more node, with connections, a
/// life in the audit trail and snapshots of its own (src/store/shared_store.md); only the number
/// in the message ids is the process's. It commits messages; jobs and all else that writes are the
/// first committer's.
class SideLane {
public:
    /// With this configuration, which was read from `mappings`; jobs are left to `first`. Errors as
    /// of StoreWriter::open; throws StoreFault. The directory, the clock and `first` outlive it.
    static Result<std::unique_ptr<SideLane>> open(
        const store::DataDirectory& directory, const Clock& clock,
        const store::WriterOptions& options, pipeline::Committer& first,
        std::shared_ptr<const mapping::Configuration> configuration, const std::string& mappings);
    SideLane(const SideLane&) = delete;
    SideLane& operator=(const SideLane&) = delete;
    ~SideLane() { stop(); }

    /// `on_commit` is called on its thread after each commit.
    void start(std::function<void()> on_commit);
    /// Everything that was submitted is committed and answered when it returns.
    void stop();

    pipeline::Committer& committer() { return committer_; }
    const pipeline::Committer& committer() const { return committer_; }

private:
    SideLane(std::unique_ptr<store::StoreWriter> writer, pipeline::Committer& first,
             std::shared_ptr<const mapping::Configuration> configuration,
             const std::string& mappings);

    std::unique_ptr<store::StoreWriter> writer_;
    store::SqlCommitStore store_;
    pipeline::Snapshots snapshots_;
    pipeline::Committer committer_;
    std::stop_source stop_;
    std::thread thread_;
};

}  // namespace labrelay::app
