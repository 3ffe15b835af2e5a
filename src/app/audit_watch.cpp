#include "labrelay/app/audit_watch.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "labrelay/app/alarm_watch.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/audit_verify.hpp"
#include "labrelay/store/incident_desk.hpp"

namespace labrelay::app {
namespace {

constexpr std::chrono::minutes kBetweenLooks{1};

alarm::AuditFact fact_of(const store::AuditVerification& found) {
    alarm::AuditFact fact;
    fact.whole = found.ok();
    if (found.first_bad) {
        fact.row = found.first_bad->row;
        fact.why = found.first_bad->why;
    }
    return fact;
}

}  // namespace

AuditWatch::AuditWatch(const store::DataDirectory& directory, store::StoreWriter& writer,
                       const Clock& clock, Pace pace)
    : directory_(directory), writer_(writer), clock_(clock), pace_(pace) {}

AuditWatch::~AuditWatch() {
    stop();
}

void AuditWatch::start() {
    if (pace_.between.count() > 0) {
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
}

void AuditWatch::stop() {
    thread_.request_stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void AuditWatch::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        look(stop);
        std::unique_lock lock(mutex_);
        waiting_.wait_for(lock, stop, kBetweenLooks, [] { return false; });
    }
}

void AuditWatch::look(const std::stop_token& stop) {
    try {
        if (is_due()) {
            check(stop);
        }
    } catch (const pipeline::StoreFault& fault) {
        spdlog::error("audit check: {}", fault.what());  // the next look tries again
    }
}

bool AuditWatch::is_due() {
    bool leads = false;
    {
        store::Desk desk(writer_);
        leads = store::leads(desk, kAlarmWork);
    }
    const std::lock_guard lock(mutex_);
    if (!leads) {
        checked_.reset();  // what another node has found since holds
        return false;
    }
    return !checked_ || clock_.now().microseconds - checked_->at.microseconds >=
                            std::chrono::microseconds(pace_.between).count();
}

void AuditWatch::check(const std::stop_token& stop) {
    Result<store::ReadSession> session = store::ReadSession::open(directory_);
    if (!session) {
        throw pipeline::StoreFault(describe(session.error()), false);
    }
    store::VerifyOptions how;
    how.page = pace_.page;
    {
        const std::lock_guard lock(mutex_);
        if (anchor_) {
            how.known.push_back(*anchor_);
        }
    }
    how.go_on = [&] {
        std::unique_lock lock(mutex_);
        waiting_.wait_for(lock, stop, pace_.pause, [] { return false; });
        return !stop.stop_requested();
    };
    const store::AuditVerification found = store::verify_audit(*session, how);
    if (!found.finished) {
        return;
    }
    const alarm::AuditFact fact = fact_of(found);
    if (fact.whole) {
        spdlog::info("audit check: {} rows, whole", found.rows);
    } else {
        spdlog::error("audit check: not whole, first bad row {}: {}", fact.row, fact.why);
    }
    const std::lock_guard lock(mutex_);
    checked_ = Checked{clock_.now(), found.rows, fact};
}

void AuditWatch::anchored(const std::array<std::uint8_t, 32>& digest) {
    const std::lock_guard lock(mutex_);
    anchor_ = digest;
}

std::optional<alarm::AuditFact> AuditWatch::fact() const {
    const std::lock_guard lock(mutex_);
    return checked_ ? std::optional(checked_->fact) : std::nullopt;
}

std::string AuditWatch::metrics() const {
    const std::lock_guard lock(mutex_);
    if (!checked_) {
        return {};
    }
    return fmt::format(
        "# TYPE labrelay_audit_checked_timestamp_seconds gauge\n"
        "labrelay_audit_checked_timestamp_seconds {}\n"
        "# TYPE labrelay_audit_checked_rows gauge\nlabrelay_audit_checked_rows {}\n"
        "# TYPE labrelay_audit_whole gauge\nlabrelay_audit_whole {}\n",
        checked_->at.microseconds / 1'000'000, checked_->rows, checked_->fact.whole ? 1 : 0);
}

}  // namespace labrelay::app
