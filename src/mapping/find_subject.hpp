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

/// An identifier and where it stood.
struct ReadIdentifier {
    study::Identifier identifier;
    Place place;
    Place read = {};  ///< the same place, down to the leaf
};

/// What the source's patient lines find, each once.
std::vector<ReadIdentifier> read_identifiers(const MappingContext& context,
                                             const hl7::SegmentScope& scope);
/// A subject counts where its study is configured and lets this authority name its subjects.
bool counts(const MappingContext& context, const study::Subject& subject,
            const std::string& authority);
/// By id, each once.
std::vector<const study::Subject*> by_identifiers(const MappingContext& context,
                                                  const std::vector<ReadIdentifier>& identifiers);
/// The subject, and the same person in other studies. By id.
std::vector<const study::Subject*> person_with(const MappingContext& context,
                                               const study::Subject& subject);
/// Subjects of several studies that share an identifier.
bool are_one_person(const std::vector<const study::Subject*>& subjects);

/// By every patient line, else through the specimen; cross-checked with birth date and sex. Holds:
/// codes 501 to 509.
SubjectMatch find_subject(const MappingContext& context, const hl7::ObservationBinding& binding,
                          const SpecimenReading& specimen, Notes& notes);

/// Compares the birth date and the sex that the message holds with the registry's.
void check_person(const MappingContext& context, const hl7::ObservationBinding& binding,
                  const std::vector<const study::Subject*>& subjects, Notes& notes);

}  // namespace labrelay::mapping
