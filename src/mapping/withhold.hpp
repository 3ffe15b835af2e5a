#pragma once

#include "labrelay/mapping/source_definition.hpp"
#include "labrelay/study/proposal.hpp"
#include "notes.hpp"
#include "read_unit.hpp"
#include "read_value.hpp"

namespace labrelay::mapping {

/// What stands in the place of a text that does not go to a study.
inline constexpr std::string_view kWithheld = "[withheld]";

/// The sender's own words of a result that is stored, and what they were read with.
struct SentWords {
    const hl7::Segment& obx;
    const ReadValue& read;
    const ReportedUnit& unit;
    const ObservationLine& line;
    const SourceDefinition& source;
};

/// A result carries the sender's words to the study as far as they were read: as a value, a unit, a
/// range, flags, times, or as a method or laboratory that the source's file declares. Everything
/// else could name a person, stays in the sealed message, and is said by a note `text-withheld` at
/// its field. A method or laboratory that is not declared leaves as `undeclared-` and a digest, so
/// that its change shows. The rules: apply.md, Words that leave.
void withhold_unread(const SentWords& words, study::ProposedObservation& out, Notes& notes);

}  // namespace labrelay::mapping
