#include "readings.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "labrelay/core/sentences.hpp"
#include "labrelay/study/versions.hpp"
#include "no_result.hpp"

namespace labrelay::study {
namespace {

std::string_view why_unusable(const StoredVersion& version) {
    const std::string_view why = why_no_result(version.value.state);
    if (!why.empty()) {
        return why;
    }
    if (version.status == ObservationStatus::preliminary) {
        return "preliminary";
    }
    return version.forwards ? "" : "a test message, or a source that is not live";
}

/// The current one of the versions that had been reported by then; null where none had.
const StoredVersion* known_version(const ResultRecord& record, std::optional<Instant> until) {
    if (!until) {
        return &record.current_version();
    }
    const auto end =
        std::ranges::upper_bound(record.versions, *until, {}, &StoredVersion::version_time);
    const std::span known(record.versions.begin(), end);
    return known.empty() ? nullptr : &known[current_of(known)];
}

bool collected_earlier(const Reading& left, const Reading& right) {
    const auto order = [](const Reading& reading) {
        return std::tuple(reading.collected.day,
                          reading.collected.time.value_or(std::chrono::microseconds(-1)),
                          reading.record->number);
    };
    return order(left) < order(right);
}

using SpecimenOf = std::pair<std::string, SpecimenIdentity>;

SpecimenOf specimen_of(const Reading& reading) {
    return {reading.record->key.source, reading.record->key.specimen};
}

}  // namespace

bool is_later(const SiteMoment& moment, const SiteMoment& than) {
    if (moment.day != than.day) {
        return moment.day > than.day;
    }
    return moment.time && than.time && *moment.time > *than.time;
}

Readings::Readings(const SubjectState& results, const SubjectCalendar& calendar,
                   std::optional<Instant> known_until, const std::optional<SiteMoment>& until) {
    for (const ResultRecord& record : results.results) {
        const StoredVersion* version = known_version(record, known_until);
        if (version == nullptr || (!version->collected && !version->collected_local)) {
            continue;
        }
        const Draw draw = calendar.draw_of(*version);
        const bool sealed = calendar.place(draw, true).kind == PlacementVerdict::Kind::ignored;
        if (sealed || (until && is_later(draw.collected, *until))) {
            continue;
        }
        all_.push_back({&record, version, draw.collected, why_unusable(*version)});
    }
    std::ranges::sort(all_, collected_earlier);
}

Course Readings::course(const std::vector<std::string>& analytes, LocalDay last) const {
    const auto rank = [&](const Reading& reading) {
        return std::ranges::find(analytes, reading.version->analyte) - analytes.begin();
    };
    const auto asked = static_cast<std::ptrdiff_t>(analytes.size());
    std::map<SpecimenOf, std::ptrdiff_t> best;  // of the usable ones
    for (const Reading& reading : all_) {
        if (rank(reading) < asked && reading.unusable.empty()) {
            const auto [at, is_new] = best.emplace(specimen_of(reading), rank(reading));
            at->second = std::min(at->second, rank(reading));
        }
    }
    Course course;
    for (const Reading& reading : all_) {
        if (rank(reading) == asked || reading.collected.day > last) {
            continue;
        }
        const auto stands = best.find(specimen_of(reading));
        if (!reading.unusable.empty()) {
            if (stands == best.end() || rank(reading) == stands->second) {
                course.unusable.push_back(&reading);
            }
        } else if (rank(reading) == stands->second) {
            course.usable.push_back(&reading);
        }
    }
    return course;
}

std::vector<LocalDay> Readings::days() const {
    std::vector<LocalDay> days;
    for (const Reading& reading : all_) {
        if (days.empty() || days.back() != reading.collected.day) {
            days.push_back(reading.collected.day);
        }
    }
    return days;
}

std::vector<const Reading*> latest_of(const std::vector<const Reading*>& usable) {
    std::vector<const Reading*> latest;
    for (const Reading* reading : usable) {
        const auto overtaken = [&](const Reading* other) {
            return is_later(other->collected, reading->collected);
        };
        if (std::ranges::none_of(usable, overtaken)) {
            latest.push_back(reading);
        }
    }
    return latest;
}

Evidence evidence_of(const Reading& reading, std::optional<LocalDay> screening_began) {
    const StoredVersion& version = *reading.version;
    Evidence evidence;
    evidence.id = version.id;
    evidence.inputs = version.inputs;
    evidence.analyte = version.analyte;
    evidence.value_reported = version.value.value_reported;
    evidence.unit_reported = version.value.unit_reported;
    evidence.value_text = version.value.value_text;
    const bool has_number =
        version.value.value_num || version.value.comparator != units::Comparator::none;
    evidence.unit = has_number ? version.value.unit : std::string();
    evidence.collected = reading.collected;
    evidence.history = screening_began && reading.collected.day < *screening_began;
    evidence.counts = reading.unusable.empty();
    if (!reading.unusable.empty()) {
        evidence.remark = say(Sentence::remark, reading.unusable);
    }
    return evidence;
}

}  // namespace labrelay::study
