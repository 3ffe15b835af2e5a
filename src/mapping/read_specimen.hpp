#pragma once

#include <optional>

#include "labrelay/hl7/binding.hpp"
#include "labrelay/mapping/apply.hpp"
#include "notes.hpp"

namespace labrelay::mapping {

/// What an order says about its specimen.
struct SpecimenReading {
    bool control = false;              ///< it is no patient's, by SPM-11 or by a <control> line
    bool role_unknown = false;         ///< SPM-11 names no role of HL7 table 0369
    std::string why;                   ///< where it says that it is no patient's: `SPM-11 Q`
    Place role_at;                     ///< what `why` was read from
    Place id_at;                       ///< what the specimen's id was read from
    study::SpecimenIdentity identity;  ///< `collected` is filled in by the caller
    std::optional<study::SpecimenName> name;
    const study::RegisteredSpecimen* registered = nullptr;  ///< in the registry of the context
};

/// Order numbers, specimen id and role. Holds: order-numbers-disagree.
SpecimenReading read_specimen(const MappingContext& context, const hl7::ObservationBinding& binding,
                              Notes& notes);

}  // namespace labrelay::mapping
