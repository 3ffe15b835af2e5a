#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "labrelay/hl7/binding.hpp"
#include "labrelay/mapping/apply.hpp"
#include "notes.hpp"
#include "read_value.hpp"

namespace labrelay::mapping {

/// Finds the OBX that says in words what another one says in numbers: `<outcome>` of
/// docs/mapping.md. Made once a message. Must not outlive context and bindings. One thread.
class Outcomes {
public:
    Outcomes(const MappingContext& context, const std::vector<hl7::ObservationBinding>& bindings);

    struct Partner {
        std::size_t obx = 0;   ///< its segment
        bool several = false;  ///< more than one could be meant: none is
    };
    /// The words for the OBX at `obx`; nothing where its line names none or none came.
    std::optional<Partner> of(std::size_t obx) const;
    /// The OBX at `obx` was read with another one.
    bool is_partner(std::size_t obx) const;

private:
    std::map<std::size_t, Partner> partners_;  ///< by the OBX of the number
    std::vector<std::size_t> words_;           ///< OBX that are somebody's words, ascending
};

/// What another OBX says of this one in words: in the place of a value that is not there, and never
/// against one that is. Holds: outcome-differs.
void take_outcome(ReadValue& read, const hl7::Segment& obx, const MappingContext& context,
                  const Outcomes::Partner& partner, Notes& notes);

}  // namespace labrelay::mapping
