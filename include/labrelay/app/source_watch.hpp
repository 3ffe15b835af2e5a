#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "labrelay/alarm/judge.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/store/source_query.hpp"

namespace labrelay::app {

/// How far a sender's clock (MSH-7) may be from ours.
inline constexpr std::chrono::hours kClockTolerance{24};
/// How far back a first look goes: what is older shows as never.
inline constexpr std::chrono::hours kSourceHistory{24 * 31};

struct SourceStatus {
    std::string id;
    std::string mode;
    std::optional<Instant> last_message;
    std::chrono::minutes silence{0};                 ///< since then, within the source's hours
    bool silent = false;                             ///< for longer than its habit
    std::optional<std::chrono::seconds> clock_skew;  ///< of the last message; later: positive
    bool clock_off = false;
    std::int64_t sequence_gaps = 0;  ///< of what was looked at
    std::optional<Instant> last_gap;
    alarm::Share recent;  ///< results of the last hour, and how many of them are held
    alarm::Share usual;   ///< the same of the time before
};

/// What is out of the ordinary with the sources of a configuration, from what is stored of them.
/// One thread, or under its user's lock.
class SourceWatch {
public:
    explicit SourceWatch(std::shared_ptr<const mapping::Configuration> configuration)
        : configuration_(std::move(configuration)) {}

    /// Another configuration holds from now on; what was seen of a source stays.
    void follow(std::shared_ptr<const mapping::Configuration> configuration) {
        configuration_ = std::move(configuration);
    }

    /// Takes in what was stored since the last look, also of messages that are older than some that
    /// were seen then.
    void look(store::ReadSession& session, Instant now);
    void take(const store::Activity& activity, Instant now);
    /// Every source of the configuration, in the order of ids.
    std::vector<SourceStatus> report(Instant now) const;
    /// What has changed since it was last asked: a line for each source that fell silent, is heard
    /// again, whose clock went off or came right, whose numbers have a gap.
    std::vector<std::string> news(Instant now);

private:
    struct Seen {
        Instant last;
        std::string message_time;
        std::int64_t gaps = 0;
        std::optional<Instant> last_gap;
        alarm::HeldShare share;
    };
    struct Told {
        bool silent = false;
        bool clock_off = false;
        std::int64_t gaps = 0;
    };

    static void add(const store::Activity& activity, Instant now,
                    std::map<std::string, Seen>& seen);

    std::shared_ptr<const mapping::Configuration> configuration_;
    MessageId settled_;  ///< nothing older is still stored: it is counted in seen_
    std::map<std::string, Seen> seen_;
    store::Activity fresh_;  ///< what is newer, counted anew at each look
    std::map<std::string, Told> told_;
};

/// Prometheus text.
std::string source_metrics(const std::vector<SourceStatus>& sources);

}  // namespace labrelay::app
