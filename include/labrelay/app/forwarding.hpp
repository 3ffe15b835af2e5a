#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/alarm/judge.hpp"
#include "labrelay/app/settings.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/snapshots.hpp"
#include "labrelay/store/sql_outbox.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::app {

/// The study databases of one server: a worker and a thread for each, on one outbox. A target that
/// is away, slow or stopped keeps no other waiting.
class Forwarding {
public:
    /// The targets that the settings name, `study` first; the store's outbox gets a row for each.
    static std::vector<std::string> target_names(const ServerSettings& settings);

    /// Targets follow the configuration that `snapshots` has. It, `writer` and `clock` outlive
    /// this. Error: setting-bad, where a target's study is not in the configuration or has no map
    /// for it.
    static Result<std::unique_ptr<Forwarding>> open(const ServerSettings& settings,
                                                    const pipeline::Snapshots& snapshots,
                                                    store::StoreWriter& writer, const Clock& clock);
    ~Forwarding();
    Forwarding(const Forwarding&) = delete;
    Forwarding& operator=(const Forwarding&) = delete;

    /// Whether the targets of the settings have their study and map in the configuration. Error:
    /// setting-bad.
    static Result<void> fits(const ServerSettings& settings,
                             const mapping::Configuration& configuration, const Clock& clock);

    void start();
    void stop();
    /// After a commit. Any thread.
    void wake();
    /// Runs `work` while no delivery of this process is between the outbox and any target. Any
    /// thread; waits for the rounds in work.
    void between_rounds(const std::function<void()>& work);
    /// Waits until nothing waits for a target that is not paused. Any thread.
    void drain();
    /// Sends a rejected delivery again. Any thread.
    Result<std::string> resend(std::string_view id, const store::Act& act);
    /// How each target stands, for alarms. Any thread.
    std::vector<alarm::TargetFact> target_facts() const;
    /// Prometheus text: a line a target. Any thread.
    std::string metrics() const;

private:
    struct Line;
    struct Parts;
    explicit Forwarding(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

/// Sends a rejected delivery again and says so in one line. Errors: usage, where the id is no
/// number; not-found, where no rejected delivery has it.
Result<std::string> resend_delivery(store::SqlOutbox& outbox, std::string_view id,
                                    const store::Act& act);

}  // namespace labrelay::app
