#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/study/registry.hpp"
#include "labrelay/study/state.hpp"
#include "labrelay/study/study_definition.hpp"

namespace labrelay::study {

/// A day, and a time of it where known, in the site's own calendar.
struct SiteMoment {
    LocalDay day{};
    std::optional<std::chrono::microseconds> time;

    friend bool operator==(const SiteMoment&, const SiteMoment&) = default;
};

/// One draw of blood, as placing it needs to know it.
struct Draw {
    SiteMoment collected;
    SiteMoment reported;           ///< the version's time
    std::string registered_visit;  ///< from the specimen registry; may be empty
    bool visit_by_person = false;  ///< it is a person's word; empty: unscheduled

    friend bool operator==(const Draw&, const Draw&) = default;
};

/// Where a draw belongs. The rules stand in src/study/placement.md.
struct PlacementVerdict {
    enum class Kind : std::uint8_t { placed, held, ignored };
    Kind kind = Kind::placed;
    Code rule = Code::none;  ///< why held or ignored
    std::string visit;       ///< placed on a scheduled visit
    VisitKind visit_kind = VisitKind::unscheduled;
    std::optional<int> study_day;  ///< whatever the kind, once the first infusion is known
    Said because;                  ///< one sentence for the lineage
};

/// A subject's dates in its site's calendar; the windows of the study's visits for this subject.
/// Borrows subject and study, which must outlive it.
class SubjectCalendar {
public:
    SubjectCalendar(const Subject& subject, const StudyDefinition& study);

    const Subject& subject() const { return subject_; }
    const StudyDefinition& study() const { return study_; }

    SiteMoment moment(const LocalTime& time) const;
    SiteMoment moment(Instant instant) const;
    Draw draw_of(const StoredVersion& version) const;

    /// `visit_of_other_study_possible`: the person is in several studies, so that a registered
    /// visit that this study does not know may be another's.
    PlacementVerdict place(const Draw& draw, bool visit_of_other_study_possible = false) const;

    /// Whole days between a draw and the target day of a visit; nothing where the anchor is not
    /// known.
    std::optional<int> days_from_target(const SiteMoment& collected, const Visit& visit) const;
    /// Results of this subject go to the study database.
    bool forwards() const;

    /// Days of a visit's window, both included.
    struct Window {
        LocalDay from;
        LocalDay until;
    };
    /// Nothing where the anchor is not known. Screening ends where dosing begins.
    std::optional<Window> window(const Visit& visit) const;
    /// A registry time here; nothing where less than its day is known.
    std::optional<SiteMoment> known(const std::optional<Timestamp>& time) const;
    /// `screening_from`, else the consent date.
    std::optional<LocalDay> screening_began() const;
    /// The infusion that the visit's blood must be drawn before, where it is known.
    std::optional<SiteMoment> infusion_of(const Visit& visit) const;

private:
    enum class Dose : std::uint8_t { before, after, time_needed };

    std::optional<LocalDay> anchor(const Visit& visit) const;
    std::optional<LocalDay> dosing_begins() const;
    Dose against_infusion(const SiteMoment& collected, const Visit& visit) const;
    std::optional<PlacementVerdict> after_withdrawal(const Draw& draw) const;
    PlacementVerdict by_date(const Draw& draw) const;
    PlacementVerdict choose(const Draw& draw, bool visit_of_other_study_possible) const;
    PlacementVerdict as_registered(const Draw& draw, const Visit& visit) const;
    std::optional<PlacementVerdict> as_a_person_says(const Draw& draw) const;

    const Subject& subject_;
    const StudyDefinition& study_;
    const Site* site_ = nullptr;
    std::optional<SiteMoment> screening_;
    std::optional<SiteMoment> first_infusion_;
    std::optional<SiteMoment> second_infusion_;
    std::optional<SiteMoment> third_infusion_;
    std::optional<SiteMoment> withdrawn_;
    std::optional<LocalDay>
        dosing_begins_;  ///< first day of the first window counted from the infusion
};

}  // namespace labrelay::study
