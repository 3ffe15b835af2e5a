#include "study_end.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "labrelay/app/lock_change.hpp"
#include "labrelay/app/reconciling.hpp"
#include "labrelay/app/subject_view.hpp"
#include "labrelay/crypto/digest.hpp"
#include "labrelay/crypto/random.hpp"
#include "labrelay/mapping/lab_list.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/approval_desk.hpp"
#include "labrelay/store/reconciliation_desk.hpp"
#include "labrelay/targets/odm_export.hpp"
#include "labrelay/targets/reconcile_reader.hpp"
#include "labrelay/targets/sdtm_export.hpp"

namespace labrelay::app {
namespace {

namespace fs = std::filesystem;

/// The only target that can be read back; docs/reconcile.md.
constexpr std::string_view kReadable = "study";
constexpr std::string_view kForward = "post-lock.forward";
constexpr std::string_view kScratch = ".export-";
constexpr std::size_t kRandomBytes = 8;

std::string all_errors(const std::vector<Finding>& errors) {
    std::string lines;
    for (const Finding& error : errors) {
        lines += (lines.empty() ? "" : "\n") + describe(error);
    }
    return lines;
}

/// A folder of the data directory that is gone when the value is, whatever stands in it.
class ScratchFolder {
public:
    static Result<ScratchFolder> make(const fs::path& under) {
        const fs::path path =
            under / fmt::format("{}{}", kScratch, crypto::random_hex(kRandomBytes));
        std::error_code failed;
        fs::create_directories(path, failed);
        if (failed) {
            return fail(Code::export_unwritable, Place{path.string()}, failed.message());
        }
        fs::permissions(path, fs::perms::owner_all, failed);
        return ScratchFolder(path);
    }
    ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    ScratchFolder& operator=(ScratchFolder&&) = delete;
    ~ScratchFolder() {
        std::error_code ignored;
        if (!path_.empty()) {
            fs::remove_all(path_, ignored);
        }
    }
    const fs::path& path() const { return path_; }

private:
    explicit ScratchFolder(fs::path path) : path_(std::move(path)) {}
    fs::path path_;
};

struct Format {
    std::string_view name;
    std::string_view content_type;
    targets::DatasetFormat format;
};
constexpr std::array<Format, 4> kFormats{{
    {"csv", "text/csv; charset=utf-8", targets::DatasetFormat::csv},
    {"json", "application/json", targets::DatasetFormat::json},
    {"ndjson", "application/x-ndjson", targets::DatasetFormat::ndjson},
    {"xpt", "application/octet-stream", targets::DatasetFormat::xpt},
}};

std::optional<study::SdtmDomain> domain_from(std::string_view text) {
    for (const study::SdtmDomain domain : {study::SdtmDomain::lb, study::SdtmDomain::cp,
                                           study::SdtmDomain::mb, study::SdtmDomain::is}) {
        if (study::to_string(domain) == text) {
            return domain;
        }
    }
    return std::nullopt;
}

/// Writes what is asked for; nothing stands in the folder where it fails.
Result<targets::ExportedFile> write_export(const targets::StudyReader& reader,
                                           const study::StudyDefinition& study,
                                           const api::ExportOrder& order, const fs::path& folder,
                                           Instant now) {
    if (order.format == "odm") {
        targets::OdmExport what;
        what.file_type =
            order.snapshot ? targets::OdmFileType::snapshot : targets::OdmFileType::transactional;
        what.file = folder / "odm.xml";
        what.created = now;
        what.version = LABRELAY_VERSION;
        return targets::export_odm(reader, study, what);
    }
    const auto* const format = std::ranges::find(kFormats, order.format, &Format::name);
    const auto domain = domain_from(order.domain);
    if (format == kFormats.end() || !domain) {
        return fail(Code::parameter_bad, Place{"format, domain"});
    }
    Result<std::vector<targets::ExportedFile>> files = targets::export_sdtm(
        reader, study, {format->format, folder, {*domain}, now, LABRELAY_VERSION});
    if (!files) {
        return tl::unexpected(files.error());
    }
    return files->front();
}

/// What the control file beside an export says of it.
Result<api::ExportedResults> opened(const targets::ExportedFile& file, std::string_view type) {
    fs::path beside = file.path;
    beside += ".control.json";
    const auto control =
        nlohmann::json::parse(std::ifstream(beside, std::ios::binary), nullptr, false);
    auto bytes = std::make_shared<std::ifstream>(file.path, std::ios::binary);
    if (!*bytes || !control.is_object()) {
        return fail(Code::export_unwritable, Place{file.path.filename().string()});
    }
    api::ExportedResults made;
    made.name = file.path.filename().string();
    made.content_type = type;
    made.rows = file.rows;
    made.size = control.value("bytes", std::int64_t{0});
    made.sha256 = control.value("sha256", "");
    made.bytes = std::move(bytes);
    return made;
}

/// What a plan does, so that a change of it shows.
std::string digest_of(std::string_view csv, const PlannedImport& plan) {
    nlohmann::json rows = nlohmann::json::array();
    for (const PlannedRow& row : plan.rows) {
        nlohmann::json places = nlohmann::json::array();
        for (const study::Subject& subject : row.touches) {
            places.push_back({subject.study, subject.site});
        }
        rows.push_back({row.place.text, row.what, row.is_new, row.added, std::move(places)});
    }
    const nlohmann::json all = {{"file", crypto::to_hex(crypto::sha256(csv))},
                                {"rows", std::move(rows)},
                                {"unchanged", plan.unchanged}};
    return crypto::to_hex(crypto::sha256(all.dump()));
}

PlannedImport look_at(std::string_view kind, std::string_view csv, const std::string& name,
                      const mapping::Configuration& configuration, const study::Registry& known) {
    return kind == "subjects" ? look_at_subjects(csv, name, configuration, known)
                              : look_at_specimens(csv, name, configuration, known);
}

}  // namespace

void StudyEnd::start() {
    // What an export that was cut short has left.
    std::error_code ignored;
    for (const fs::directory_entry& each :
         fs::directory_iterator(engine_.directory.path(), ignored)) {
        if (each.path().filename().string().starts_with(kScratch)) {
            fs::remove_all(each.path(), ignored);
        }
    }
    {
        store::Desk desk(engine_.writer);
        store::fail_broken_reconciliations(desk, engine_.writer.node());
        desk.commit();
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void StudyEnd::stop() {
    if (!thread_.joinable()) {
        return;
    }
    thread_.request_stop();
    thread_.join();
    for (const Job& job : jobs_) {
        give_up(job, "The server ended before it was done.");
    }
    jobs_.clear();
}

Result<std::string> StudyEnd::change_lock(std::string_view json, const store::Act& act,
                                          const api::EnterSignature& sign) {
    const Result<LockRequest> request = lock_request_from(json);
    if (!request) {
        return tl::unexpected(request.error());
    }
    return engine_.between_deliveries("locks", [&] {
        return app::change_lock(engine_.writer, *engine_.snapshots.configuration(), *request, act,
                                sign);
    });
}

Result<std::string> StudyEnd::settle_post_lock(std::string_view json, const store::Act& act,
                                               const api::EnterSignature& sign) {
    const Result<PostLockRequest> request = post_lock_request_from(json);
    if (!request) {
        return tl::unexpected(request.error());
    }
    bool four_eyes = true;
    {
        Result<store::ReadSession> session = store::ReadSession::open(engine_.directory);
        if (!session) {
            return tl::unexpected(session.error());
        }
        four_eyes = store::needs_four_eyes(*session, kForward);
    }
    return engine_.between_deliveries("post-lock", [&] {
        return app::settle_post_lock(engine_.writer, *request, act, four_eyes, sign);
    });
}

std::vector<StudyEnd::Target> StudyEnd::targets() const {
    std::vector<Target> all;
    for (const std::string& name : engine_.targets) {
        all.push_back({name, name == kReadable});
    }
    return all;
}

Result<std::int64_t> StudyEnd::reconcile(const ReconciliationOrder& order, const store::Act& act) {
    const auto configuration = engine_.snapshots.configuration();
    if (configuration->rules().study(order.study) == nullptr) {
        return fail(Code::not_found, Place{"study"});
    }
    if (order.target != kReadable) {
        return fail(Code::not_found, Place{"target"}, "the target that can be read is study");
    }
    if (!order.list_name.empty()) {
        const mapping::LabListFile list =
            mapping::read_lab_list(order.list, order.list_name, *configuration);
        if (!list.errors.empty()) {
            return fail(list.errors.front().code, Place{order.list_name}, all_errors(list.errors));
        }
    }
    std::int64_t id = 0;
    {
        store::Desk desk(engine_.writer);
        id = store::begin_reconciliation(
            desk, act, {order.study, order.target, order.list_name, engine_.writer.node()});
        desk.commit();
    }
    const std::lock_guard lock(mutex_);
    jobs_.push_back({id, order, act});
    due_.notify_one();
    return id;
}

void StudyEnd::work(const std::stop_token& stop) {
    while (true) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            if (!due_.wait(lock, stop, [this] { return !jobs_.empty(); }) ||
                stop.stop_requested()) {
                return;
            }
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        run(job);
    }
}

void StudyEnd::run(const Job& job) {
    try {
        if (const Result<void> done = compare(job); !done) {
            give_up(job, describe(done.error()));
        }
    } catch (const std::exception& fault) {
        spdlog::error("reconciliation {}: {}", job.id, fault.what());
        give_up(job, std::string(entry(Code::internal_fault).text));
    }
}

/// A store that is away now is told by other means; the next start says that it failed.
void StudyEnd::give_up(const Job& job, const std::string& why) {
    try {
        store::Desk desk(engine_.writer);
        store::fail_reconciliation(desk, job.act, job.id, why);
        desk.commit();
    } catch (const pipeline::StoreFault& fault) {
        spdlog::error("reconciliation {}: {}", job.id, fault.what());
    }
}

Result<void> StudyEnd::compare(const Job& job) {
    Result<store::ReadSession> session = store::ReadSession::open(engine_.directory);
    if (!session) {
        return tl::unexpected(session.error());
    }
    study::Registry registry = store::read_registry(*session);
    SubjectView view{engine_.snapshots.configuration(), std::move(*session), std::move(registry)};
    Result<targets::StudyReader> reader =
        targets::StudyReader::open(engine_.settings.target_place());
    if (!reader) {
        return tl::unexpected(reader.error());
    }
    targets::SqlReconcileReader there(std::move(*reader));
    Result<views::Reconciliation> all =
        compare_target(view, there, {job.order.study, job.order.target, engine_.clock.now()});
    if (!all) {
        return tl::unexpected(all.error());
    }
    if (!job.order.list_name.empty()) {
        if (const auto listed = compare_list(view, job.order.list, job.order.list_name, *all);
            !listed) {
            return listed;
        }
    }
    store::EndedReconciliation ended;
    ended.differences = static_cast<std::int64_t>(all->differences());
    ended.report = views::reconciliation_json(*all);
    ended.text = views::reconciliation_text(*all);
    for (const store::ReconciliationFindings& findings : findings_of(*all)) {
        const store::ReconciliationEntry entry =
            store::enter_reconciliation(engine_.writer, findings, job.act);
        ended.opened += entry.opened;
        ended.resolved += entry.resolved;
    }
    store::Desk desk(engine_.writer);
    store::end_reconciliation(desk, job.act, job.id, ended);
    desk.commit();
    return {};
}

Result<api::ExportedResults> StudyEnd::export_results(const api::ExportOrder& order) {
    const auto configuration = engine_.snapshots.configuration();
    const study::StudyDefinition* study = configuration->rules().study(order.study);
    if (study == nullptr) {
        return fail(Code::not_found, Place{"study"});
    }
    Result<targets::StudyReader> reader =
        targets::StudyReader::open(engine_.settings.target_place());
    if (!reader) {
        return tl::unexpected(reader.error());
    }
    if (!order.closed.empty() || !order.sites.empty()) {
        reader->leave_out([&order](const targets::LabRow& row) {
            return order.closed.contains(row.analyte) ||
                   (!order.sites.empty() && !order.sites.contains(row.site));
        });
    }
    const Result<ScratchFolder> folder = ScratchFolder::make(engine_.directory.path());
    if (!folder) {
        return tl::unexpected(folder.error());
    }
    Result<targets::ExportedFile> file =
        write_export(*reader, *study, order, folder->path(), engine_.clock.now());
    if (!file) {
        return tl::unexpected(file.error());
    }
    const auto* const format = std::ranges::find(kFormats, order.format, &Format::name);
    // The file's name goes with the folder; whoever holds it open still reads it to its end.
    return opened(*file, format == kFormats.end() ? "application/xml" : format->content_type);
}

api::RegistryPlan StudyEnd::plan_import(std::string_view kind, const std::string& name,
                                        std::string_view csv) {
    PlannedImport planned =
        look_at(kind, csv, name, *engine_.snapshots.configuration(), engine_.snapshots.registry());
    api::RegistryPlan plan;
    plan.digest = digest_of(csv, planned);
    plan.unchanged = planned.unchanged;
    plan.errors = std::move(planned.errors);
    for (PlannedRow& row : planned.rows) {
        plan.rows.push_back({std::move(row.place), std::move(row.what), std::move(row.study),
                             row.is_new, std::move(row.added), std::move(row.touches)});
    }
    return plan;
}

Result<std::string> StudyEnd::import_planned(std::string_view kind, const std::string& name,
                                             std::string_view csv, const std::string& digest,
                                             const store::Act& act) {
    const PlanImport plan = [&](std::string_view bytes, const std::string& file,
                                const mapping::Configuration& configuration,
                                const study::Registry& known) -> Result<PlannedImport> {
        PlannedImport planned = look_at(kind, bytes, file, configuration, known);
        if (!planned.errors.empty()) {
            return fail(planned.errors.front().code, Place{file}, all_errors(planned.errors));
        }
        if (digest_of(bytes, planned) != digest) {
            return fail(Code::precondition_failed, Place{file});
        }
        return planned;
    };
    return engine_.import(csv, name, plan, act);
}

}  // namespace labrelay::app
