#include "labrelay/app/server.hpp"

#include <Poco/Exception.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "labrelay/app/alarm_watch.hpp"
#include "labrelay/app/audit_watch.hpp"
#include "labrelay/app/configuration_change.hpp"
#include "labrelay/app/configuration_workbench.hpp"
#include "labrelay/app/console.hpp"
#include "labrelay/app/forwarding.hpp"
#include "labrelay/app/input.hpp"
#include "labrelay/app/intake.hpp"
#include "labrelay/app/live_sources.hpp"
#include "labrelay/app/lock_change.hpp"
#include "labrelay/app/reconciling.hpp"
#include "labrelay/app/registry_import.hpp"
#include "labrelay/app/reply_worker.hpp"
#include "labrelay/app/source_watch.hpp"
#include "labrelay/crypto/digest.hpp"
#include "labrelay/pipeline/committer.hpp"
#include "labrelay/store/audit_verify.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/node_lease.hpp"
#include "labrelay/store/partitions.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/retention.hpp"
#include "labrelay/store/sql_ack_outbox.hpp"
#include "labrelay/store/sql_commit_store.hpp"
#include "labrelay/store/statistics.hpp"
#include "labrelay/store/store_writer.hpp"
#include "study_end.hpp"

namespace labrelay::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAddressFile = "server.json";
/// How often retention and silent sources are looked at when nothing else happens.
constexpr std::chrono::seconds kHousekeepingInterval{60};
/// The same where other nodes write to the store.
constexpr std::chrono::seconds kSharedInterval{5};

Result<void> write_private_file(const fs::path& file, std::string_view text) {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return fail(Code::store_io, Place{file.string()});
    }
    const auto written = ::write(descriptor, text.data(), text.size());
    ::fchmod(descriptor, 0600);
    ::close(descriptor);
    if (written != static_cast<ssize_t>(text.size())) {
        return fail(Code::store_io, Place{file.string()});
    }
    return {};
}

}  // namespace

/// In the order in which they are made; taken down in the opposite order by stop().
struct Server::Parts final : api::EnginePort, api::ConfigurationPort {
    Parts(store::DataDirectory opened, ServerSettings chosen,
          std::shared_ptr<const mapping::Configuration> configuration)
        : settings(std::move(chosen)),
          directory(std::move(opened)),
          snapshots(std::move(configuration), study::Registry{}) {}
    ~Parts() override { stop(); }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    Result<void> start(const Directory& taken_from);
    Result<void> take_over(const Directory& taken_from);
    void prepare_replies();
    Result<void> listen();
    void stop();
    void keep_house(const std::stop_token& stop);
    void after_commit();
    void watch_sources();
    void make_partitions_daily();
    void gather_statistics_each_minute();
    AlarmWatch::Ports alarm_ports();
    StudyEnd::Engine study_end_engine();
    void anchor_audit_trail_each_minute();
    void anchor_audit_trail();

    bool ready() const override { return committer && committer->healthy() && is_a_node; }
    std::string metrics() const override;
    api::LiveSource live_source(std::string_view source) const override {
        return live.of(source, clock.now());
    }
    bool shares_store() const override { return directory.place().shared(); }
    Result<std::string> import_subjects(std::string_view csv, const store::Act& act) override {
        return import(csv, "subjects.csv", plan_subjects, act);
    }
    Result<std::string> import_specimens(std::string_view csv, const store::Act& act) override {
        return import(csv, "specimens.csv", plan_specimens, act);
    }
    Result<std::string> resend_delivery(std::string_view id, const store::Act& act) override {
        return forwarding->resend(id, act);
    }
    Result<std::string> change_lock(std::string_view json, const store::Act& act) override;
    Result<std::string> settle_post_lock(std::string_view json, const store::Act& act) override;
    Result<std::string> enter_reconciliation(std::string_view json, const store::Act& act) override;

    Result<std::string> change_configuration(std::string_view json) override;
    Result<void> fits(const mapping::Configuration& configuration) const override;
    Result<void> fits_whole(const mapping::Configuration& configuration) const;
    void follow() override;
    api::CasesRun run_cases(
        const std::shared_ptr<const mapping::Configuration>& configuration) const override {
        return app::run_cases(settings.mappings, configuration);
    }
    Result<views::ConfigurationEffect> effect(
        const std::shared_ptr<const mapping::Configuration>& candidate,
        const mapping::TouchedSources& touched, const views::Sight& sight) const override {
        return effect_on_store(directory, *candidate, touched, sight);
    }
    Result<std::vector<views::ExplainedMessage>> explain(
        const std::shared_ptr<const mapping::Configuration>& configuration,
        const api::ToExplain& asked) const override {
        return explain_on_store(directory, configuration, asked);
    }

    Result<std::string> import(std::string_view csv, const std::string& name,
                               const PlanImport& plan, const store::Act& act);
    Result<std::string> between_deliveries(const std::string& what,
                                           const std::function<Result<std::string>()>& work);

    ServerSettings settings;
    SystemClock clock;
    store::DataDirectory directory;
    pipeline::Snapshots snapshots;
    std::optional<store::NodeLease> node;  ///< of the housekeeping thread once it runs
    std::atomic<bool> is_a_node{true};     ///< false: its number in message ids is not certain
    std::unique_ptr<store::StoreWriter> writer;
    std::unique_ptr<store::SqlCommitStore> store;
    std::unique_ptr<pipeline::Committer> committer;
    std::unique_ptr<Forwarding> forwarding;
    std::unique_ptr<store::SqlAckOutbox> ack_outbox;
    std::vector<std::unique_ptr<ReplyWorker>> reply_workers;
    std::unique_ptr<MessageIdSource> ids;
    std::unique_ptr<Intake> intake;
    LiveSources live;
    std::unique_ptr<WaysIn> ways;
    std::unique_ptr<AuditWatch> audit;
    std::unique_ptr<AlarmWatch> alarms;
    std::unique_ptr<StudyEnd> study_end;
    std::unique_ptr<Console> console;
    std::string started_with;  ///< hash
    std::mutex import_mutex;
    std::stop_source stop_replies;
    std::stop_source stop_committer;
    std::stop_source stop_housekeeping;
    std::mutex housekeeping_mutex;
    std::condition_variable_any housekeeping_due;
    bool committed_since = true;
    std::int64_t partitions_made_on = 0;    ///< day since 1970
    std::int64_t statistics_at_minute = 0;  ///< since 1970
    std::int64_t anchored_at_minute = 0;    ///< since 1970
    mutable std::mutex sources_mutex;
    std::unique_ptr<SourceWatch> sources;
    std::unique_ptr<store::ReadSession> reading;  ///< of the housekeeping thread
    std::thread housekeeping_thread;
    std::vector<std::thread> reply_threads;
    std::thread committer_thread;
};

/// What was activated since the directory was taken holds, and is what everything is made with.
Result<void> Server::Parts::take_over(const Directory& taken_from) {
    if (taken_from.files.empty()) {
        return {};
    }
    Result<TakenConfiguration> taken =
        take_configuration(*writer, taken_from.files, taken_from.drop_taught,
                           [this](const auto& configuration) { return fits_whole(configuration); });
    if (!taken) {
        return tl::unexpected(taken.error());
    }
    for (const std::string& line : taken->said) {
        spdlog::info("{}", line);
    }
    snapshots.replace(std::move(taken->configuration));
    return {};
}

Result<void> Server::Parts::start(const Directory& taken_from) {
    Result<store::NodeLease> leased = store::NodeLease::take(directory.place());
    if (!leased) {
        return tl::unexpected(leased.error());
    }
    node.emplace(std::move(*leased));
    store::WriterOptions options;
    options.node = node->number();
    options.targets = Forwarding::target_names(settings);
    Result<std::unique_ptr<store::StoreWriter>> opened =
        store::StoreWriter::open(directory, clock, options);
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    writer = std::move(*opened);
    make_partitions_daily();
    if (Result<void> taken = take_over(taken_from); !taken) {
        return taken;
    }
    store = std::make_unique<store::SqlCommitStore>(*writer);
    store->begin();
    snapshots.replace(store->load_registry());
    const MessageId last = store->last_message_id();
    store->remember_configuration(snapshots.configuration()->hash(), settings.mappings.string());
    started_with = snapshots.configuration()->hash();
    store->commit();
    committer = std::make_unique<pipeline::Committer>(*store, snapshots);
    Result<std::unique_ptr<Forwarding>> targets =
        Forwarding::open(settings, snapshots, *writer, clock);
    if (!targets) {
        return tl::unexpected(targets.error());
    }
    forwarding = std::move(*targets);
    if (const Result<void> whole = fits_whole(*snapshots.configuration()); !whole) {
        return whole;
    }
    prepare_replies();
    committer->on_commit([this] { after_commit(); });
    ids = std::make_unique<MessageIdSource>(clock, node->number(), last);
    intake = std::make_unique<Intake>(*committer, snapshots, *ids, clock);
    Result<store::ReadSession> session = store::ReadSession::open(directory);
    if (!session) {
        return tl::unexpected(session.error());
    }
    reading = std::make_unique<store::ReadSession>(std::move(*session));
    sources = std::make_unique<SourceWatch>(snapshots.configuration());
    audit = std::make_unique<AuditWatch>(directory, *writer, clock,
                                         AuditWatch::Pace{.between = settings.audit_check});
    alarms =
        std::make_unique<AlarmWatch>(settings, directory, *writer, snapshots, clock, alarm_ports());
    committer_thread = std::thread([this] { committer->run(stop_committer.get_token()); });
    housekeeping_thread = std::thread([this] { keep_house(stop_housekeeping.get_token()); });
    forwarding->start();
    alarms->start();
    audit->start();
    for (const std::unique_ptr<ReplyWorker>& reply : reply_workers) {
        reply_threads.emplace_back(
            [this, work = reply.get()] { work->run(stop_replies.get_token()); });
    }
    return listen();
}

/// What a configuration needs of the settings, which only a restart changes. A reply connection
/// that is no longer needed may stay until then: what waits on it is still sent.
Result<void> Server::Parts::fits(const mapping::Configuration& configuration) const {
    for (const mapping::SourceDefinition& source : configuration.sources()) {
        if (source.replies_apart && !settings.replies.contains(source.id)) {
            return fail(Code::setting_bad, Place{"reply." + source.id},
                        "the source has reply=\"apart\"; the setting says host:port, and a server "
                        "reads it when it starts");
        }
    }
    return Forwarding::fits(settings, configuration, clock);
}

/// What a start asks beyond that: nor may the settings speak of what the configuration lacks.
Result<void> Server::Parts::fits_whole(const mapping::Configuration& configuration) const {
    for (const auto& [source, endpoint] : settings.replies) {
        const mapping::SourceDefinition* known = configuration.source(source);
        if (known == nullptr || !known->replies_apart) {
            return fail(Code::setting_bad, Place{"reply." + source},
                        "no source of this name has reply=\"apart\"");
        }
    }
    if (Result<void> known = check_alarm_studies(settings, configuration.rules()); !known) {
        return known;
    }
    return fits(configuration);
}

/// Everybody who waits for the next commit takes up the new configuration with it.
void Server::Parts::follow() {
    try {
        committer->follow_configuration();
    } catch (const pipeline::StoreFault& fault) {
        // It is activated; the next transaction takes it up.
        spdlog::error("configuration: {}", fault.what());
    }
}

Result<std::string> Server::Parts::change_configuration(std::string_view json) {
    const Result<ConfigurationRequest> request = configuration_request_from(json);
    if (!request) {
        return tl::unexpected(request.error());
    }
    try {
        Result<std::string> done = app::change_configuration(
            *writer, *request, [this](const auto& configuration) { return fits(configuration); });
        if (done) {
            follow();
        }
        return done;
    } catch (const pipeline::StoreFault& fault) {
        return fail(Code::store_io, Place{"config"}, fault.what());
    }
}

void Server::Parts::prepare_replies() {
    ack_outbox = std::make_unique<store::SqlAckOutbox>(*writer);
    for (const auto& [source, endpoint] : settings.replies) {
        reply_workers.push_back(
            std::make_unique<ReplyWorker>(source, endpoint, *ack_outbox, clock));
    }
}

Result<void> Server::Parts::listen() {
    Result<std::unique_ptr<WaysIn>> opened = WaysIn::open(settings, *intake, live.traffic());
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    ways = std::move(*opened);
    std::shared_ptr<const transport::TlsContext> tls;
    if (settings.http_tls) {
        Result<std::shared_ptr<const transport::TlsContext>> made =
            transport::TlsContext::for_server(settings.page_files(),
                                              transport::ClientCertificate::ignored);
        if (!made) {
            return tl::unexpected(made.error());
        }
        tls = std::move(*made);
    }
    study_end = std::make_unique<StudyEnd>(study_end_engine());
    study_end->start();
    try {
        console = std::make_unique<Console>(settings, directory, tls,
                                            Console::Engine{*writer, snapshots, *committer, clock,
                                                            *this, *alarms, *this, *study_end});
    } catch (const Poco::Exception& fault) {
        return fail(Code::connection_failed,
                    Place{fmt::format("http {}:{}", settings.http_host, settings.http_port)},
                    fault.displayText());
    }
    const nlohmann::ordered_json address = {
        {"host", settings.http_host},
        {"http_port", console->port()},
        {"token", console->token()},
        {"certificate", tls ? tls->certificate() : std::string()}};
    return write_private_file(directory.path() / kAddressFile, address.dump() + "\n");
}

void Server::Parts::stop() {
    if (ways) {
        ways->stop();
    }
    if (console) {
        console->stop();
        std::error_code ignored;
        fs::remove(directory.path() / kAddressFile, ignored);
    }
    if (study_end) {
        study_end->stop();
    }
    if (audit) {
        audit->stop();
    }
    if (alarms) {
        alarms->stop();
    }
    stop_replies.request_stop();
    if (forwarding) {
        forwarding->stop();
    }
    for (std::thread& reply : reply_threads) {
        reply.join();
    }
    reply_threads.clear();
    stop_committer.request_stop();
    if (committer_thread.joinable()) {
        committer_thread.join();
    }
    stop_housekeeping.request_stop();
    if (housekeeping_thread.joinable()) {
        housekeeping_thread.join();
    }
}

void Server::Parts::after_commit() {
    forwarding->wake();
    alarms->wake();
    for (const std::unique_ptr<ReplyWorker>& reply : reply_workers) {
        reply->wake();
    }
    const std::lock_guard lock(housekeeping_mutex);
    committed_since = true;
    housekeeping_due.notify_all();
}

/// Says in the log what has changed with the sources; the metrics show how they are.
void Server::Parts::watch_sources() {
    const std::lock_guard lock(sources_mutex);
    sources->follow(snapshots.configuration());
    sources->look(*reading, clock.now());
    if (!settings.log_sources) {
        return;
    }
    for (const std::string& line : sources->news(clock.now())) {
        spdlog::warn("{}", line);
    }
}

AlarmWatch::Ports Server::Parts::alarm_ports() {
    AlarmWatch::Ports ports;
    ports.node = fmt::format("node {}", node->number());
    ports.sources = [this] {
        const std::lock_guard lock(sources_mutex);
        std::vector<alarm::SourceFact> facts;
        for (const SourceStatus& status : sources->report(clock.now())) {
            facts.push_back({status.id, status.silent, status.silence, status.clock_off,
                             status.last_gap, status.recent, status.usual});
        }
        return facts;
    };
    ports.targets = [this] { return forwarding->target_facts(); };
    ports.store_well = [this] { return committer->healthy(); };
    ports.audit = [this] { return audit->fact(); };
    return ports;
}

StudyEnd::Engine Server::Parts::study_end_engine() {
    return {settings,
            directory,
            *writer,
            snapshots,
            clock,
            Forwarding::target_names(settings),
            [this](const std::string& what, const std::function<Result<std::string>()>& work) {
                return between_deliveries(what, work);
            },
            [this](std::string_view csv, const std::string& name, const PlanImport& plan,
                   const store::Act& act) { return import(csv, name, plan, act); }};
}

/// Ahead of time, so that no message of a new month finds none.
void Server::Parts::make_partitions_daily() {
    constexpr std::int64_t kDayUs = 86'400'000'000;
    const std::int64_t day = clock.now().microseconds / kDayUs;
    if (day != partitions_made_on) {
        store::make_partitions(*writer, clock.now());
        partitions_made_on = day;
    }
}

void Server::Parts::gather_statistics_each_minute() {
    constexpr std::int64_t kMinuteUs = 60'000'000;
    const std::int64_t minute = clock.now().microseconds / kMinuteUs;
    if (minute != statistics_at_minute) {
        statistics_at_minute = minute;
        if (store::gather_statistics(directory.place())) {
            spdlog::info("the store's statistics were gathered");
        }
    }
}

void Server::Parts::anchor_audit_trail_each_minute() {
    constexpr std::int64_t kMinuteUs = 60'000'000;
    const std::int64_t minute = clock.now().microseconds / kMinuteUs;
    if (minute != anchored_at_minute) {
        anchored_at_minute = minute;
        anchor_audit_trail();
    }
}

/// In the log too: whoever can write to the store cannot write to yesterday's log.
void Server::Parts::anchor_audit_trail() {
    if (const std::optional<store::AuditAnchor> anchor = store::anchor_audit(*writer)) {
        audit->anchored(anchor->digest);
        spdlog::info("audit anchor {} {}", anchor->id, crypto::to_hex(anchor->digest));
        if (anchor->first_of_day) {
            spdlog::info("audit day {} anchor {} {}", to_iso(anchor->at).substr(0, 10), anchor->id,
                         crypto::to_hex(anchor->digest));
        }
    }
}

/// Groups holds into problems after commits, anchors the audit trail, looks at the sources, and
/// lets go of what is past its retention.
void Server::Parts::keep_house(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock(housekeeping_mutex);
            housekeeping_due.wait_for(
                lock, stop, directory.place().shared() ? kSharedInterval : kHousekeepingInterval,
                [this] { return committed_since; });
            committed_since = false;
        }
        is_a_node = node->renew();
        try {
            make_partitions_daily();
            while (store::group_holds(*writer) > 0) {
            }
            anchor_audit_trail_each_minute();
            live.note(clock.now());
            watch_sources();
            while (store::purge_ignored(*writer, clock.now()) > 0) {
            }
            // Last: it takes seconds, and a connection that may not be had.
            gather_statistics_each_minute();
        } catch (const pipeline::StoreFault& fault) {
            spdlog::error("housekeeping: {}", fault.what());
        }
    }
    try {
        anchor_audit_trail();
    } catch (const pipeline::StoreFault& fault) {
        spdlog::error("housekeeping: {}", fault.what());
    }
}

std::string Server::Parts::metrics() const {
    const pipeline::Committer::Counters commits = committer->counters();
    std::string text = ways->metrics() + live.metrics();
    {
        const std::lock_guard lock(sources_mutex);
        text += source_metrics(sources->report(clock.now()));
    }
    const auto counter = [&text](std::string_view name, std::uint64_t value) {
        text += fmt::format("# TYPE labrelay_{0} counter\nlabrelay_{0} {1}\n", name, value);
    };
    const auto gauge = [&text](std::string_view name, std::int64_t value) {
        text += fmt::format("# TYPE labrelay_{0} gauge\nlabrelay_{0} {1}\n", name, value);
    };
    counter("messages_committed_total", commits.messages);
    counter("commit_batches_total", commits.batches);
    counter("messages_reprocessed_total", commits.reprocessed);
    counter("store_faults_total", commits.faults);
    gauge("ack_outbox_waiting", ack_outbox->waiting());
    gauge("ready", ready() ? 1 : 0);
    return text + audit->metrics() + forwarding->metrics();
}

Result<std::string> Server::Parts::import(std::string_view csv, const std::string& name,
                                          const PlanImport& plan, const store::Act& act) {
    // One import at a time, so that the plan's "known" is still true when it is written.
    const std::lock_guard lock(import_mutex);
    Result<PlannedImport> planned =
        plan(csv, name, *snapshots.configuration(), snapshots.registry());
    if (!planned) {
        return tl::unexpected(planned.error());
    }
    if (act.origin == store::Origin::page) {
        planned->change.actor = act.actor;
        planned->change.role = act.role;
        planned->change.session = act.session;
        planned->change.reason = act.reason;
    }
    try {
        committer->change_registry(std::move(planned->change));
    } catch (const pipeline::StoreFault& fault) {
        return fail(Code::store_io, Place{name}, fault.what());
    }
    return planned->summary;
}

/// What is decided about deliveries must not be overtaken by one that is on its way.
Result<std::string> Server::Parts::between_deliveries(
    const std::string& what, const std::function<Result<std::string>()>& work) {
    Result<std::string> done = fail(Code::internal_fault, Place{what});
    try {
        forwarding->between_rounds([&] { done = work(); });
    } catch (const pipeline::StoreFault& fault) {
        return fail(Code::store_io, Place{what}, fault.what());
    }
    after_commit();
    return done;
}

Result<std::string> Server::Parts::change_lock(std::string_view json, const store::Act& act) {
    Result<LockRequest> request = lock_request_from(json);
    if (!request) {
        return tl::unexpected(request.error());
    }
    if (act.origin == store::Origin::page) {
        request->by = act.actor;
    }
    return between_deliveries("locks", [&] {
        return app::change_lock(*writer, *snapshots.configuration(), *request, act);
    });
}

Result<std::string> Server::Parts::settle_post_lock(std::string_view json, const store::Act& act) {
    Result<PostLockRequest> request = post_lock_request_from(json);
    if (!request) {
        return tl::unexpected(request.error());
    }
    if (act.origin == store::Origin::page) {
        request->by = act.actor;
    }
    return between_deliveries("post-lock",
                              [&] { return app::settle_post_lock(*writer, *request, act); });
}

Result<std::string> Server::Parts::enter_reconciliation(std::string_view json,
                                                        const store::Act& act) {
    try {
        const bool command = act.origin == store::Origin::command;
        return enter_findings(*writer, json, command ? store::by_command("reconcile") : act);
    } catch (const pipeline::StoreFault& fault) {
        return fail(Code::store_io, Place{"reconciliations"}, fault.what());
    }
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

Result<Server> Server::start(const ServerSettings& settings,
                             std::shared_ptr<const mapping::Configuration> configuration,
                             const Directory& taken_from) {
    ServerSettings checked = settings;
    if (const std::vector<Error> errors = check_settings(checked); !errors.empty()) {
        return tl::unexpected(errors.front());
    }
    Result<store::DataDirectory> directory =
        store::DataDirectory::open(settings.data, store::DataDirectory::Use::write);
    if (!directory) {
        return tl::unexpected(directory.error());
    }
    if (!settings.store_url.empty()) {
        if (const Result<void> placed = directory->set_url(settings.store_url); !placed) {
            return tl::unexpected(placed.error());
        }
    }
    auto parts = std::make_unique<Parts>(std::move(*directory), checked, std::move(configuration));
    try {
        if (const Result<void> started = parts->start(taken_from); !started) {
            return tl::unexpected(started.error());
        }
    } catch (const pipeline::StoreFault& fault) {
        return fail(Code::store_io, Place{settings.data.string()}, fault.what());
    }
    return Server(std::move(parts));
}

std::uint16_t Server::mllp_port() const {
    return parts_->ways->mllp_port();
}

std::uint16_t Server::http_intake_port() const {
    return parts_->ways->http_intake_port();
}

std::vector<WaysIn::Address> Server::addresses() const {
    return parts_->ways->addresses();
}

std::uint16_t Server::http_port() const {
    return parts_->console->port();
}

pipeline::Committer::Counters Server::commit_counters() const {
    return parts_->committer->counters();
}

const std::string& Server::config_hash() const {
    return parts_->started_with;
}

Result<std::string> Server::import_subjects(std::string_view csv, const std::string& name) {
    return parts_->import(csv, name, plan_subjects, store::by_command("command"));
}

Result<std::string> Server::import_specimens(std::string_view csv, const std::string& name) {
    return parts_->import(csv, name, plan_specimens, store::by_command("command"));
}

void Server::drain() {
    parts_->committer->drain();
    while (store::group_holds(*parts_->writer) > 0) {
    }
    parts_->forwarding->drain();
}

void Server::stop() {
    parts_->stop();
}

Result<ServerAddress> read_server_address(const fs::path& data) {
    const fs::path file = data / kAddressFile;
    const Result<std::string> text = read_input(file.string());
    if (!text) {
        return tl::unexpected(text.error());
    }
    const nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
    if (!json.is_object()) {
        return fail(Code::file_unreadable, Place{file.string()});
    }
    return ServerAddress{json.value("host", ""), json.value("http_port", std::uint16_t{0}),
                         json.value("token", ""), json.value("certificate", "")};
}

}  // namespace labrelay::app
