#include "labrelay/app/server.hpp"

#include <Poco/Exception.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>
#include <condition_variable>
#include <nlohmann/json.hpp>
#include <thread>

#include "labrelay/api/http_server.hpp"
#include "labrelay/app/input.hpp"
#include "labrelay/app/intake.hpp"
#include "labrelay/app/registry_import.hpp"
#include "labrelay/app/reply_worker.hpp"
#include "labrelay/app/source_watch.hpp"
#include "labrelay/crypto/random.hpp"
#include "labrelay/delivery/worker.hpp"
#include "labrelay/pipeline/committer.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/retention.hpp"
#include "labrelay/store/sqlite_ack_outbox.hpp"
#include "labrelay/store/sqlite_commit_store.hpp"
#include "labrelay/store/sqlite_outbox.hpp"
#include "labrelay/store/sqlite_writer.hpp"
#include "labrelay/targets/sql_target.hpp"

namespace labrelay::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAddressFile = "server.json";
constexpr std::string_view kTargetName = "study";
/// How often retention and silent sources are looked at when nothing else happens.
constexpr std::chrono::minutes kHousekeepingInterval{1};

/// An outbox that one can wait on until nothing waits for its target.
class WatchedOutbox final : public delivery::Outbox {
public:
    explicit WatchedOutbox(delivery::Outbox& outbox) : outbox_(outbox) {}

    std::vector<delivery::Delivery> take(std::string_view target, Instant now,
                                         std::size_t limit) override {
        return outbox_.take(target, now, limit);
    }
    /// Waits until nothing waits for the target.
    void drain(std::string_view target) {
        std::unique_lock lock(mutex_);
        marked_.wait(lock, [&] { return outbox_.waiting(target) == 0; });
    }

    void mark_delivered(const std::vector<delivery::Delivery>& deliveries, Instant now) override {
        outbox_.mark_delivered(deliveries, now);
        tell();
    }
    void mark_retry(const delivery::Delivery& delivery, Instant not_before,
                    std::string_view why) override {
        outbox_.mark_retry(delivery, not_before, why);
    }
    void mark_rejected(const delivery::Delivery& delivery, std::string_view why) override {
        outbox_.mark_rejected(delivery, why);
        tell();
    }
    std::int64_t waiting(std::string_view target) override { return outbox_.waiting(target); }

private:
    void tell() {
        const std::lock_guard lock(mutex_);
        marked_.notify_all();
    }

    delivery::Outbox& outbox_;
    std::mutex mutex_;
    std::condition_variable marked_;
};

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
struct Server::Parts final : api::EnginePort {
    Parts(store::DataDirectory opened, ServerSettings chosen,
          std::shared_ptr<const mapping::Configuration> configuration)
        : settings(std::move(chosen)),
          directory(std::move(opened)),
          snapshots(std::move(configuration), study::Registry{}) {}
    ~Parts() override { stop(); }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    Result<void> start();
    Result<void> prepare_replies();
    Result<void> listen();
    void stop();
    void keep_house(const std::stop_token& stop);
    void after_commit();
    void watch_sources();

    bool ready() const override { return committer && committer->healthy(); }
    std::string metrics() const override;
    Result<std::string> import_subjects(std::string_view csv) override {
        return import(csv, "subjects.csv", plan_subjects);
    }
    Result<std::string> import_specimens(std::string_view csv) override {
        return import(csv, "specimens.csv", plan_specimens);
    }

    Result<std::string> import(std::string_view csv, const std::string& name, PlanImport plan);

    ServerSettings settings;
    SystemClock clock;
    store::DataDirectory directory;
    pipeline::Snapshots snapshots;
    std::unique_ptr<store::SqliteWriter> writer;
    std::unique_ptr<store::SqliteCommitStore> store;
    std::unique_ptr<pipeline::Committer> committer;
    std::unique_ptr<store::SqliteOutbox> outbox;
    std::unique_ptr<WatchedOutbox> watched;
    std::unique_ptr<targets::SqliteTarget> target;
    std::unique_ptr<delivery::Worker> worker;
    std::unique_ptr<store::SqliteAckOutbox> ack_outbox;
    std::vector<std::unique_ptr<ReplyWorker>> reply_workers;
    std::unique_ptr<MessageIdSource> ids;
    std::unique_ptr<Intake> intake;
    std::unique_ptr<WaysIn> ways;
    std::unique_ptr<api::HttpServer> http;
    std::mutex import_mutex;
    std::stop_source stop_worker;
    std::stop_source stop_committer;
    std::stop_source stop_housekeeping;
    std::mutex housekeeping_mutex;
    std::condition_variable_any housekeeping_due;
    bool committed_since = true;
    mutable std::mutex sources_mutex;
    std::unique_ptr<SourceWatch> sources;
    std::unique_ptr<store::ReadSession> reading;  ///< of the housekeeping thread
    std::thread housekeeping_thread;
    std::thread worker_thread;
    std::vector<std::thread> reply_threads;
    std::thread committer_thread;
};

Result<void> Server::Parts::start() {
    store::WriterOptions options;
    options.targets = {std::string(kTargetName)};
    Result<std::unique_ptr<store::SqliteWriter>> opened =
        store::SqliteWriter::open(directory, clock, options);
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    writer = std::move(*opened);
    store = std::make_unique<store::SqliteCommitStore>(*writer);
    store->begin();
    snapshots.replace(store->load_registry());
    const MessageId last = store->last_message_id();
    store->remember_configuration(snapshots.configuration()->hash(), settings.mappings.string());
    store->commit();
    committer = std::make_unique<pipeline::Committer>(*store, snapshots);
    outbox = std::make_unique<store::SqliteOutbox>(*writer);
    watched = std::make_unique<WatchedOutbox>(*outbox);
    targets::SqliteTargetSettings target_settings;
    target_settings.name = std::string(kTargetName);
    target_settings.path = settings.target_file();
    const study::StudyRules& rules = snapshots.configuration()->rules();
    target = std::make_unique<targets::SqliteTarget>(
        target_settings, targets::analyte_names(rules.analytes), rules.scales);
    worker = std::make_unique<delivery::Worker>(
        *watched, *target, clock, delivery::WorkerSettings{},
        [](const delivery::WorkerTrouble& trouble) {
            spdlog::log(trouble.alert ? spdlog::level::err : spdlog::level::warn,
                        "delivery to {}: {}", trouble.target, trouble.why);
        });
    worker->pause(settings.target_paused);
    if (const Result<void> prepared = prepare_replies(); !prepared) {
        return prepared;
    }
    committer->on_commit([this] { after_commit(); });
    ids = std::make_unique<MessageIdSource>(clock, std::uint8_t{0}, last);
    intake = std::make_unique<Intake>(*committer, snapshots, *ids, clock);
    Result<store::ReadSession> session = store::ReadSession::open(directory);
    if (!session) {
        return tl::unexpected(session.error());
    }
    reading = std::make_unique<store::ReadSession>(std::move(*session));
    sources = std::make_unique<SourceWatch>(snapshots.configuration());
    committer_thread = std::thread([this] { committer->run(stop_committer.get_token()); });
    housekeeping_thread = std::thread([this] { keep_house(stop_housekeeping.get_token()); });
    worker_thread = std::thread([this] { worker->run(stop_worker.get_token()); });
    for (const std::unique_ptr<ReplyWorker>& reply : reply_workers) {
        reply_threads.emplace_back(
            [this, work = reply.get()] { work->run(stop_worker.get_token()); });
    }
    return listen();
}

/// The configuration says which sources are answered apart, the settings say where; neither without
/// the other.
Result<void> Server::Parts::prepare_replies() {
    ack_outbox = std::make_unique<store::SqliteAckOutbox>(*writer);
    const std::shared_ptr<const mapping::Configuration> configuration = snapshots.configuration();
    for (const mapping::SourceDefinition& source : configuration->sources()) {
        if (source.replies_apart && !settings.replies.contains(source.id)) {
            return fail(Code::setting_bad, Place{"reply." + source.id},
                        "the source has reply=\"apart\"; the setting says host:port");
        }
    }
    for (const auto& [source, endpoint] : settings.replies) {
        const mapping::SourceDefinition* known = configuration->source(source);
        if (known == nullptr || !known->replies_apart) {
            return fail(Code::setting_bad, Place{"reply." + source},
                        "no source of this name has reply=\"apart\"");
        }
        reply_workers.push_back(
            std::make_unique<ReplyWorker>(source, endpoint, *ack_outbox, clock));
    }
    return {};
}

Result<void> Server::Parts::listen() {
    const std::string token = crypto::random_hex(32);
    Result<std::unique_ptr<WaysIn>> opened = WaysIn::open(settings, *intake);
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    ways = std::move(*opened);
    try {
        http = std::make_unique<api::HttpServer>(
            api::HttpSettings{settings.http_host, settings.http_port, token}, *this);
    } catch (const Poco::Exception& fault) {
        return fail(Code::connection_failed,
                    Place{fmt::format("http {}:{}", settings.http_host, settings.http_port)},
                    fault.displayText());
    }
    const nlohmann::ordered_json address = {
        {"host", settings.http_host}, {"http_port", http->port()}, {"token", token}};
    return write_private_file(directory.path() / kAddressFile, address.dump() + "\n");
}

void Server::Parts::stop() {
    if (ways) {
        ways->stop();
    }
    if (http) {
        http->stop();
        std::error_code ignored;
        fs::remove(directory.path() / kAddressFile, ignored);
    }
    stop_worker.request_stop();
    if (worker_thread.joinable()) {
        worker_thread.join();
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
    worker->wake();
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
    sources->look(*reading, clock.now());
    if (!settings.log_sources) {
        return;
    }
    for (const std::string& line : sources->news(clock.now())) {
        spdlog::warn("{}", line);
    }
}

/// Groups holds into problems after commits, looks at the sources, and lets go of what is past its
/// retention.
void Server::Parts::keep_house(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock(housekeeping_mutex);
            housekeeping_due.wait_for(lock, stop, kHousekeepingInterval,
                                      [this] { return committed_since; });
            committed_since = false;
        }
        try {
            while (store::group_holds(*writer) > 0) {
            }
            watch_sources();
            while (store::purge_ignored(*writer, clock.now()) > 0) {
            }
        } catch (const pipeline::StoreFault& fault) {
            spdlog::error("housekeeping: {}", fault.what());
        }
    }
}

std::string Server::Parts::metrics() const {
    const pipeline::Committer::Counters commits = committer->counters();
    std::string text = ways->metrics();
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
    gauge("outbox_waiting", outbox->waiting(kTargetName));
    gauge("ack_outbox_waiting", ack_outbox->waiting());
    gauge("ready", ready() ? 1 : 0);
    return text;
}

Result<std::string> Server::Parts::import(std::string_view csv, const std::string& name,
                                          PlanImport plan) {
    // One import at a time, so that the plan's "known" is still true when it is written.
    const std::lock_guard lock(import_mutex);
    Result<PlannedImport> planned =
        plan(csv, name, *snapshots.configuration(), snapshots.registry());
    if (!planned) {
        return tl::unexpected(planned.error());
    }
    try {
        committer->change_registry(std::move(planned->change));
    } catch (const pipeline::StoreFault& fault) {
        return fail(Code::store_io, Place{name}, fault.what());
    }
    return planned->summary;
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

Result<Server> Server::start(const ServerSettings& settings,
                             std::shared_ptr<const mapping::Configuration> configuration) {
    ServerSettings checked = settings;
    if (const std::vector<Error> errors = check_settings(checked); !errors.empty()) {
        return tl::unexpected(errors.front());
    }
    Result<store::DataDirectory> directory =
        store::DataDirectory::open(settings.data, store::DataDirectory::Use::write);
    if (!directory) {
        return tl::unexpected(directory.error());
    }
    auto parts = std::make_unique<Parts>(std::move(*directory), checked, std::move(configuration));
    try {
        if (const Result<void> started = parts->start(); !started) {
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
    return parts_->http->port();
}

pipeline::Committer::Counters Server::commit_counters() const {
    return parts_->committer->counters();
}

Result<std::string> Server::import_subjects(std::string_view csv, const std::string& name) {
    return parts_->import(csv, name, plan_subjects);
}

Result<std::string> Server::import_specimens(std::string_view csv, const std::string& name) {
    return parts_->import(csv, name, plan_specimens);
}

void Server::drain() {
    parts_->committer->drain();
    while (store::group_holds(*parts_->writer) > 0) {
    }
    if (!parts_->settings.target_paused) {
        parts_->watched->drain(kTargetName);
    }
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
                         json.value("token", "")};
}

}  // namespace labrelay::app
