#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/said.hpp"
#include "labrelay/study/criterion.hpp"
#include "labrelay/study/held_result.hpp"
#include "labrelay/study/placement.hpp"

namespace labrelay::study {

/// How a subject stands to the protocol's criteria, by what is stored. Pure. It informs and never
/// decides; which results count stands in src/study/criteria.md.

/// Of a condition or a criterion: whether what it says is so. An exclusion that is met speaks
/// against the subject.
enum class CriterionStatus : std::uint8_t { met, not_met, undecided, missing, site_attests };
std::string_view to_string(CriterionStatus status);  ///< "not met", "site attests" …

enum class Bearing : std::uint8_t { not_against, against, open, site };
std::string_view to_string(Bearing bearing);  ///< "against", "not against", "open", "site"

/// Over all criteria; never "eligible".
enum class Overall : std::uint8_t { none_against, against, undecided };
std::string_view to_string(Overall overall);  ///< "no laboratory criterion against" …

/// One result that was looked at.
struct Evidence {
    ObservationId id;                   ///< of the version; a derived one: its newest input
    std::vector<ObservationId> inputs;  ///< of a derived version
    std::string analyte;
    std::string value_reported;
    std::string unit_reported;
    std::string value_text;
    std::string unit;  ///< empty beside words
    SiteMoment collected;
    bool history = false;  ///< collected before screening began
    bool counts = true;    ///< false: shown, but nothing rests on it
    Said remark;           ///< why it does not count, or what is to be said of it; may be empty

    friend bool operator==(const Evidence&, const Evidence&) = default;
};

struct ConditionFinding {
    std::string id;
    std::string text;
    CriterionStatus status = CriterionStatus::missing;
    Said because;                   ///< one plain sentence
    std::optional<LocalDay> since;  ///< the collection day from which on it has been so
    std::vector<Evidence> evidence;
    std::vector<Said> notes;
    std::vector<HeldResult> held;  ///< each could change it
};

struct CriterionFinding {
    std::string id;
    Criterion::Sort sort = Criterion::Sort::inclusion;
    std::string text;
    CriterionStatus status = CriterionStatus::missing;
    Bearing bearing = Bearing::open;
    std::vector<ConditionFinding> conditions;
};

/// A condition that looked otherwise when the subject's screening was decided.
struct LaterChange {
    std::string condition;
    CriterionStatus then = CriterionStatus::missing;
    CriterionStatus now = CriterionStatus::missing;
    Said because_then;
    Said because_now;
};

/// What ended screening: only results collected until then count.
struct ScreeningEnd {
    enum class Event : std::uint8_t { randomisation, first_infusion, screen_failure };
    Event event = Event::randomisation;
    SiteMoment at;
};
std::string_view to_string(ScreeningEnd::Event event);  ///< "randomisation" …

struct Eligibility {
    Overall overall = Overall::undecided;
    std::vector<CriterionFinding> criteria;
    std::optional<LocalDay> screening_began;
    std::optional<ScreeningEnd> screening_end;
    std::vector<LaterChange> changed_since;
    std::vector<HeldResult> held;  ///< whose analyte is not known: could change anything
};

struct EligibilityQuestion {
    const SubjectState& results;
    const Subject& subject;
    const StudyDefinition& study;
    /// What was reported later is not known; nothing: everything that is stored is.
    std::optional<Instant> known_until = {};
    std::span<const HeldResult> held = {};
};
Eligibility evaluate(const EligibilityQuestion& question);

}  // namespace labrelay::study
