#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "labrelay/api/study_end.hpp"
#include "labrelay/app/registry_import.hpp"
#include "labrelay/app/settings.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/pipeline/snapshots.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::app {

/// Locks, reconciliations, exports and imports of a running server, as the page asks for them. One
/// reconciliation runs at a time, in a thread of its own; the others wait. What it is given
/// outlives it. start() and stop() once each, by the server.
class StudyEnd final : public api::StudyEndPort {
public:
    /// What of the server it works with.
    struct Engine {
        const ServerSettings& settings;
        const store::DataDirectory& directory;
        store::StoreWriter& writer;
        const pipeline::Snapshots& snapshots;
        const Clock& clock;
        std::vector<std::string> targets;  ///< names, `study` first
        /// Does the work while no delivery is on its way.
        std::function<Result<std::string>(const std::string& what,
                                          const std::function<Result<std::string>()>& work)>
            between_deliveries;
        /// Plans and imports as one.
        std::function<Result<std::string>(std::string_view csv, const std::string& name,
                                          PlanImport plan, const store::Act& act)>
            import;
    };

    explicit StudyEnd(Engine engine) : engine_(std::move(engine)) {}
    StudyEnd(const StudyEnd&) = delete;
    StudyEnd& operator=(const StudyEnd&) = delete;
    ~StudyEnd() override { stop(); }

    /// What this node left undone when it last ended has failed. Throws pipeline::StoreFault.
    void start();
    /// Waits for what runs; what waits has failed.
    void stop();

    Result<std::string> change_lock(std::string_view json, const store::Act& act,
                                    const api::EnterSignature& sign) override;
    Result<std::string> settle_post_lock(std::string_view json, const store::Act& act,
                                         const api::EnterSignature& sign) override;
    std::vector<Target> targets() const override;
    Result<std::int64_t> reconcile(const ReconciliationOrder& order,
                                   const store::Act& act) override;
    Result<api::ExportedResults> export_results(const api::ExportOrder& order) override;
    api::RegistryPlan plan_import(std::string_view kind, const std::string& name,
                                  std::string_view csv) override;
    Result<std::string> import_planned(std::string_view kind, const std::string& name,
                                       std::string_view csv, const std::string& digest,
                                       const store::Act& act) override;

private:
    struct Job {
        std::int64_t id = 0;
        ReconciliationOrder order;
        store::Act act;
    };
    void work(const std::stop_token& stop);
    void run(const Job& job);
    Result<void> compare(const Job& job);
    void give_up(const Job& job, const std::string& why);

    Engine engine_;
    std::mutex mutex_;
    std::condition_variable_any due_;
    std::deque<Job> jobs_;
    std::jthread thread_;
};

}  // namespace labrelay::app
