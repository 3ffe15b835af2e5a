#include "read_times.hpp"

#include <fmt/format.h>

namespace labrelay::mapping {
namespace {

constexpr std::size_t kAnalysed = 19;  // OBX-19
constexpr std::size_t kReported = 22;  // OBR-22
constexpr std::size_t kSent = 7;       // MSH-7
// Two clocks that were never compared may differ by this much and still both be right.
constexpr std::int64_t kClockTolerance = std::int64_t{10} * 60 * 1'000'000;

struct SentTime {
    std::string text;
    Place place;
    Place read;  ///< the same place, down to the leaf
};

const hl7::Path& usual_path() {
    static const hl7::Path path = *hl7::Path::compile("SPM-17.1 | OBR-7.1 | OBX-14.1");
    return path;
}

std::optional<SentTime> find_time(const hl7::Path& path, const hl7::SegmentScope& scope) {
    const auto match = path.find(scope);
    if (!match) {
        return std::nullopt;
    }
    const std::string text = match->element.text();
    const std::string_view time = trimmed(text);
    if (time.empty()) {
        return std::nullopt;
    }
    return SentTime{
        std::string(time), {match->place, match->element.offset()}, place_of_leaf(*match)};
}

bool in_future(const MappingContext& context, const LocalTime& local) {
    if (local.instant) {
        return local.instant->microseconds > context.received_at.microseconds + kClockTolerance;
    }
    return local.day > context.source.zone->local(context.received_at).day;
}

/// `read`: where in the message; nothing where the registry says it.
Collection judge(const MappingContext& context, const Timestamp& time, const Place& place,
                 const Place* read, Notes& notes) {
    if (time.precision < Precision::day) {
        notes.hold(Code::collection_time_imprecise, place, {}, time.text);
        return {};
    }
    const Result<LocalTime> local = context.source.zone->local(time);
    if (!local) {
        notes.hold(Code::collection_time_ambiguous, place, {}, time.text);
        return {};
    }
    if (in_future(context, *local)) {
        notes.hold(Code::collected_in_future, place, {}, time.text);
        return {};
    }
    notes.step(
        "collected.time",
        [&] {
            return say(local->has_time ? Sentence::collected_at : Sentence::collected_on,
                       place.text, time.text, clock_text(*local), context.source.zone->name());
        },
        [&] { return read != nullptr ? std::vector{*read} : std::vector<Place>(); });
    return {time, *local, read != nullptr};
}

Collection judge(const MappingContext& context, const SentTime& sent, Notes& notes) {
    const Result<Timestamp> time = parse_hl7_time(sent.text);
    if (!time) {
        notes.hold(Code::collection_time_bad, sent.place, {}, sent.text);
        return {};
    }
    return judge(context, *time, sent.place, &sent.read, notes);
}

}  // namespace

std::string clock_text(const LocalTime& local) {
    if (!local.has_time) {
        return labrelay::to_string(local.day);
    }
    const auto minutes =
        std::chrono::duration_cast<std::chrono::minutes>(local.time_of_day).count();
    return fmt::format("{} {:02}:{:02}", labrelay::to_string(local.day), minutes / 60,
                       minutes % 60);
}

Collection read_collection(const MappingContext& context, const hl7::ObservationBinding& binding,
                           const study::RegisteredSpecimen* registered, Notes& notes) {
    const hl7::ObservationScope scope(context.message, binding);
    const hl7::Path& path = context.source.collected ? *context.source.collected : usual_path();
    if (const auto sent = find_time(path, scope)) {
        return judge(context, *sent, notes);
    }
    if (registered != nullptr && registered->collected_at) {
        return judge(context, *registered->collected_at,
                     {"the specimen registry", Place::kNoOffset}, nullptr, notes);
    }
    if (context.source.collected_after_registry) {
        if (const auto sent = find_time(*context.source.collected_after_registry, scope)) {
            return judge(context, *sent, notes);
        }
    }
    notes.hold(Code::collection_time_missing, place_of(path));
    return {};
}

std::optional<Instant> VersionTimes::instant_of(const hl7::Segment& segment, std::size_t field,
                                                Remembered& last, Notes& notes) {
    const std::string text = segment.field(field).text();
    const std::string_view sent = trimmed(text);
    if (sent.empty()) {
        return std::nullopt;
    }
    if (sent == last.text && last.instant) {
        return last.instant;
    }
    std::optional<Instant> instant;
    Result<Timestamp> time = parse_hl7_time(sent);
    if (time && time->precision >= Precision::day) {
        // A day alone orders like its first moment.
        time->precision = std::max(time->precision, Precision::minute);
        if (const Result<LocalTime> local = context_.source.zone->local(*time)) {
            instant = local->instant;
        }
    }
    if (!instant) {
        notes.warn(Code::version_time_bad, place_of(segment, field), {}, std::string(sent));
    }
    last = {std::string(sent), instant};
    return instant;
}

VersionTime VersionTimes::read(const hl7::ObservationBinding& binding, Notes& notes) {
    struct Candidate {
        std::size_t segment;
        std::size_t field;
        Remembered& last;
        bool own;
    };
    for (const Candidate& candidate :
         {Candidate{binding.obx, kAnalysed, analysed_, true},
          Candidate{binding.obr, kReported, reported_, true}, Candidate{1, kSent, sent_, false}}) {
        if (candidate.segment == 0) {
            continue;
        }
        const hl7::Segment segment = context_.message.segment(candidate.segment);
        if (const auto instant = instant_of(segment, candidate.field, candidate.last, notes)) {
            notes.step(
                "version.time",
                [&] {
                    return say(Sentence::version_ordered,
                               fmt::format("{}-{}", segment.label(), candidate.field),
                               candidate.last.text);
                },
                [&] {
                    return std::vector{place_of(Spot{segment, candidate.field})};
                });
            return {*instant, candidate.own};
        }
    }
    notes.step("version.time", [] { return say(Sentence::version_by_arrival); });
    return {context_.received_at, false};
}

std::string VersionTimes::reported_at(const hl7::ObservationBinding& binding) const {
    if (binding.obr != 0) {
        const std::string text = context_.message.segment(binding.obr).field(kReported).text();
        if (!trimmed(text).empty()) {
            return std::string(trimmed(text));
        }
    }
    return trimmed_text(context_.message.header().field(kSent));
}

}  // namespace labrelay::mapping
