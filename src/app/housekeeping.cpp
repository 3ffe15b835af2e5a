#include "housekeeping.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "labrelay/crypto/digest.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/audit_verify.hpp"
#include "labrelay/store/partitions.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/retention.hpp"
#include "labrelay/store/statistics.hpp"

namespace labrelay::app {
namespace {

/// How often retention and silent sources are looked at when nothing else happens.
constexpr std::chrono::seconds kInterval{60};
/// How many times its own length the thread leaves the sources alone after a look, which counts the
/// messages of the last half minute anew.
constexpr int kRestPerLook = 20;
/// The same where other nodes write to the store.
constexpr std::chrono::seconds kSharedInterval{5};

std::int64_t minute_of(Instant instant) {
    return instant.microseconds / 60'000'000;
}

std::int64_t day_of(Instant instant) {
    return minute_of(instant) / (24 * 60);
}

}  // namespace

Result<std::unique_ptr<Housekeeping>> Housekeeping::open(const Engine& engine) {
    Result<store::ReadSession> reading = store::ReadSession::open(engine.directory);
    if (!reading) {
        return tl::unexpected(reading.error());
    }
    return std::unique_ptr<Housekeeping>(new Housekeeping(engine, std::move(*reading)));
}

Housekeeping::Housekeeping(const Engine& engine, store::ReadSession reading)
    : engine_(engine),
      sources_(engine.snapshots.configuration()),
      reading_(std::move(reading)),
      partitions_made_on_(day_of(engine.clock.now())) {}

void Housekeeping::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Housekeeping::stop() {
    if (thread_.joinable()) {
        thread_.request_stop();
        thread_.join();
    }
}

void Housekeeping::wake() {
    const std::lock_guard lock(mutex_);
    committed_since_ = true;
    due_.notify_all();
}

std::vector<SourceStatus> Housekeeping::sources() const {
    const std::lock_guard lock(sources_mutex_);
    return sources_.report(engine_.clock.now());
}

void Housekeeping::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        wait_for_commit(stop);
        is_a_node_ = engine_.node.renew();
        try {
            keep_house();
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

void Housekeeping::wait_for_commit(const std::stop_token& stop) {
    const auto now = std::chrono::steady_clock::now();
    auto until = now + (engine_.directory.place().shared() ? kSharedInterval : kInterval);
    if (look_owed_) {
        until = std::min(until, look_at_);
    }
    std::unique_lock lock(mutex_);
    due_.wait_until(lock, stop, until, [this] { return committed_since_; });
    committed_since_ = false;
}

void Housekeeping::keep_house() {
    make_partitions_daily();
    while (store::group_holds(engine_.writer) > 0) {
    }
    anchor_audit_trail_each_minute();
    engine_.live.note(engine_.clock.now());
    watch_sources();
    while (store::purge_ignored(engine_.writer, engine_.clock.now()) > 0) {
    }
    // Last: it takes seconds, and a connection that may not be had.
    gather_statistics_each_minute();
}

/// Ahead of time, so that no message of a new month finds none.
void Housekeeping::make_partitions_daily() {
    const Instant now = engine_.clock.now();
    if (day_of(now) != partitions_made_on_) {
        store::make_partitions(engine_.writer, now);
        partitions_made_on_ = day_of(now);
    }
}

void Housekeeping::anchor_audit_trail_each_minute() {
    const std::int64_t minute = minute_of(engine_.clock.now());
    if (std::exchange(anchored_at_minute_, minute) != minute) {
        anchor_audit_trail();
    }
}

/// In the log too: whoever can write to the store cannot write to yesterday's log.
void Housekeeping::anchor_audit_trail() {
    if (const std::optional<store::AuditAnchor> anchor = store::anchor_audit(engine_.writer)) {
        engine_.audit.anchored(anchor->digest);
        const std::string digest = crypto::to_hex(anchor->digest);
        spdlog::info("audit anchor {} {}", anchor->id, digest);
        if (anchor->first_of_day) {
            spdlog::info("audit day {} anchor {} {}", to_iso(anchor->at).substr(0, 10), anchor->id,
                         digest);
        }
    }
}

/// Says in the log what has changed with the sources; the metrics show how they are.
void Housekeeping::watch_sources() {
    const auto start = std::chrono::steady_clock::now();
    look_owed_ = start < look_at_;
    if (look_owed_) {
        return;
    }
    const std::lock_guard lock(sources_mutex_);
    sources_.follow(engine_.snapshots.configuration());
    sources_.look(reading_, engine_.clock.now());
    const auto end = std::chrono::steady_clock::now();
    look_at_ = end + kRestPerLook * (end - start);
    if (!engine_.log_sources) {
        return;
    }
    for (const std::string& line : sources_.news(engine_.clock.now())) {
        spdlog::warn("{}", line);
    }
}

void Housekeeping::gather_statistics_each_minute() {
    const std::int64_t minute = minute_of(engine_.clock.now());
    if (std::exchange(statistics_at_minute_, minute) != minute &&
        store::gather_statistics(engine_.directory.place())) {
        spdlog::info("the store's statistics were gathered");
    }
}

}  // namespace labrelay::app
