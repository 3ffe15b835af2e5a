#pragma once

#include <vector>

#include "labrelay/mapping/apply.hpp"
#include "labrelay/study/proposal.hpp"

namespace labrelay::mapping {

/// What a message without results says about identifiers.
struct IdentifierNews {
    std::vector<study::ProposedNotice> notices;
    /// Identifiers of the message's patients, where none of them is a subject: it is not about us
    /// until one of them is registered.
    std::vector<study::Identifier> unknown_patients;
};

/// ADT^A01, A04, A08, A28, A31: a subject that is named by a known identifier beside one that the
/// registry does not know. A proposal for a person, never a link.
IdentifierNews read_new_identifiers(const MappingContext& context);

/// ADT^A40: PID-3 stays, MRG-1 goes. A proposal for a person, never a merge.
IdentifierNews read_merges(const MappingContext& context);

/// Only who is meant: for orders.
IdentifierNews read_patients(const MappingContext& context);

}  // namespace labrelay::mapping
