#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "labrelay/alarm/channel.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/incident_desk.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::app {

/// Sends the notices of one channel, each when it is due, and records what became of each attempt.
/// Of one kind and object they go in order; one that cannot be sent keeps no other back. A notice
/// with a row is tried again when its row is due again; one without (the store is away) from
/// memory. run() belongs to one thread, the others to any.
class AlarmSender {
public:
    struct Item {
        alarm::Notice notice;
        std::optional<store::NoticeRow> row;
        std::int64_t attempts = 0;
        Instant due;
    };

    AlarmSender(alarm::ChannelSettings settings, store::StoreWriter& writer, const Clock& clock);

    const alarm::ChannelSettings& settings() const { return settings_; }
    /// Nothing where the same notice waits here already.
    void offer(Item item);
    void run(const std::stop_token& stop);
    /// Sends at once, in the caller's thread.
    Result<void> send(const alarm::Notice& notice);

private:
    std::deque<Item>::iterator soonest();
    std::optional<Item> next(const std::stop_token& stop);
    void attempt(Item item);
    void record(store::NoticeRow row, const Result<void>& sent);

    alarm::ChannelSettings settings_;
    store::StoreWriter& writer_;
    const Clock& clock_;
    std::mutex sending_;
    std::unique_ptr<alarm::Channel> channel_;  // guarded by sending_

    std::mutex mutex_;  // guards what follows
    std::condition_variable_any changed_;
    std::deque<Item> items_;
    std::uint64_t offered_ = 0;
    std::optional<Item> in_work_;
};

}  // namespace labrelay::app
