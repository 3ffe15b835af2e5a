#include "labrelay/app/alarm_watch.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "alarm_sender.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/access_review.hpp"
#include "labrelay/store/alarm_query.hpp"
#include "labrelay/store/critical_query.hpp"

namespace labrelay::app {
namespace {

using alarm::IncidentKind;

/// Notices of one channel handed over at once.
constexpr std::size_t kNotices = 100;
/// Commits that come faster are looked at together.
constexpr std::chrono::milliseconds kBetweenLooks{500};
/// A store that is away for less is an ordinary pause.
constexpr std::chrono::seconds kAwayBefore{10};
constexpr std::chrono::seconds kWhileAway{2};

bool past(Instant since, Instant now, std::chrono::seconds time) {
    return now.microseconds - since.microseconds >= std::chrono::microseconds(time).count();
}

std::vector<std::string> who_wants(const ServerSettings& settings,
                                   const alarm::Incident& incident) {
    std::vector<std::string> names;
    for (const auto& [name, channel] : settings.alarm_channels) {
        if (alarm::wants(channel, incident.kind, incident.study)) {
            names.push_back(name);
        }
    }
    return names;
}

}  // namespace

struct AlarmWatch::Parts {
    Parts(ServerSettings given, const store::DataDirectory& at, store::StoreWriter& to,
          const pipeline::Snapshots& of, const Clock& time, Ports from)
        : settings(std::move(given)),
          directory(at),
          writer(to),
          snapshots(of),
          clock(time),
          ports(std::move(from)) {
        for (const auto& [name, channel] : settings.alarm_channels) {
            senders.push_back(std::make_unique<AlarmSender>(channel, writer, clock));
        }
    }

    void watch(const std::stop_token& stop);
    void round(bool whole);
    void change(store::Desk& desk, const alarm::Facts& facts);
    void hand_over(const std::vector<store::DueNotice>& due);
    alarm::Facts facts(bool whole, bool leads);
    std::vector<alarm::CriticalFact> criticals(store::ReadSession& session);
    alarm::DiskFact disk() const;
    alarm::ConfigurationFact configuration(store::ReadSession& session, Instant now);
    alarm::Notice notice(const store::IncidentRow& incident, bool over) const;

    void store_is(bool away);
    void tell_of_store(bool over);

    const ServerSettings settings;
    const store::DataDirectory& directory;
    store::StoreWriter& writer;
    const pipeline::Snapshots& snapshots;
    const Clock& clock;
    const Ports ports;
    std::vector<std::unique_ptr<AlarmSender>> senders;
    std::unique_ptr<store::ReadSession> reading;  // of the watching thread
    std::optional<Instant> another_since;  // of the watching thread: not the active configuration
    std::optional<Instant> away_since;     // of the watching thread
    bool away_told = false;                // of the watching thread
    std::mutex mutex;
    std::condition_variable_any changed;
    bool committed = false;
    std::stop_source stopping;
    std::vector<std::thread> threads;
};

void AlarmWatch::Parts::watch(const std::stop_token& stop) {
    Instant whole_at;
    while (!stop.stop_requested()) {
        const Instant now = clock.now();
        const bool whole =
            past(whole_at, now,
                 std::chrono::duration_cast<std::chrono::seconds>(settings.alarm_interval));
        bool away = !ports.store_well();
        try {
            round(whole);
        } catch (const pipeline::StoreFault& fault) {
            reading.reset();
            away = away || !fault.store_is_well();
        }
        store_is(away);
        if (whole) {
            whole_at = now;
        }
        std::unique_lock lock(mutex);
        changed.wait_for(lock, stop, kBetweenLooks, [] { return false; });
        const auto rest =
            away_since ? std::chrono::milliseconds(kWhileAway) : settings.alarm_interval;
        changed.wait_for(lock, stop, rest, [this] { return committed; });
        committed = false;
    }
}

void AlarmWatch::Parts::round(bool whole) {
    bool leads = false;
    {
        store::Desk desk(writer);
        leads = store::leads(desk, kAlarmWork);
    }
    if (!leads && !whole) {
        return;
    }
    const alarm::Facts seen = facts(whole, leads);
    {
        store::Desk desk(writer);
        change(desk, seen);
        desk.commit();
    }
    if (leads) {
        // At the desk: no attempt is recorded between the look at what is due and the handing over,
        // so none of it is sent twice.
        store::Desk desk(writer);
        hand_over(store::due_notices(desk, kNotices));
    }
}

void AlarmWatch::Parts::change(store::Desk& desk, const alarm::Facts& facts) {
    std::vector<alarm::OpenIncident> open;
    for (const store::IncidentRow& row : store::open_incidents(desk)) {
        const auto kind = alarm::incident_kind_from(row.kind);
        const bool of_a_node =
            kind == IncidentKind::disk_low || kind == IncidentKind::configuration_refused;
        const bool of_another = of_a_node && row.object != ports.node;
        if (kind && !of_another) {
            open.push_back({row.id, *kind, row.object});
        }
    }
    const alarm::Changes changes = alarm::changes(open, alarm::judge(facts, settings.alarm_limits));
    for (const alarm::Incident& incident : changes.opened) {
        store::IncidentRow row;
        row.kind = alarm::key(incident.kind);
        row.object = incident.object;
        row.text = incident.text;
        row.advice = alarm::advice(incident.kind, incident.object);
        row.opened = facts.now;
        store::open_incident(desk, row, who_wants(settings, incident));
        if (settings.log_sources) {
            spdlog::warn("alarm: {} {}", row.kind, row.object);
        }
    }
    for (const std::int64_t id : changes.over) {
        store::close_incident(desk, id);
    }
}

void AlarmWatch::Parts::hand_over(const std::vector<store::DueNotice>& due) {
    for (const store::DueNotice& one : due) {
        const auto sender = std::ranges::find_if(senders, [&](const auto& candidate) {
            return candidate->settings().name == one.notice.channel;
        });
        if (sender != senders.end()) {
            (*sender)->offer({notice(one.incident, one.notice.over), one.notice, 0, {}});
        }
    }
}

alarm::Facts AlarmWatch::Parts::facts(bool whole, bool leads) {
    if (!reading) {
        Result<store::ReadSession> opened = store::ReadSession::open(directory);
        if (!opened) {
            throw pipeline::StoreFault(describe(opened.error()), false);
        }
        reading = std::make_unique<store::ReadSession>(std::move(*opened));
    }
    alarm::Facts facts;
    facts.now = clock.now();
    if (leads) {
        facts.criticals = criticals(*reading);
    }
    if (whole) {
        facts.disk = disk();
        facts.configuration = configuration(*reading, facts.now);
    }
    if (whole && leads) {
        if (settings.log_sources) {
            facts.sources = ports.sources();
        }
        facts.targets = ports.targets();
        if (ports.audit) {
            facts.audit = ports.audit();
        }
        const Instant before{facts.now.microseconds -
                             std::chrono::microseconds(settings.alarm_limits.problem_age).count()};
        facts.access = alarm::AccessFact{store::access_reviewed_since(*reading)};
        facts.problems.emplace();
        for (const store::AgedProblems& aged : store::aged_problems(*reading, before, facts.now)) {
            facts.problems->push_back({aged.source, aged.count, aged.oldest});
        }
    }
    return facts;
}

std::vector<alarm::CriticalFact> AlarmWatch::Parts::criticals(store::ReadSession& session) {
    const study::Registry registry = snapshots.registry();
    std::vector<alarm::CriticalFact> all;
    store::CriticalFilter filter;
    filter.open_only = true;
    for (bool more = true; more;) {
        const std::vector<store::CriticalRow> rows = store::critical_values(session, filter);
        more = rows.size() == filter.limit;
        for (const store::CriticalRow& row : rows) {
            alarm::CriticalFact& fact = all.emplace_back();
            fact.id = fmt::format("{}.{}", to_base32(row.id.message), row.id.ordinal);
            const study::Subject* subject = row.subject ? registry.subject(*row.subject) : nullptr;
            if (subject != nullptr) {
                fact.subject = subject->label();
                fact.study = subject->study;
            }
            fact.source = row.source;
            fact.at = row.at;
            filter.after = row.id;
        }
    }
    return all;
}

alarm::DiskFact AlarmWatch::Parts::disk() const {
    struct statvfs found {};
    alarm::DiskFact fact{ports.node, 0, 0};
    if (::statvfs(directory.path().c_str(), &found) == 0) {
        fact.free = std::uint64_t{found.f_bavail} * found.f_frsize;
        fact.size = std::uint64_t{found.f_blocks} * found.f_frsize;
    }
    return fact;
}

alarm::ConfigurationFact AlarmWatch::Parts::configuration(store::ReadSession& session,
                                                          Instant now) {
    alarm::ConfigurationFact fact;
    fact.node = ports.node;
    fact.running = snapshots.configuration()->hash();
    fact.active = store::active_configuration(session);
    if (fact.active.empty() || fact.active == fact.running) {
        another_since.reset();
    } else {
        another_since = another_since.value_or(now);
    }
    fact.since = another_since;
    return fact;
}

alarm::Notice AlarmWatch::Parts::notice(const store::IncidentRow& incident, bool over) const {
    alarm::Notice notice;
    notice.incident = incident.id;
    notice.kind = incident.kind;
    notice.object = incident.object;
    notice.text = incident.text;
    notice.advice = incident.advice;
    notice.opened = incident.opened;
    notice.at = over && incident.closed ? *incident.closed : clock.now();
    notice.over = over;
    if (const auto kind = alarm::incident_kind_from(incident.kind)) {
        notice.urgent = alarm::is_critical(*kind) || *kind == IncidentKind::store_away;
        if (!settings.console_url.empty()) {
            notice.url = settings.console_url + alarm::page(*kind, incident.object);
        }
    }
    return notice;
}

void AlarmWatch::Parts::store_is(bool away) {
    const Instant now = clock.now();
    if (away) {
        away_since = away_since.value_or(now);
        if (!away_told && past(*away_since, now, kAwayBefore)) {
            away_told = true;
            tell_of_store(false);
        }
        return;
    }
    if (away_told) {
        tell_of_store(true);
    }
    away_told = false;
    away_since.reset();
}

void AlarmWatch::Parts::tell_of_store(bool over) {
    const alarm::Incident incident{IncidentKind::store_away,
                                   ports.node,
                                   {},
                                   fmt::format("The store cannot be written from {}.", ports.node)};
    store::IncidentRow row;
    row.kind = alarm::key(incident.kind);
    row.object = incident.object;
    row.text = incident.text;
    row.advice = alarm::advice(incident.kind, incident.object);
    row.opened = *away_since;
    if (over) {
        row.closed = clock.now();
        try {
            store::Desk desk(writer);
            store::close_incident(desk, store::open_incident(desk, row, {}));
            desk.commit();
        } catch (const pipeline::StoreFault& fault) {
            spdlog::warn("alarms: {}", fault.what());
        }
    }
    for (const std::string& name : who_wants(settings, incident)) {
        for (const auto& sender : senders) {
            if (sender->settings().name == name) {
                sender->offer({notice(row, over), std::nullopt, 0, {}});
            }
        }
    }
}

AlarmWatch::AlarmWatch(const ServerSettings& settings, const store::DataDirectory& directory,
                       store::StoreWriter& writer, const pipeline::Snapshots& snapshots,
                       const Clock& clock, Ports ports)
    : parts_(std::make_unique<Parts>(settings, directory, writer, snapshots, clock,
                                     std::move(ports))) {}

AlarmWatch::~AlarmWatch() {
    stop();
}

void AlarmWatch::start() {
    const std::stop_token stop = parts_->stopping.get_token();
    parts_->threads.emplace_back([this, stop] { parts_->watch(stop); });
    for (const auto& sender : parts_->senders) {
        parts_->threads.emplace_back([work = sender.get(), stop] { work->run(stop); });
    }
}

void AlarmWatch::stop() {
    parts_->stopping.request_stop();
    for (std::thread& thread : parts_->threads) {
        thread.join();
    }
    parts_->threads.clear();
}

void AlarmWatch::wake() {
    const std::lock_guard lock(parts_->mutex);
    parts_->committed = true;
    parts_->changed.notify_all();
}

std::vector<api::AlarmChannelView> AlarmWatch::channels() const {
    std::vector<api::AlarmChannelView> views;
    for (const auto& [name, channel] : parts_->settings.alarm_channels) {
        views.push_back({name, std::string(alarm::to_string(channel.kind)), channel.url,
                         std::string(alarm::to_string(channel.about)), channel.study});
    }
    return views;
}

std::vector<api::AlarmTrial> AlarmWatch::try_channels(const std::string& channel) {
    alarm::Notice notice;
    notice.kind = "test";
    notice.text = "This is a trial of the alarms.";
    notice.advice = "Nothing to do: somebody tries whether notices arrive.";
    notice.opened = parts_->clock.now();
    notice.at = notice.opened;
    notice.url = parts_->settings.console_url;
    std::vector<api::AlarmTrial> trials;
    for (const auto& sender : parts_->senders) {
        if (channel.empty() || sender->settings().name == channel) {
            const Result<void> sent = sender->send(notice);
            trials.push_back({sender->settings().name, sent ? std::string() : sent.error().detail});
        }
    }
    return trials;
}

Result<void> check_alarm_studies(const ServerSettings& settings, const study::StudyRules& rules) {
    for (const auto& [name, channel] : settings.alarm_channels) {
        if (!channel.study.empty() && rules.study(channel.study) == nullptr) {
            return fail(Code::setting_bad, Place{fmt::format("alarm.{}.study", name)},
                        "The configuration has no study of this name.");
        }
    }
    return {};
}

}  // namespace labrelay::app
