#pragma once

#include <vector>

#include "labrelay/hl7/binding.hpp"
#include "labrelay/mapping/apply.hpp"
#include "notes.hpp"
#include "read_specimen.hpp"

namespace labrelay::mapping {

/// Whose order it is.
struct SubjectMatch {
    std::vector<const study::Subject*>
        subjects;                            ///< one a study, by id; empty where nobody is certain
    std::vector<study::Identifier> patient;  ///< the identifiers that the message holds
    bool not_registered = false;  ///< nobody, and the source says that such patients are ignored
};

/// By every patient line, else through the specimen; cross-checked with birth date and sex. Holds:
/// codes 501 to 509.
SubjectMatch find_subject(const MappingContext& context, const hl7::ObservationBinding& binding,
                          const SpecimenReading& specimen, Notes& notes);

/// Compares the birth date and the sex that the message holds with the registry's.
void check_person(const MappingContext& context, const hl7::ObservationBinding& binding,
                  const std::vector<const study::Subject*>& subjects, Notes& notes);

}  // namespace labrelay::mapping
