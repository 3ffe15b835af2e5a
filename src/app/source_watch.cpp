#include "labrelay/app/source_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "labrelay/core/stored_late.hpp"

namespace labrelay::app {
namespace {

using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// How far MSH-7 is after the receipt; nothing where it says no time of day.
std::optional<seconds> skew_of(const std::string& message_time, const Zone& zone,
                               Instant received) {
    const Result<Timestamp> time = parse_hl7_time(message_time);
    if (!time || !time->has_time()) {
        return std::nullopt;
    }
    const Result<LocalTime> local = zone.local(*time);
    if (!local || !local->instant) {
        return std::nullopt;
    }
    return std::chrono::duration_cast<seconds>(
        microseconds(local->instant->microseconds - received.microseconds));
}

constexpr MessageId kNewest{std::numeric_limits<std::int64_t>::max()};

std::string text_of(minutes time) {
    const std::int64_t hours = time.count() / 60;
    return hours > 0 ? fmt::format("{} h {} min", hours, time.count() % 60)
                     : fmt::format("{} min", time.count());
}

}  // namespace

void SourceWatch::look(store::ReadSession& session, Instant now) {
    const Instant since{now.microseconds - microseconds(kSourceHistory).count()};
    fresh_ = store::activity_between(session, settled_, kNewest, since);
    if (settled_ >= earlier(fresh_.last, 2 * kStoredLate)) return;
    const MessageId settled = earlier(fresh_.last, kStoredLate);
    take(store::activity_between(session, settled_, settled, since), now);
    settled_ = settled;
    fresh_ = {};
    fresh_ = store::activity_between(session, settled_, kNewest, since);
}

void SourceWatch::take(const store::Activity& activity, Instant now) {
    add(activity, now, seen_);
}

void SourceWatch::add(const store::Activity& activity, Instant now,
                      std::map<std::string, Seen>& all) {
    for (const store::SourceActivity& one : activity.sources) {
        Seen& seen = all[one.source];
        seen.last = std::max(seen.last, one.last_received);
        seen.message_time = one.last_message_time;
        seen.gaps += one.sequence_gaps;
        seen.last_gap = std::max(seen.last_gap, one.last_gap);
        seen.share.add(std::min(now, one.last_received), {one.results, one.held});
    }
}

std::vector<SourceStatus> SourceWatch::report(Instant now) const {
    std::map<std::string, Seen> heard = seen_;
    add(fresh_, now, heard);
    std::vector<SourceStatus> all;
    for (const mapping::SourceDefinition& source : configuration_->sources()) {
        SourceStatus& status = all.emplace_back();
        status.id = source.id;
        status.mode = mapping::to_string(source.mode);
        const bool listens = source.mode != mapping::SourceMode::off;
        const auto found = heard.find(source.id);
        if (found == heard.end()) {
            status.silent = source.habit && listens;
            continue;
        }
        const Seen& seen = found->second;
        status.last_message = seen.last;
        const mapping::Habit all_day;
        status.silence =
            mapping::silence_between(source.habit.value_or(all_day), *source.zone, seen.last, now);
        status.silent = source.habit && listens && status.silence > source.habit->silence;
        status.clock_skew = skew_of(seen.message_time, *source.zone, seen.last);
        status.clock_off =
            status.clock_skew && std::chrono::abs(*status.clock_skew) > kClockTolerance;
        status.sequence_gaps = seen.gaps;
        status.last_gap = seen.last_gap;
        status.recent = seen.share.recent(now);
        status.usual = seen.share.usual(now);
    }
    std::sort(all.begin(), all.end(), [](const SourceStatus& left, const SourceStatus& right) {
        return left.id < right.id;
    });
    return all;
}

std::vector<std::string> SourceWatch::news(Instant now) {
    std::vector<std::string> lines;
    for (const SourceStatus& status : report(now)) {
        Told& told = told_[status.id];
        if (status.silent != told.silent) {
            lines.push_back(status.silent
                                ? fmt::format("source {} is silent: {}", status.id,
                                              status.last_message
                                                  ? text_of(status.silence)
                                                  : std::string("nothing of it is stored"))
                                : fmt::format("source {} is heard again", status.id));
        }
        if (status.clock_off != told.clock_off) {
            lines.push_back(
                status.clock_off
                    ? fmt::format("source {}: its clock is {} h off", status.id,
                                  std::chrono::duration_cast<std::chrono::hours>(*status.clock_skew)
                                      .count())
                    : fmt::format("source {}: its clock is right again", status.id));
        }
        if (status.sequence_gaps > told.gaps) {
            lines.push_back(fmt::format("source {}: {} gaps in MSH-13", status.id,
                                        status.sequence_gaps - told.gaps));
        }
        told = {status.silent, status.clock_off, status.sequence_gaps};
    }
    return lines;
}

std::string source_metrics(const std::vector<SourceStatus>& sources) {
    std::string text;
    const auto family = [&](std::string_view name, std::string_view type, auto value) {
        text += fmt::format("# TYPE labrelay_source_{} {}\n", name, type);
        for (const SourceStatus& source : sources) {
            if (const std::optional<std::int64_t> number = value(source)) {
                text += fmt::format("labrelay_source_{}{{source=\"{}\"}} {}\n", name, source.id,
                                    *number);
            }
        }
    };
    using Number = std::optional<std::int64_t>;
    family("last_message_timestamp_seconds", "gauge", [](const SourceStatus& source) -> Number {
        return source.last_message ? Number(source.last_message->microseconds / 1'000'000)
                                   : std::nullopt;
    });
    family("silent", "gauge",
           [](const SourceStatus& source) -> Number { return source.silent ? 1 : 0; });
    family("clock_skew_seconds", "gauge", [](const SourceStatus& source) -> Number {
        return source.clock_skew ? Number(source.clock_skew->count()) : std::nullopt;
    });
    family("clock_off", "gauge",
           [](const SourceStatus& source) -> Number { return source.clock_off ? 1 : 0; });
    family("sequence_gaps", "gauge",
           [](const SourceStatus& source) -> Number { return source.sequence_gaps; });
    return text;
}

}  // namespace labrelay::app
