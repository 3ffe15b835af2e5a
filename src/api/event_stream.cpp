#include "event_stream.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "counted_holds.hpp"
#include "job_sight.hpp"
#include "labrelay/core/stored_late.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/message_list.hpp"
#include "labrelay/store/repair_query.hpp"
#include "labrelay/views/repair.hpp"
#include "open_problems.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using nlohmann::ordered_json;
using security::Permission;

constexpr Instant kForEver{std::numeric_limits<std::int64_t>::max()};
constexpr std::chrono::milliseconds kTick{1000};
/// A stream ends by itself before this; the client connects again.
constexpr int kTicks = 25;
constexpr int kPulseTicks = 15;
/// What is stored later than that after a younger message is not told: it is counted anew each
/// time.
constexpr std::chrono::seconds kToldLate{5};
/// What ended while a client was between two streams is told at the beginning of the next.
constexpr std::int64_t kBetweenStreamsUs = 60'000'000;
/// A repair's end is written with the time at which its transaction began.
constexpr std::int64_t kLateUs = 5'000'000;

/// One client's events, from its first look to its last.
class Events {
public:
    Events(const Services& services, const Request& request, EventNames names, std::ostream& out)
        : services_(services),
          request_(request),
          named_(names == EventNames::all),
          problems_(named_ && request.who.may(Permission::problems_view)),
          out_(out) {}

    void look(store::ReadSession& session) {
        const Instant now = services_.clock.now();
        tell_traffic(session, now);
        if (problems_) {
            const views::Sight sight = sight_of(services_, request_, Permission::problems_view);
            tell_problems(session, sight);
            tell_jobs(session, sight, now);
        }
        if (named_) {
            tell_engine();
        }
        looked_ = now;
    }

private:
    void send(std::string_view event, const ordered_json& data) {
        if (named_) {
            out_ << "event: " << event << "\n";
        }
        out_ << "data: " << data.dump(-1, ' ', false, ordered_json::error_handler_t::replace)
             << "\n\n";
        out_.flush();
    }

    void tell_traffic(store::ReadSession& session, Instant now) {
        const bool first = !looked_;
        if (first) {
            since_ = earlier(store::newest_message(session), kToldLate);
        }
        const views::Sight sight = sight_of(services_, request_, Permission::traffic_view);
        const std::vector<store::FreshTraffic> all = store::traffic_after(session, since_);
        const CountedHolds held = sight.blinded() && !all.empty()
                                      ? counted_holds(session, sight, {}, kForEver, since_)
                                      : CountedHolds();
        for (const store::FreshTraffic& fresh : all) {
            const auto counted = held.find(fresh.source);
            const std::int64_t open = !sight.blinded()        ? fresh.held
                                      : counted == held.end() ? 0
                                                              : std::ssize(counted->second);
            auto& [messages, holds] = told_traffic_[fresh.source];
            if (!first && fresh.messages > messages) {
                send("traffic", {{"source", fresh.source},
                                 {"at", to_iso(now)},
                                 {"messages", fresh.messages - messages},
                                 {"held", std::max<std::int64_t>(0, open - holds)}});
            }
            messages = fresh.messages;
            holds = open;
        }
    }

    void tell_problems(store::ReadSession& session, const views::Sight& sight) {
        const std::int64_t open = open_problems(session, sight);
        if (open != told_problems_) {
            send("problems", {{"open", open}});
            told_problems_ = open;
        }
    }

    void tell_jobs(store::ReadSession& session, const views::Sight& sight, Instant now) {
        const Instant since{looked_ ? looked_->microseconds - kLateUs
                                    : now.microseconds - kBetweenStreamsUs};
        for (const store::MovingRepair& moving : store::moving_repairs(session, since)) {
            if (!sees_job(session, sight, moving.problem)) {
                continue;
            }
            auto row = store::repair(session, moving.id);
            if (!row) {
                continue;
            }
            count_seen(session, *row, sight);
            row->reason = sight.readable(row->reason);
            ordered_json job = views::repair_job_json(*row);
            ordered_json& told = told_jobs_[moving.id];
            if (told != job) {
                send("job", job);
                told = std::move(job);
            }
        }
    }

    void tell_engine() {
        const bool ready = services_.engine.ready();
        ordered_json engine{{"state", ready ? "live" : "store away"},
                            {"reason", ready ? "" : "Messages cannot be stored at the moment."},
                            {"config_hash", services_.snapshots.configuration()->hash()}};
        if (engine != told_engine_) {
            send("engine", engine);
            told_engine_ = std::move(engine);
        }
    }

    const Services& services_;
    const Request& request_;
    const bool named_;
    const bool problems_;
    std::ostream& out_;
    std::optional<Instant> looked_;
    MessageId since_;  ///< of the traffic that is counted
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> told_traffic_;  ///< and its holds
    std::int64_t told_problems_ = -1;
    std::map<std::int64_t, ordered_json> told_jobs_;
    ordered_json told_engine_;
};

void run(const Services& services, const Request& request, LiveStreams& streams, EventNames names,
         std::ostream& out) {
    LiveStreams::Stream stream(streams);
    if (!stream.admitted()) {
        // A client of events tries again after that; an error it would take for good.
        out << "retry: 15000\n\n";
        out.flush();
        return;
    }
    out << "retry: 2000\n\n";
    out.flush();
    Events events(services, request, names, out);
    for (int tick = 0; tick < kTicks && out.good(); ++tick) {
        try {
            auto session = services.reads.borrow();
            if (!session) {
                return;
            }
            events.look(**session);
        } catch (const pipeline::StoreFault&) {
            return;  // the client connects again
        }
        if (tick % kPulseTicks == kPulseTicks - 1) {
            out << ": \n\n";
            out.flush();
        }
        if (!stream.wait(kTick)) {
            return;
        }
    }
}

}  // namespace

Response event_stream(const Services& services, const Request& request, LiveStreams& streams,
                      EventNames names) {
    Response made;
    made.content_type = "text/event-stream";
    made.stream = [services, request, &streams, names](std::ostream& out) {
        run(services, request, streams, names, out);
    };
    return made;
}

}  // namespace labrelay::api
