#include "labrelay/app/forwarding.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <span>
#include <vector>

#include <algorithm>
#include <charconv>
#include <functional>
#include <stop_token>
#include <thread>

#include "following_target.hpp"
#include "labrelay/delivery/worker.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/sql_outbox.hpp"
#include "labrelay/targets/odm_export.hpp"
#include "labrelay/targets/rave_target.hpp"
#include "labrelay/targets/redcap_target.hpp"
#include "labrelay/targets/sql_target.hpp"
#include "watched_outbox.hpp"

namespace labrelay::app {
namespace {

constexpr std::string_view kStudyDatabase = "study";
/// Requests are larger than transactions and each costs the server more.
constexpr std::size_t kRemoteBatch = 50;

/// One line when an incident begins and one when it is over.
void log_trouble(const delivery::WorkerTrouble& trouble) {
    using Kind = delivery::WorkerTrouble::Kind;
    switch (trouble.kind) {
        case Kind::recovered:
            spdlog::warn("delivery to {}: {}", trouble.target, trouble.why);
            return;
        case Kind::rejected:
            spdlog::error("delivery to {}: {} is refused: {}", trouble.target, trouble.delivery,
                          trouble.why);
            return;
        case Kind::away:
            spdlog::error("delivery to {}: the target is away, deliveries wait: {}", trouble.target,
                          trouble.why);
            return;
        case Kind::stopped:
            spdlog::error("delivery to {}: stopped until somebody acts: {}", trouble.target,
                          trouble.why);
            return;
        case Kind::store_fault:
        case Kind::defect:
            spdlog::error("delivery to {}: {}", trouble.target, trouble.why);
            return;
    }
}

std::unique_ptr<delivery::Target> study_database(const ServerSettings& settings,
                                                 const study::StudyRules& rules) {
    return std::make_unique<targets::SqlTarget>(
        targets::SqlTargetSettings{std::string(kStudyDatabase), settings.target_place()},
        targets::analyte_names(rules.analytes), rules.scales);
}

std::unique_ptr<delivery::Target> redcap(const std::string& name,
                                         const RemoteTargetSettings& settings,
                                         const study::StudyDefinition& study,
                                         const study::StudyRules& rules, const Clock& clock) {
    targets::RedcapTargetSettings target;
    target.name = name;
    target.study = settings.study;
    target.client.http.url = settings.url;
    target.client.http.ca = settings.ca;
    target.client.token_file = settings.token_file;
    target.client.requests_per_minute = settings.requests_per_minute;
    return std::make_unique<targets::RedcapTarget>(
        target, *study.redcap, targets::analyte_names(rules.analytes), rules.scales, clock,
        [&clock](Instant until) { targets::sleep_until(until, clock); });
}

/// Rave names a study in production by the project alone.
std::string rave_study_oid(const RemoteTargetSettings& settings) {
    return settings.environment == "Prod"
               ? settings.project
               : fmt::format("{} ({})", settings.project, settings.environment);
}

std::unique_ptr<delivery::Target> rave(const std::string& name,
                                       const RemoteTargetSettings& settings,
                                       const study::StudyDefinition& study,
                                       const study::StudyRules& rules, const Clock& clock) {
    targets::RaveTargetSettings target;
    target.name = name;
    target.study = settings.study;
    target.http.url = settings.url;
    target.http.ca = settings.ca;
    target.password_file = settings.password_file;
    target.project = settings.project;
    target.environment = settings.environment;
    target.requests_per_minute = settings.requests_per_minute;
    target.header.study_oid = rave_study_oid(settings);
    target.header.metadata_version_oid = study.odm->metadata_version;
    target.header.user_oid = study.odm->user;
    // The study's own copy: the configuration that it stands in may be replaced meanwhile.
    auto items_of = [study](const targets::LabRow& row) -> Result<targets::OdmSubjectEvent> {
        if (study.odm->omits(row.analyte)) {
            return targets::OdmSubjectEvent{row.subject, {}, {}, {}, {}};
        }
        const targets::StudyResult result{row, row.received_at};
        Result<std::vector<targets::OdmSubjectEvent>> events =
            targets::odm_events(study, std::span(&result, 1));
        if (!events) {
            return tl::unexpected(events.error());
        }
        return std::move(events->front());
    };
    return std::make_unique<targets::RaveTarget>(
        target, std::move(items_of), targets::analyte_names(rules.analytes), rules.scales, clock,
        [&clock](Instant until) { targets::sleep_until(until, clock); });
}

Result<std::unique_ptr<delivery::Target>> remote_target(const std::string& name,
                                                        const RemoteTargetSettings& settings,
                                                        const study::StudyRules& rules,
                                                        const Clock& clock) {
    using Kind = RemoteTargetSettings::Kind;
    const Place place{fmt::format("target.{}.study", name)};
    const study::StudyDefinition* study = rules.study(settings.study);
    if (study == nullptr) {
        return fail(Code::setting_bad, place, "The configuration has no study of this name.");
    }
    if (settings.kind == Kind::rave) {
        if (!study->odm) {
            return fail(Code::setting_bad, place, "The study's file has no <odm>.");
        }
        return rave(name, settings, *study, rules, clock);
    }
    if (!study->redcap) {
        return fail(Code::setting_bad, place, "The study's file has no <redcap>.");
    }
    return redcap(name, settings, *study, rules, clock);
}

}  // namespace

struct Forwarding::Line {
    std::unique_ptr<delivery::Target> target;
    bool paused = false;
    std::unique_ptr<delivery::Worker> worker;
    std::thread thread;
};

struct Forwarding::Parts {
    explicit Parts(store::StoreWriter& writer) : outbox(writer), watched(outbox) {}

    void add(std::unique_ptr<delivery::Target> target, const Clock& clock,
             delivery::WorkerSettings settings, bool paused) {
        Line& line = lines.emplace_back();
        line.target = std::move(target);
        line.paused = paused;
        settings.seed = static_cast<std::uint32_t>(lines.size());
        line.worker =
            std::make_unique<delivery::Worker>(watched, *line.target, clock, settings, log_trouble);
        line.worker->pause(paused);
    }

    store::SqlOutbox outbox;
    WatchedOutbox watched;
    std::vector<Line> lines;
    std::stop_source stopping;
};

Forwarding::Forwarding(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Forwarding::~Forwarding() {
    stop();
}

std::vector<std::string> Forwarding::target_names(const ServerSettings& settings) {
    std::vector<std::string> names{std::string(kStudyDatabase)};
    for (const auto& [name, remote] : settings.remote_targets) {
        names.push_back(name);
    }
    return names;
}

Result<std::unique_ptr<Forwarding>> Forwarding::open(const ServerSettings& settings,
                                                     const pipeline::Snapshots& snapshots,
                                                     store::StoreWriter& writer,
                                                     const Clock& clock) {
    auto parts = std::make_unique<Parts>(writer);
    const std::shared_ptr<const mapping::Configuration> configuration = snapshots.configuration();
    const auto make_study = [settings](const mapping::Configuration& now) {
        return study_database(settings, now.rules());
    };
    parts->add(std::make_unique<FollowingTarget>(make_study(*configuration), configuration,
                                                 snapshots, make_study),
               clock, {}, settings.target_paused);
    for (const auto& [name, remote] : settings.remote_targets) {
        auto target = remote_target(name, remote, configuration->rules(), clock);
        if (!target) {
            return tl::unexpected(target.error());
        }
        // An activation that leaves the target without its study or map is refused before (fits).
        const auto make = [name = name, remote = remote,
                           &clock](const mapping::Configuration& now) {
            auto made = remote_target(name, remote, now.rules(), clock);
            return made ? std::move(*made) : nullptr;
        };
        delivery::WorkerSettings worker;
        worker.batch = kRemoteBatch;
        parts->add(
            std::make_unique<FollowingTarget>(std::move(*target), configuration, snapshots, make),
            clock, worker, remote.paused);
    }
    return std::unique_ptr<Forwarding>(new Forwarding(std::move(parts)));
}

Result<void> Forwarding::fits(const ServerSettings& settings,
                              const mapping::Configuration& configuration, const Clock& clock) {
    for (const auto& [name, remote] : settings.remote_targets) {
        if (auto target = remote_target(name, remote, configuration.rules(), clock); !target) {
            return tl::unexpected(target.error());
        }
    }
    return {};
}

void Forwarding::start() {
    for (Line& line : parts_->lines) {
        line.thread = std::thread(
            [this, worker = line.worker.get()] { worker->run(parts_->stopping.get_token()); });
    }
}

void Forwarding::stop() {
    parts_->stopping.request_stop();
    for (Line& line : parts_->lines) {
        if (line.thread.joinable()) {
            line.thread.join();
        }
    }
}

void Forwarding::wake() {
    for (Line& line : parts_->lines) {
        line.worker->wake();
    }
}

namespace {

/// One worker after the other is kept from its next round, then the work is done.
void between_rounds_of(std::span<delivery::Worker* const> workers,
                       const std::function<void()>& work) {
    if (workers.empty()) {
        work();
        return;
    }
    workers.front()->between_rounds([&] { between_rounds_of(workers.subspan(1), work); });
}

}  // namespace

void Forwarding::between_rounds(const std::function<void()>& work) {
    std::vector<delivery::Worker*> workers;
    for (Line& line : parts_->lines) {
        workers.push_back(line.worker.get());
    }
    between_rounds_of(workers, work);
}

void Forwarding::drain() {
    for (Line& line : parts_->lines) {
        if (!line.paused) {
            parts_->watched.drain(line.target->name());
        }
    }
}

Result<std::string> Forwarding::resend(std::string_view id, const store::Act& act) {
    Result<std::string> done = resend_delivery(parts_->outbox, id, act);
    wake();
    return done;
}

Result<std::string> resend_delivery(store::SqlOutbox& outbox, std::string_view id,
                                    const store::Act& act) {
    std::int64_t number = 0;
    const char* end = id.data() + id.size();
    if (const auto read = std::from_chars(id.data(), end, number);
        read.ec != std::errc{} || read.ptr != end) {
        return fail(Code::usage, Place{std::string(id)}, "A delivery's id is a number.");
    }
    try {
        if (!outbox.send_again(number, act)) {
            return fail(Code::not_found, Place{std::string(id)},
                        "No rejected delivery has this id.");
        }
    } catch (const pipeline::StoreFault& fault) {
        return fail(Code::store_io, Place{std::string(id)}, fault.what());
    }
    return fmt::format("delivery {} is sent again", number);
}

std::vector<alarm::TargetFact> Forwarding::target_facts() const {
    // The worker's own measure of an incident (WorkerSettings::failures_of_an_incident).
    const std::uint32_t failures = delivery::WorkerSettings{}.failures_of_an_incident;
    std::vector<alarm::TargetFact> facts;
    for (const Line& line : parts_->lines) {
        const delivery::QueueState queue = parts_->outbox.queue(line.target->name());
        const delivery::WorkerCounters counters = line.worker->counters();
        alarm::TargetFact& fact = facts.emplace_back();
        fact.name = line.target->name();
        fact.paused = line.paused;
        fact.failing = counters.failures_in_a_row >= failures ||
                       counters.breaker == delivery::BreakerState::stopped;
        fact.failed_here = counters.incidents > 0;
        fact.waiting = queue.waiting + queue.unknown;
        fact.rejected = queue.rejected;
        fact.oldest = queue.oldest;
    }
    return facts;
}

std::string Forwarding::metrics() const {
    struct Seen {
        std::string name;
        delivery::QueueState queue;
        delivery::WorkerCounters counters;
    };
    std::vector<Seen> all;
    std::int64_t waiting = 0;
    for (const Line& line : parts_->lines) {
        all.push_back({line.target->name(), parts_->outbox.queue(line.target->name()),
                       line.worker->counters()});
        waiting += all.back().queue.waiting;
    }
    std::string text =
        fmt::format("# TYPE labrelay_outbox_waiting gauge\nlabrelay_outbox_waiting {}\n", waiting);
    const auto metric = [&](std::string_view name, std::string_view type,
                            const std::function<std::int64_t(const Seen&)>& value) {
        text += fmt::format("# TYPE labrelay_target_{} {}\n", name, type);
        for (const Seen& seen : all) {
            text += fmt::format("labrelay_target_{}{{target=\"{}\"}} {}\n", name, seen.name,
                                value(seen));
        }
    };
    const auto number = [](auto value) { return static_cast<std::int64_t>(value); };
    metric("waiting", "gauge", [](const Seen& s) { return s.queue.waiting; });
    metric("unknown", "gauge", [](const Seen& s) { return s.queue.unknown; });
    metric("rejected", "gauge", [](const Seen& s) { return s.queue.rejected; });
    metric("oldest_waiting_timestamp_seconds", "gauge", [](const Seen& s) {
        return s.queue.oldest ? s.queue.oldest->microseconds / 1'000'000 : 0;
    });
    metric("delivered_total", "counter",
           [&](const Seen& s) { return number(s.counters.delivered); });
    metric("refused_total", "counter", [&](const Seen& s) { return number(s.counters.rejected); });
    metric("failed_rounds_total", "counter",
           [&](const Seen& s) { return number(s.counters.retries); });
    metric("answers_lost_total", "counter",
           [&](const Seen& s) { return number(s.counters.answers_lost); });
    metric("incidents_total", "counter",
           [&](const Seen& s) { return number(s.counters.incidents); });
    text += "# TYPE labrelay_target_breaker gauge\n";
    for (const Seen& seen : all) {
        using delivery::BreakerState;
        for (const auto state : {BreakerState::closed, BreakerState::open, BreakerState::half_open,
                                 BreakerState::stopped}) {
            text +=
                fmt::format("labrelay_target_breaker{{target=\"{}\",state=\"{}\"}} {}\n", seen.name,
                            delivery::to_string(state), seen.counters.breaker == state ? 1 : 0);
        }
    }
    return text;
}

}  // namespace labrelay::app
