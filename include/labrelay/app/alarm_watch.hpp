#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/alarm/judge.hpp"
#include "labrelay/api/alarm_routes.hpp"
#include "labrelay/app/settings.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/pipeline/snapshots.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::app {

/// Of several nodes one does it: it looks at what all share (store::leads()).
inline constexpr std::string_view kAlarmWork = "alarms";

/// Looks at the running server, keeps its incidents and has people told. A thread looks, and one
/// for each channel sends, so that a slow channel keeps no other waiting; what could not be sent is
/// tried again. On a shared store one node looks at what all share; each looks at its own disk,
/// its configuration and whether it reaches the store. That the store is away cannot be stored
/// while it is so: this one incident is told from memory. docs/alarms.md.
class AlarmWatch final : public api::AlarmPort {
public:
    /// Where facts come from that are not in the store. Called from the watching thread.
    struct Ports {
        std::string node;  ///< `node 3`: as notices name it
        std::function<std::vector<alarm::SourceFact>()> sources;
        std::function<std::vector<alarm::TargetFact>()> targets;
        std::function<bool()> store_well;
        /// Nothing: no check has been finished here.
        std::function<std::optional<alarm::AuditFact>()> audit;
    };

    /// All but the settings outlives it. Settings are those that check_settings() passed.
    AlarmWatch(const ServerSettings& settings, const store::DataDirectory& directory,
               store::StoreWriter& writer, const pipeline::Snapshots& snapshots, const Clock& clock,
               Ports ports);
    ~AlarmWatch() override;
    AlarmWatch(const AlarmWatch&) = delete;
    AlarmWatch& operator=(const AlarmWatch&) = delete;

    void start();
    void stop();
    /// Something was committed: a critical value may be among it. Any thread.
    void wake();

    std::vector<api::AlarmChannelView> channels() const override;
    std::vector<api::AlarmTrial> try_channels(const std::string& channel) override;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// Errors: setting-bad, where a channel names a study that the configuration has not.
Result<void> check_alarm_studies(const ServerSettings& settings, const study::StudyRules& rules);

}  // namespace labrelay::app
