#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "labrelay/app/audit_watch.hpp"
#include "labrelay/app/live_sources.hpp"
#include "labrelay/app/source_watch.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/pipeline/snapshots.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/node_lease.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::app {

/// What a running server does beside its messages, on a thread of its own: groups holds into
/// problems after commits, and then and at intervals keeps the node's number, makes partitions
/// ahead, anchors the audit trail, looks at the sources, lets go of what is past its retention,
/// gathers the store's statistics. start() and stop() once each, by the server; the rest any
/// thread.
class Housekeeping {
public:
    /// What of the server it works with; all of it outlives it. While it runs the node's number is
    /// its own.
    struct Engine {
        const store::DataDirectory& directory;
        store::StoreWriter& writer;
        const pipeline::Snapshots& snapshots;
        const Clock& clock;
        store::NodeLease& node;
        LiveSources& live;
        AuditWatch& audit;
        bool log_sources = true;  ///< what changes with them
    };

    /// Errors: those of ReadSession::open().
    static Result<std::unique_ptr<Housekeeping>> open(const Engine& engine);
    Housekeeping(const Housekeeping&) = delete;
    Housekeeping& operator=(const Housekeeping&) = delete;
    ~Housekeeping() { stop(); }

    void start();
    /// Anchors the audit trail once more.
    void stop();
    /// Something was committed.
    void wake();

    /// False: this node's number in message ids is not certain.
    bool is_a_node() const { return is_a_node_; }
    /// Every source of the configuration as it was at the last look.
    std::vector<SourceStatus> sources() const;

private:
    Housekeeping(const Engine& engine, store::ReadSession reading);
    void run(const std::stop_token& stop);
    void wait_for_commit(const std::stop_token& stop);
    void keep_house();
    void make_partitions_daily();
    void anchor_audit_trail_each_minute();
    void anchor_audit_trail();
    void watch_sources();
    void gather_statistics_each_minute();

    const Engine engine_;
    std::atomic<bool> is_a_node_{true};
    mutable std::mutex sources_mutex_;  // guards sources_
    SourceWatch sources_;
    std::mutex mutex_;  // guards committed_since_
    std::condition_variable_any due_;
    bool committed_since_ = true;
    // What follows is the thread's own.
    store::ReadSession reading_;
    std::int64_t partitions_made_on_;                  ///< day since 1970
    std::int64_t statistics_at_minute_ = 0;            ///< since 1970
    std::int64_t anchored_at_minute_ = 0;              ///< since 1970
    std::chrono::steady_clock::time_point look_at_{};  ///< at the sources, not before
    bool look_owed_ = false;                           ///< something came since the last
    std::jthread thread_;
};

}  // namespace labrelay::app
