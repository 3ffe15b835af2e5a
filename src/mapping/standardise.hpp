#pragma once

#include <optional>

#include "labrelay/mapping/source_definition.hpp"
#include "labrelay/study/analyte.hpp"
#include "labrelay/study/proposal.hpp"
#include "notes.hpp"
#include "read_unit.hpp"
#include "read_value.hpp"

namespace labrelay::mapping {

/// What a reported value becomes a study value with.
struct ValueQuestion {
    const hl7::Segment& obx;
    const ReadValue& read;
    const ReportedUnit& unit;
    const ObservationLine& line;
    const study::Analyte& analyte;
    const SourceDefinition& source;
};

/// A study value and what the checks need of it: exact where the stored one is rounded.
struct StandardValue {
    study::ResultValue value;
    std::optional<Decimal> exact;         ///< quantified: in the canonical unit, unrounded
    std::optional<units::UnitRule> rule;  ///< how the unit was converted, for the reference range
};

/// The reported value in the analyte's own unit and in standard words. Holds: codes 401, 410 to
/// 414, 425.
StandardValue standardise(const ValueQuestion& question, Notes& notes);

}  // namespace labrelay::mapping
