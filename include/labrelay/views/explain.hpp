#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "labrelay/pipeline/ack_policy.hpp"
#include "labrelay/study/outcome.hpp"
#include "labrelay/study/overlay.hpp"
#include "labrelay/study/registry.hpp"
#include "labrelay/study/study_definition.hpp"

namespace labrelay::views {

/// What explain and the golden cases show of one message: everything that process() and decide()
/// said.
struct Explanation {
    const study::Proposal& proposal;
    const study::Outcome& outcome;
    const pipeline::Answer& answer;
    const study::Registry& registry;
    const study::StudyRules& rules;
    bool with_store = false;  ///< false: says which checks could not be decided
    /// The message of the store that it is, and what people decided for that: then the outcome is
    /// what processing it again gives.
    struct Before {
        std::optional<MessageId> message;
        std::span<const study::Overlay> overlays;
    };
    Before before = {};
};

/// One clause an observation, a specimen that was learned and a notice, or one for a message that
/// is refused or a duplicate, in the form of the golden cases' first line: `stored CD4A 412 /uL at
/// M3 for S-004`, `held unknown-unit OBX[2]`, `notice merge-proposed for S-004`.
std::vector<std::string> clauses(const Explanation& explanation);

/// For a terminal: per observation the outcome, then every rule applied and why.
std::string explain_text(const Explanation& explanation);

/// The same as JSON, UTF-8, ends with a line feed.
std::string explain_json(const Explanation& explanation);

}  // namespace labrelay::views
