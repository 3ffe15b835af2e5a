#pragma once

#include <string_view>

#include "labrelay/study/state.hpp"

namespace labrelay::study {

/// The version that an observation would be, were it stored. What was withdrawn or never made has
/// no value, whatever the message repeats.
StoredVersion candidate_version(const Proposal& proposal, const ProposedObservation& observation);

/// A withdrawal or a promotion need not repeat what it is about: analyte and draw are `earlier`'s.
void complete_from(StoredVersion& version, const StoredVersion& earlier);

/// `version.correction` …: the lineage's word for what the status did.
std::string_view lineage_rule(ObservationStatus status);

}  // namespace labrelay::study
