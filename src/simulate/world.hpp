#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "calendar.hpp"
#include "random.hpp"

namespace labrelay::simulate {

/// A synthetic patient. Nobody of this name or number exists.
struct Person {
    std::string mrn;
    std::string name;
    Day birth{};
    bool female = false;
};

/// How the blood of one subject behaves over the trial, in plain integers.
struct Course {
    std::int64_t cd4 = 200;     ///< at screening, per uL
    std::int64_t cd4_gain = 0;  ///< until day 365
    std::int64_t cd8 = 700;
    bool suppressed = true;  ///< viral load stays near or under the limit of the assay
};

constexpr std::size_t kInfusions = 3;

struct Subject {
    Person person;
    std::string screening_no;
    std::string subject_no;  ///< empty: never enrolled
    Day consent{};
    std::optional<Day> screening_from;
    std::array<std::optional<Moment>, kInfusions> infusions;
    std::optional<Day> withdrawn;
    std::optional<Day> screen_failed;
    Day art_start{};
    Course course;

    const std::string& label() const { return subject_no.empty() ? screening_no : subject_no; }
    Day screening_anchor() const { return screening_from.value_or(consent); }
};

/// Blood in a tube: whose, when, and the number that every laboratory knows it by.
struct Specimen {
    std::size_t subject = 0;
    Moment collected;
    std::string accession;
};

struct ScheduledVisit {
    std::string_view id;
    bool from_infusion;  ///< anchor: first infusion, else screening
    int target;          ///< days after the anchor, like the two ends of the window
    int from;
    int until;
    int before_infusion;  ///< 1 to 3: the blood must be drawn before this dose; 0: none
};

/// The schedule as the trial's protocol says it, written down here once more on purpose: the truth
/// must not be read from the configuration that it judges.
inline constexpr std::array<ScheduledVisit, 7> kSchedule{{
    {"SCR", false, 0, 0, 28, 0},
    {"M0", true, 0, -3, 0, 1},
    {"M1", true, 30, 23, 37, 2},
    {"M2", true, 61, 54, 68, 3},
    {"M3", true, 91, 77, 105, 0},
    {"M6", true, 183, 162, 204, 0},
    {"M12", true, 365, 335, 395, 0},
}};

const ScheduledVisit& scheduled_visit(std::string_view id);
Day target_day(const Subject& subject, const ScheduledVisit& visit);

/// The visit that blood drawn at `collected` belongs to; nothing for unscheduled blood and for
/// history.
const ScheduledVisit* visit_of(const Subject& subject, Moment collected);

/// The day of each visit's draw of one subject, as offsets of the visit's anchor; nothing: not
/// drawn.
using Draws = std::array<std::optional<int>, 7>;

/// A subject and when blood is drawn for the seven visits.
struct Enrolment {
    Subject subject;
    Draws draws;
};

/// Whom the model knows by part, because each of them is in the samples for a reason.
enum class Cast : std::size_t {
    on_time,
    early,
    late,
    unscheduled,
    screen_failure,
    enrolled_late,
    withdrawn,
    screened_before,
    two_draws,
    in_screening,
};
constexpr std::size_t kCast = 10;

/// The ten above, then ordinary subjects up to `count`.
std::vector<Enrolment> enrol(std::size_t count, Random& random);

/// Patients of the hospital who are in no trial.
Person bystander(std::size_t number, Random& random);

}  // namespace labrelay::simulate
