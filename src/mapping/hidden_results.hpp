#pragma once

#include <vector>

#include "labrelay/hl7/binding.hpp"
#include "labrelay/mapping/apply.hpp"
#include "notes.hpp"

namespace labrelay::mapping {

class OrderReader;

/// A note is never read as the value that is missing, but nobody should have to search for it:
/// value-in-note, for an OBX without a value.
void flag_value_in_notes(const MappingContext& context, const hl7::ObservationBinding& binding,
                         Notes& notes);

/// The same for notes below an OBR that has no OBX (result-in-note). A finding of the message, and
/// where the patient is a subject a notice too: nothing of such an order is held, so that nobody
/// would look at it.
void flag_results_below_orders(const MappingContext& context,
                               const std::vector<hl7::ObservationBinding>& bindings,
                               OrderReader& orders, MappedMessage& mapped);

}  // namespace labrelay::mapping
