#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/study/outcome.hpp"
#include "labrelay/study/proposal.hpp"

namespace labrelay::store {

/// What was found and which rules were applied when a message was processed: kept with it, so that
/// every value can be explained as it was explained then. Format: src/store/lineage_record.md.
struct LineageRecord {
    struct Observation {
        std::int32_t ordinal = 0;
        std::vector<Finding> findings;
        std::vector<study::LineageStep> steps;
    };
    std::vector<Finding> findings;  ///< the message's own
    std::vector<Observation> observations;
};

std::string pack_lineage(const study::Proposal& proposal, const study::Outcome& outcome);
/// Nothing where the bytes are not a record of a version that this build knows.
std::optional<LineageRecord> unpack_lineage(std::string_view packed);

}  // namespace labrelay::store
