#include "labrelay/study/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "labrelay/core/sentences.hpp"

namespace labrelay::study {
namespace {

using std::chrono::days;

int whole_days(LocalDay from, LocalDay to) {
    return static_cast<int>((to - from).count());
}

bool is_later(const SiteMoment& moment, const SiteMoment& than) {
    if (moment.day != than.day) {
        return moment.day > than.day;
    }
    return moment.time && than.time && *moment.time > *than.time;
}

PlacementVerdict placed(VisitKind kind, std::string visit, Said because) {
    PlacementVerdict verdict;
    verdict.visit = std::move(visit);
    verdict.visit_kind = kind;
    verdict.because = std::move(because);
    return verdict;
}

PlacementVerdict held(Code rule, Said because) {
    PlacementVerdict verdict;
    verdict.kind = PlacementVerdict::Kind::held;
    verdict.rule = rule;
    verdict.because = std::move(because);
    return verdict;
}

PlacementVerdict ignored(Code rule, Said because) {
    PlacementVerdict verdict = held(rule, std::move(because));
    verdict.kind = PlacementVerdict::Kind::ignored;
    return verdict;
}

}  // namespace

SubjectCalendar::SubjectCalendar(const Subject& subject, const StudyDefinition& study)
    : subject_(subject), study_(study), site_(study.site(subject.site)) {
    screening_ = known(subject.screening_from);
    if (!screening_) {
        screening_ = known(subject.consent_date);
    }
    first_infusion_ = known(subject.first_infusion);
    second_infusion_ = known(subject.second_infusion);
    third_infusion_ = known(subject.third_infusion);
    withdrawn_ = known(subject.withdrawn_at);
    dosing_begins_ = dosing_begins();
}

/// The hour alone does not order two events of a morning: it counts as a date without a time.
std::optional<SiteMoment> SubjectCalendar::known(const std::optional<Timestamp>& time) const {
    if (!time || time->precision < Precision::day) {
        return std::nullopt;
    }
    SiteMoment moment{time->day, {}};
    if (time->has_time()) {
        moment.time = time->time_of_day;
        if (site_ != nullptr && site_->zone) {
            const auto local = site_->zone->local(*time);
            moment = local ? this->moment(*local) : SiteMoment{time->day, {}};
        }
    }
    if (time->precision < Precision::minute) {
        moment.time.reset();
    }
    return moment;
}

SiteMoment SubjectCalendar::moment(Instant instant) const {
    if (site_ != nullptr && site_->zone) {
        const LocalTime local = site_->zone->local(instant);
        return {local.day, local.time_of_day};
    }
    const std::chrono::sys_time<std::chrono::microseconds> utc{
        std::chrono::microseconds(instant.microseconds)};
    const LocalDay day = std::chrono::floor<days>(utc);
    return {day, utc - day};
}

SiteMoment SubjectCalendar::moment(const LocalTime& time) const {
    if (time.instant && site_ != nullptr && site_->zone) {
        return moment(*time.instant);
    }
    SiteMoment moment{time.day, {}};
    if (time.has_time) {
        moment.time = time.time_of_day;
    }
    return moment;
}

Draw SubjectCalendar::draw_of(const StoredVersion& version) const {
    Draw draw;
    if (version.collected_local) {
        draw.collected = moment(*version.collected_local);
        if (version.collected && version.collected->precision < Precision::minute) {
            draw.collected.time.reset();
        }
    } else if (const auto collected = known(version.collected)) {
        draw.collected = *collected;
    }
    if (withdrawn_) {
        draw.reported = moment(version.version_time);
    }
    draw.registered_visit = version.registered_visit;
    draw.visit_by_person = version.visit_by_person;
    return draw;
}

std::optional<LocalDay> SubjectCalendar::anchor(const Visit& visit) const {
    const std::optional<SiteMoment>& date =
        visit.anchor == Anchor::screening ? screening_ : first_infusion_;
    return date ? std::optional(date->day) : std::nullopt;
}

std::optional<LocalDay> SubjectCalendar::dosing_begins() const {
    std::optional<LocalDay> first;
    for (const Visit& visit : study_.visits) {
        if (visit.anchor == Anchor::first_infusion && first_infusion_) {
            const LocalDay from = first_infusion_->day + days(visit.from);
            first = first ? std::min(*first, from) : from;
        }
    }
    return first;
}

std::optional<SubjectCalendar::Window> SubjectCalendar::window(const Visit& visit) const {
    const std::optional<LocalDay> day = anchor(visit);
    if (!day) {
        return std::nullopt;
    }
    Window window{*day + days(visit.from), *day + days(visit.until)};
    if (visit.anchor == Anchor::screening && dosing_begins_) {
        window.until = std::min(window.until, *dosing_begins_ - days(1));
    }
    return window;
}

std::optional<LocalDay> SubjectCalendar::screening_began() const {
    return screening_ ? std::optional(screening_->day) : std::nullopt;
}

std::optional<SiteMoment> SubjectCalendar::infusion_of(const Visit& visit) const {
    switch (visit.before) {
        case Infusion::none:
            return std::nullopt;
        case Infusion::first:
            return first_infusion_;
        case Infusion::second:
            return second_infusion_;
        case Infusion::third:
            return third_infusion_;
    }
    return std::nullopt;
}

SubjectCalendar::Dose SubjectCalendar::against_infusion(const SiteMoment& collected,
                                                        const Visit& visit) const {
    const std::optional<SiteMoment> infusion = infusion_of(visit);
    if (!infusion || collected.day < infusion->day) {
        return Dose::before;
    }
    if (collected.day > infusion->day) {
        return Dose::after;
    }
    if (collected.time && infusion->time) {
        return *collected.time > *infusion->time ? Dose::after : Dose::before;
    }
    return site_ != nullptr && site_->draws_before_dosing ? Dose::before : Dose::time_needed;
}

std::optional<PlacementVerdict> SubjectCalendar::after_withdrawal(const Draw& draw) const {
    if (!withdrawn_) {
        return std::nullopt;
    }
    if (is_later(draw.collected, *withdrawn_)) {
        return ignored(Code::after_withdrawal, say(Sentence::place_after_withdrawal));
    }
    if (!study_.keep_reported_after_withdrawal && is_later(draw.reported, *withdrawn_)) {
        return ignored(Code::consent_forbids, say(Sentence::place_reported_after));
    }
    return std::nullopt;
}

PlacementVerdict SubjectCalendar::by_date(const Draw& draw) const {
    const LocalDay day = draw.collected.day;
    const Visit* fits = nullptr;
    bool time_needed = false;
    for (const Visit& visit : study_.visits) {
        const std::optional<Window> open = window(visit);
        if (!open || day < open->from || day > open->until) {
            continue;
        }
        const Dose dose = against_infusion(draw.collected, visit);
        time_needed = time_needed || dose == Dose::time_needed;
        if (dose != Dose::before) {
            continue;
        }
        if (fits != nullptr) {
            return held(Code::visit_ambiguous,
                        say(Sentence::place_two_windows, fits->id, visit.id));
        }
        fits = &visit;
    }
    if (time_needed) {
        return held(Code::visit_time_needed, say(Sentence::place_dose_not_known));
    }
    if (fits != nullptr) {
        const int offset = whole_days(*anchor(*fits), day);
        const auto signed_day = [](int day_of) { return fmt::format("{:+}", day_of); };
        return placed(VisitKind::scheduled, fits->id,
                      say(Sentence::place_day, signed_day(offset), fits->id, signed_day(fits->from),
                          signed_day(fits->until),
                          fits->anchor == Anchor::screening ? "screening" : "first infusion"));
    }
    if (first_infusion_ || subject_.screen_failed_at) {
        return placed(VisitKind::unscheduled, {}, say(Sentence::place_outside));
    }
    return held(Code::visit_anchor_unknown, say(Sentence::place_no_infusion));
}

PlacementVerdict SubjectCalendar::place(const Draw& draw,
                                        bool visit_of_other_study_possible) const {
    PlacementVerdict verdict = choose(draw, visit_of_other_study_possible);
    if (first_infusion_) {
        const int offset = whole_days(first_infusion_->day, draw.collected.day);
        verdict.study_day = offset >= 0 ? offset + 1 : offset;
    }
    return verdict;
}

PlacementVerdict SubjectCalendar::choose(const Draw& draw,
                                         bool visit_of_other_study_possible) const {
    if (auto verdict = after_withdrawal(draw)) {
        return *std::move(verdict);
    }
    if (draw.visit_by_person) {
        if (auto verdict = as_a_person_says(draw)) {
            return *std::move(verdict);
        }
    }
    const Visit* registered = study_.visit(draw.registered_visit);
    if (registered != nullptr) {
        return as_registered(draw, *registered);
    }
    if (!draw.registered_visit.empty() && !visit_of_other_study_possible) {
        return held(Code::visit_contradicts, say(Sentence::place_no_visit));
    }
    const LocalDay day = draw.collected.day;
    if (screening_) {
        LocalDay begins = screening_->day;
        for (const Visit& visit : study_.visits) {
            if (visit.anchor == Anchor::screening) {
                begins = std::min(begins, screening_->day + days(visit.from));
            }
        }
        if (day < begins) {
            return placed(VisitKind::history, {}, say(Sentence::place_history));
        }
    } else if (!dosing_begins_ || day < *dosing_begins_) {
        return held(Code::screening_unknown, say(Sentence::place_no_screening));
    }
    return by_date(draw);
}

/// A person's word goes before windows, and never makes a draw after a dose one before it. Nothing
/// where it names a visit of another study.
std::optional<PlacementVerdict> SubjectCalendar::as_a_person_says(const Draw& draw) const {
    if (draw.registered_visit.empty()) {
        return placed(VisitKind::unscheduled, {}, say(Sentence::place_person_unscheduled));
    }
    const Visit* visit = study_.visit(draw.registered_visit);
    if (visit == nullptr) {
        return std::nullopt;
    }
    if (against_infusion(draw.collected, *visit) == Dose::after) {
        return held(Code::visit_contradicts, say(Sentence::place_person_after, visit->id));
    }
    return placed(VisitKind::scheduled, visit->id, say(Sentence::place_person, visit->id));
}

/// The registry's word settles what the date leaves open, and never what the date denies.
PlacementVerdict SubjectCalendar::as_registered(const Draw& draw, const Visit& visit) const {
    const std::optional<Window> open = window(visit);
    if (!open) {
        return visit.anchor == Anchor::screening
                   ? held(Code::screening_unknown, say(Sentence::place_needs_screening))
                   : held(Code::visit_anchor_unknown, say(Sentence::place_needs_infusion));
    }
    const LocalDay day = draw.collected.day;
    if (day < open->from || day > open->until ||
        against_infusion(draw.collected, visit) == Dose::after) {
        return held(Code::visit_contradicts, say(Sentence::place_registered_outside, visit.id));
    }
    return placed(VisitKind::scheduled, visit.id, say(Sentence::place_registered, visit.id));
}

std::optional<int> SubjectCalendar::days_from_target(const SiteMoment& collected,
                                                     const Visit& visit) const {
    const std::optional<LocalDay> day = anchor(visit);
    if (!day) {
        return std::nullopt;
    }
    const int offset = whole_days(*day + days(visit.target), collected.day);
    return offset < 0 ? -offset : offset;
}

bool SubjectCalendar::forwards() const {
    return !subject_.screen_failed_at || study_.forward_screen_failures;
}

}  // namespace labrelay::study
