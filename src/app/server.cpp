#include "labrelay/app/server.hpp"

#include <Poco/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "housekeeping.hpp"
#include "labrelay/app/alarm_watch.hpp"
#include "labrelay/app/audit_watch.hpp"
#include "labrelay/app/console.hpp"
#include "labrelay/app/forwarding.hpp"
#include "labrelay/app/intake.hpp"
#include "labrelay/app/live_sources.hpp"
#include "labrelay/app/lock_change.hpp"
#include "labrelay/app/reconciling.hpp"
#include "labrelay/app/registry_import.hpp"
#include "labrelay/app/reply_worker.hpp"
#include "labrelay/app/server_address.hpp"
#include "labrelay/pipeline/committer.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/node_lease.hpp"
#include "labrelay/store/partitions.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/sql_ack_outbox.hpp"
#include "labrelay/store/sql_commit_store.hpp"
#include "labrelay/store/store_writer.hpp"
#include "running_configuration.hpp"
#include "side_lane.hpp"
#include "study_end.hpp"

namespace labrelay::app {

/// In the order in which they are made; taken down in the opposite order by stop().
struct Server::Parts final : api::EnginePort {
    Parts(store::DataDirectory opened, ServerSettings chosen,
          std::shared_ptr<const mapping::Configuration> first)
        : settings(std::move(chosen)),
          directory(std::move(opened)),
          snapshots(std::move(first), study::Registry{}) {}
    ~Parts() override { stop(); }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    Result<void> start(const Directory& taken_from);
    Result<void> open_store();
    store::WriterOptions writer_options() const;
    Result<void> load(const Directory& taken_from);
    Result<void> make_workers();
    Result<void> open_side_lanes();
    void prepare_replies();
    void start_threads();
    Result<void> listen();
    void stop();
    void after_commit();
    AlarmWatch::Ports alarm_ports();
    StudyEnd::Engine study_end_engine();

    bool ready() const override {
        return housekeeping && store_is_well() && housekeeping->is_a_node();
    }
    bool store_is_well() const;
    pipeline::Committer::Counters commit_counters() const;
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
    Result<std::string> change_lock(std::string_view json, const store::Act& act) override {
        return study_end->change_lock(json, act, {});
    }
    Result<std::string> settle_post_lock(std::string_view json, const store::Act& act) override;
    Result<std::string> enter_reconciliation(std::string_view json, const store::Act& act) override;

    Result<std::string> import(std::string_view csv, const std::string& name,
                               const PlanImport& plan, const store::Act& act);
    Result<std::string> between_deliveries(const std::string& what,
                                           const std::function<Result<std::string>()>& work);

    ServerSettings settings;
    SystemClock clock;
    store::DataDirectory directory;
    pipeline::Snapshots snapshots;
    std::optional<store::NodeLease> node;  ///< housekeeping's once it runs
    std::unique_ptr<store::StoreWriter> writer;
    std::unique_ptr<store::SqlCommitStore> store;
    std::unique_ptr<pipeline::Committer> committer;
    std::vector<std::unique_ptr<SideLane>> side_lanes;  ///< of a shared store
    std::unique_ptr<RunningConfiguration> configuration;
    std::unique_ptr<MessageIdSource> ids;
    std::unique_ptr<Forwarding> forwarding;
    std::unique_ptr<store::SqlAckOutbox> ack_outbox;
    std::vector<std::unique_ptr<ReplyWorker>> reply_workers;
    std::unique_ptr<Intake> intake;
    LiveSources live;
    std::unique_ptr<AuditWatch> audit;
    std::unique_ptr<Housekeeping> housekeeping;
    std::unique_ptr<AlarmWatch> alarms;
    std::unique_ptr<WaysIn> ways;
    std::unique_ptr<StudyEnd> study_end;
    std::unique_ptr<Console> console;
    std::string started_with;  ///< hash
    std::stop_source stop_replies;
    std::stop_source stop_committer;
    std::vector<std::thread> reply_threads;
    std::thread committer_thread;
};

Result<void> Server::Parts::start(const Directory& taken_from) {
    return open_store()
        .and_then([&] { return load(taken_from); })
        .and_then([&] { return make_workers(); })
        .and_then([&] {
            start_threads();
            return listen();
        });
}

Result<void> Server::Parts::open_store() {
    Result<store::NodeLease> leased = store::NodeLease::take(directory.place());
    if (!leased) {
        return tl::unexpected(leased.error());
    }
    node.emplace(std::move(*leased));
    Result<std::unique_ptr<store::StoreWriter>> opened =
        store::StoreWriter::open(directory, clock, writer_options());
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    writer = std::move(*opened);
    store::make_partitions(*writer, clock.now());  // a message may come before housekeeping begins
    store = std::make_unique<store::SqlCommitStore>(*writer);
    committer = std::make_unique<pipeline::Committer>(*store, snapshots);
    return {};
}

store::WriterOptions Server::Parts::writer_options() const {
    store::WriterOptions options;
    options.node = node->number();
    options.targets = Forwarding::target_names(settings);
    return options;
}

/// The configuration and the registry, as the store has them.
Result<void> Server::Parts::load(const Directory& taken_from) {
    configuration = std::make_unique<RunningConfiguration>(
        RunningConfiguration::Engine{settings, directory, *writer, snapshots, *committer, clock});
    if (!taken_from.files.empty()) {
        if (Result<void> taken = configuration->take_over(taken_from.files, taken_from.drop_taught);
            !taken) {
            return taken;
        }
    }
    store->begin();
    snapshots.replace(store->load_registry());
    ids = std::make_unique<MessageIdSource>(clock, node->number(), store->last_message_id());
    store->remember_configuration(snapshots.configuration()->hash(), settings.mappings.string());
    started_with = snapshots.configuration()->hash();
    store->commit();
    return {};
}

Result<void> Server::Parts::make_workers() {
    Result<std::unique_ptr<Forwarding>> targets =
        Forwarding::open(settings, snapshots, *writer, clock);
    if (!targets) {
        return tl::unexpected(targets.error());
    }
    forwarding = std::move(*targets);
    if (const Result<void> whole = configuration->fits_whole(*snapshots.configuration()); !whole) {
        return whole;
    }
    prepare_replies();
    if (Result<void> opened = open_side_lanes(); !opened) {
        return opened;
    }
    committer->on_commit([this] { after_commit(); });
    std::vector<pipeline::Committer*> lanes{committer.get()};
    for (const std::unique_ptr<SideLane>& side : side_lanes) {
        lanes.push_back(&side->committer());
    }
    intake = std::make_unique<Intake>(std::move(lanes), snapshots, *ids, clock,
                                      [this] { return housekeeping->is_a_node(); });
    audit = std::make_unique<AuditWatch>(directory, *writer, clock,
                                         AuditWatch::Pace{.between = settings.audit_check});
    Result<std::unique_ptr<Housekeeping>> house = Housekeeping::open(
        {directory, *writer, snapshots, clock, *node, live, *audit, settings.log_sources});
    if (!house) {
        return tl::unexpected(house.error());
    }
    housekeeping = std::move(*house);
    alarms =
        std::make_unique<AlarmWatch>(settings, directory, *writer, snapshots, clock, alarm_ports());
    return {};
}

Result<void> Server::Parts::open_side_lanes() {
    const std::size_t lanes = directory.place().shared() ? settings.store_lanes : 1;
    while (side_lanes.size() + 1 < lanes) {
        Result<std::unique_ptr<SideLane>> side =
            SideLane::open(directory, clock, writer_options(), *committer,
                           snapshots.configuration(), settings.mappings.string());
        if (!side) {
            return tl::unexpected(side.error());
        }
        side_lanes.push_back(std::move(*side));
    }
    return {};
}

void Server::Parts::start_threads() {
    committer_thread = std::thread([this] { committer->run(stop_committer.get_token()); });
    for (const std::unique_ptr<SideLane>& side : side_lanes) {
        side->start([this] { after_commit(); });
    }
    housekeeping->start();
    forwarding->start();
    alarms->start();
    audit->start();
    for (const std::unique_ptr<ReplyWorker>& reply : reply_workers) {
        reply_threads.emplace_back(
            [this, work = reply.get()] { work->run(stop_replies.get_token()); });
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
        console =
            std::make_unique<Console>(settings, directory, tls,
                                      Console::Engine{*writer, snapshots, *committer, clock, *this,
                                                      *alarms, *configuration, *study_end});
    } catch (const Poco::Exception& fault) {
        return fail(Code::connection_failed,
                    Place{fmt::format("http {}:{}", settings.http_host, settings.http_port)},
                    fault.displayText());
    }
    return write_server_address(directory.path(),
                                {settings.http_host, console->port(), console->token(),
                                 tls ? tls->certificate() : std::string()});
}

void Server::Parts::stop() {
    if (ways) {
        ways->stop();
    }
    if (console) {
        console->stop();
        remove_server_address(directory.path());
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
    for (const std::unique_ptr<SideLane>& side : side_lanes) {
        side->stop();
    }
    stop_committer.request_stop();
    if (committer_thread.joinable()) {
        committer_thread.join();
    }
    if (housekeeping) {
        housekeeping->stop();
    }
}

void Server::Parts::after_commit() {
    forwarding->wake();
    alarms->wake();
    for (const std::unique_ptr<ReplyWorker>& reply : reply_workers) {
        reply->wake();
    }
    housekeeping->wake();
}

AlarmWatch::Ports Server::Parts::alarm_ports() {
    AlarmWatch::Ports ports;
    ports.node = fmt::format("node {}", node->number());
    ports.sources = [this] {
        std::vector<alarm::SourceFact> facts;
        for (const SourceStatus& status : housekeeping->sources()) {
            facts.push_back({status.id, status.silent, status.silence, status.clock_off,
                             status.last_gap, status.recent, status.usual});
        }
        return facts;
    };
    ports.targets = [this] { return forwarding->target_facts(); };
    ports.store_well = [this] { return store_is_well(); };
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

bool Server::Parts::store_is_well() const {
    return committer->healthy() && std::ranges::all_of(side_lanes, [](const auto& side) {
               return side->committer().healthy();
           });
}

pipeline::Committer::Counters Server::Parts::commit_counters() const {
    pipeline::Committer::Counters all = committer->counters();
    for (const std::unique_ptr<SideLane>& side : side_lanes) {
        const pipeline::Committer::Counters one = side->committer().counters();
        all.messages += one.messages;
        all.batches += one.batches;
        all.redone_singly += one.redone_singly;
        all.reprocessed += one.reprocessed;
        all.faults += one.faults;
    }
    return all;
}

std::string Server::Parts::metrics() const {
    const pipeline::Committer::Counters commits = commit_counters();
    std::string text = ways->metrics() + live.metrics() + source_metrics(housekeeping->sources());
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
    Result<std::string> summary;
    // In the transaction that writes it, so that the plan's "known" is what all nodes know.
    const auto planned =
        [&](const study::Registry& known) -> std::optional<pipeline::RegistryChange> {
        Result<PlannedImport> import = plan(csv, name, *snapshots.configuration(), known);
        if (!import) {
            summary = tl::unexpected(import.error());
            return std::nullopt;
        }
        summary = std::move(import->summary);
        if (act.origin == store::Origin::page) {
            import->change.actor = act.actor;
            import->change.role = act.role;
            import->change.session = act.session;
            import->change.reason = act.reason;
        }
        return std::move(import->change);
    };
    try {
        committer->change_registry(planned);
    } catch (const pipeline::StoreFault& fault) {
        return fail(Code::store_io, Place{name}, fault.what());
    }
    return summary;
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

Result<std::string> Server::Parts::settle_post_lock(std::string_view json, const store::Act& act) {
    const Result<PostLockRequest> request = post_lock_request_from(json);
    if (!request) {
        return tl::unexpected(request.error());
    }
    return between_deliveries("post-lock",
                              [&] { return app::settle_post_lock(*writer, *request, act); });
}

Result<std::string> Server::Parts::enter_reconciliation(std::string_view json,
                                                        const store::Act& /*act*/) {
    try {
        return enter_findings(*writer, json, store::by_command("reconcile"));
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
    return parts_->commit_counters();
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
    for (const std::unique_ptr<SideLane>& side : parts_->side_lanes) {
        side->committer().drain();
    }
    parts_->committer->drain();
    while (store::group_holds(*parts_->writer) > 0) {
    }
    parts_->forwarding->drain();
}

void Server::stop() {
    parts_->stop();
}

}  // namespace labrelay::app
