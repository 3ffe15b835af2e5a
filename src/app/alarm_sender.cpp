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

bool of_one_object(const AlarmSender::Item& left, const AlarmSender::Item& right) {
    return left.notice.kind == right.notice.kind && left.notice.object == right.notice.object;
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
        ++offered_;
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

/// Of those that nothing of the same kind and object stands before, which is told first.
std::deque<AlarmSender::Item>::iterator AlarmSender::soonest() {
    auto found = items_.end();
    for (auto one = items_.begin(); one != items_.end(); ++one) {
        const bool waits = std::any_of(
            items_.begin(), one, [&](const Item& before) { return of_one_object(before, *one); });
        if (!waits && (found == items_.end() || one->due < found->due)) {
            found = one;
        }
    }
    return found;
}

/// The next one, once it is due; what is offered meanwhile may be due before it.
std::optional<AlarmSender::Item> AlarmSender::next(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const auto another = [this, before = offered_] { return offered_ != before; };
        const auto found = soonest();
        if (found == items_.end()) {
            changed_.wait(lock, stop, another);
            continue;
        }
        const std::int64_t wait = found->due.microseconds - clock_.now().microseconds;
        if (wait <= 0) {
            in_work_ = std::move(*found);
            items_.erase(found);
            return in_work_;
        }
        changed_.wait_for(lock, stop, std::chrono::microseconds(wait), another);
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
