#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/study/criteria.hpp"
#include "labrelay/study/placement.hpp"

namespace labrelay::study {

/// One stored result as criteria see it: the version that was current by what is known.
struct Reading {
    const ResultRecord* record = nullptr;
    const StoredVersion* version = nullptr;
    SiteMoment collected;
    std::string_view unusable;  ///< why nothing may rest on it; empty: it counts
};

/// What is there of an analyte, or of several that say the same thing.
struct Course {
    std::vector<const Reading*> usable;    ///< by collection
    std::vector<const Reading*> unusable;  ///< by collection
};

/// All results of a subject that criteria may look at: collected until screening ended, and not
/// after a withdrawal. Borrows everything that it is given.
class Readings {
public:
    Readings(const SubjectState& results, const SubjectCalendar& calendar,
             std::optional<Instant> known_until, const std::optional<SiteMoment>& until);

    /// Collected until `last`. Of one specimen the first of `analytes` that has a usable result
    /// stands for it.
    Course course(const std::vector<std::string>& analytes, LocalDay last) const;
    /// Every day on which something was collected, in order.
    std::vector<LocalDay> days() const;

private:
    std::vector<Reading> all_;  // by collection
};

/// The last of a course; several where their order cannot be told.
std::vector<const Reading*> latest_of(const std::vector<const Reading*>& usable);

/// Certainly later, by times where both have one.
bool is_later(const SiteMoment& moment, const SiteMoment& than);

Evidence evidence_of(const Reading& reading, std::optional<LocalDay> screening_began);

}  // namespace labrelay::study
