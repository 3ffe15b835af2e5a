#include "alarm_sender.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::app {
namespace {

bool same(const AlarmSender::Item& left, const AlarmSender::Item& right) {
    return left.notice.incident == right.notice.incident && left.notice.kind == right.notice.kind &&
           left.notice.object == right.notice.object && left.notice.opened == right.notice.opened &&
           left.notice.over == right.notice.over;
}

Instant later(Instant from, std::chrono::seconds time) {
    return Instant{from.microseconds + std::chrono::microseconds(time).count()};
}

}  // namespace

AlarmSender::AlarmSender(alarm::ChannelSettings settings, store::StoreWriter& writer,
                         const Clock& clock)
    : settings_(std::move(settings)),
      writer_(writer),
      clock_(clock),
      channel_(alarm::make_channel(settings_)) {}

void AlarmSender::offer(Item item) {
    const std::lock_guard lock(mutex_);
    const bool known =
        (in_work_ && same(*in_work_, item)) ||
        std::ranges::any_of(items_, [&](const Item& one) { return same(one, item); });
    if (!known) {
        items_.push_back(std::move(item));
        changed_.notify_all();
    }
}

void AlarmSender::run(const std::stop_token& stop) {
    while (std::optional<Item> item = next(stop)) {
        attempt(std::move(*item));
        const std::lock_guard lock(mutex_);
        in_work_.reset();
    }
}

/// The first one, once it is due: what comes after it is not told before it.
std::optional<AlarmSender::Item> AlarmSender::next(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        if (items_.empty()) {
            changed_.wait(lock, stop, [this] { return !items_.empty(); });
            continue;
        }
        const std::int64_t wait = items_.front().due.microseconds - clock_.now().microseconds;
        if (wait <= 0) {
            in_work_ = std::move(items_.front());
            items_.pop_front();
            return in_work_;
        }
        changed_.wait_for(lock, stop, std::chrono::microseconds(wait), [] { return false; });
    }
    return std::nullopt;
}

void AlarmSender::attempt(Item item) {
    const Result<void> sent = send(item.notice);
    if (!sent) {
        spdlog::warn("alarm channel {}: not sent: {}", settings_.name, sent.error().detail);
    }
    if (item.row) {
        record(std::move(*item.row), sent);
        return;
    }
    if (!sent && ++item.attempts < alarm::kMostAttempts) {
        item.due = later(clock_.now(), alarm::retry_after(item.attempts));
        const std::lock_guard lock(mutex_);
        items_.push_front(std::move(item));
    }
}

void AlarmSender::record(store::NoticeRow row, const Result<void>& sent) {
    using store::NoticeState;
    ++row.attempts;
    row.at = clock_.now();
    row.why = sent ? std::string() : sent.error().detail;
    if (sent) {
        row.state = NoticeState::sent;
    } else if (row.attempts >= alarm::kMostAttempts) {
        row.state = NoticeState::failed;
    } else {
        row.at = later(row.at, alarm::retry_after(row.attempts));
    }
    try {
        store::Desk desk(writer_);
        store::note_attempt(desk, row);
        desk.commit();
    } catch (const pipeline::StoreFault& fault) {
        // It stays waiting and is sent once more: twice is better than never.
        spdlog::warn("alarm channel {}: an attempt is not recorded: {}", settings_.name,
                     fault.what());
    }
}

Result<void> AlarmSender::send(const alarm::Notice& notice) {
    const std::lock_guard lock(sending_);
    return channel_->send(notice);
}

}  // namespace labrelay::app
