#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "labrelay/alarm/judge.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::app {

/// Checks the audit trail while the server runs: once after the start and then at an interval, on a
/// thread and a reading connection of its own, a page of rows and then a pause, so that it never
/// asks for more than a small part of a processor or a disk. On a shared store the node that looks
/// for alarms does it. What it found is an incident (docs/alarms.md), a line of the log, a metric.
class AuditWatch {
public:
    struct Pace {
        std::chrono::hours between{24};  ///< two checks; 0: there is none
        std::size_t page = 1000;         ///< rows at once
        std::chrono::milliseconds pause{50};
    };

    /// All that it is given outlives it.
    AuditWatch(const store::DataDirectory& directory, store::StoreWriter& writer,
               const Clock& clock, Pace pace);
    ~AuditWatch();
    AuditWatch(const AuditWatch&) = delete;
    AuditWatch& operator=(const AuditWatch&) = delete;

    void start();
    void stop();
    /// Checks where it is time and this node does it. What start() does once a minute.
    void look(const std::stop_token& stop);

    /// An anchor that this process wrote: the next checks want it among the anchors, whatever
    /// somebody has made of the database since. Any thread.
    void anchored(const std::array<std::uint8_t, 32>& digest);
    /// Of the last check that was finished; nothing before it. Any thread.
    std::optional<alarm::AuditFact> fact() const;
    /// Prometheus text; empty before the first.
    std::string metrics() const;

private:
    struct Checked {
        Instant at;
        std::int64_t rows = 0;
        alarm::AuditFact fact;
    };

    void run(const std::stop_token& stop);
    bool is_due();
    void check(const std::stop_token& stop);

    const store::DataDirectory& directory_;
    store::StoreWriter& writer_;
    const Clock& clock_;
    const Pace pace_;
    mutable std::mutex mutex_;  // guards checked_ and anchor_
    std::condition_variable_any waiting_;
    std::optional<Checked> checked_;
    std::optional<std::array<std::uint8_t, 32>> anchor_;
    std::jthread thread_;
};

}  // namespace labrelay::app
