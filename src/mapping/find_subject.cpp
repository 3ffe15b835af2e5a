#include "find_subject.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace labrelay::mapping {

using study::Identifier;
using study::Subject;

std::vector<ReadIdentifier> read_identifiers(const MappingContext& context,
                                             const hl7::SegmentScope& scope) {
    std::vector<ReadIdentifier> found;
    for (const PatientLine& line : context.source.patients) {
        for (const hl7::PathMatch& match : line.from.find_all(scope)) {
            const std::string text = match.element.text();
            Identifier identifier{line.authority, std::string(trimmed(text))};
            const bool known = std::any_of(found.begin(), found.end(), [&](const auto& other) {
                return other.identifier == identifier;
            });
            if (!identifier.value.empty() && !known) {
                found.push_back({std::move(identifier),
                                 {match.place, match.element.offset()},
                                 place_of_leaf(match)});
            }
        }
    }
    return found;
}

namespace {

bool shares_identifier(const Subject& left, const Subject& right) {
    return std::any_of(
        left.identifiers.begin(), left.identifiers.end(), [&](const Identifier& identifier) {
            return std::find(right.identifiers.begin(), right.identifiers.end(), identifier) !=
                   right.identifiers.end();
        });
}

/// One person in two studies is two subjects that share an identifier.
bool may_be_one_person(const Subject& left, const Subject& right) {
    if (left.id == right.id) {
        return true;
    }
    return left.study != right.study && shares_identifier(left, right);
}

}  // namespace

bool are_one_person(const std::vector<const Subject*>& subjects) {
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        for (std::size_t j = i + 1; j < subjects.size(); ++j) {
            if (!may_be_one_person(*subjects[i], *subjects[j])) {
                return false;
            }
        }
    }
    return true;
}

namespace {

void add_subject(std::vector<const Subject*>& subjects, const Subject* subject) {
    const auto at =
        std::lower_bound(subjects.begin(), subjects.end(), subject,
                         [](const Subject* a, const Subject* b) { return a->id < b->id; });
    if (at == subjects.end() || (*at)->id != subject->id) {
        subjects.insert(at, subject);
    }
}

}  // namespace

bool counts(const MappingContext& context, const Subject& subject, const std::string& authority) {
    const study::StudyDefinition* study = context.configuration.rules().study(subject.study);
    return study != nullptr && std::find(study->authorities.begin(), study->authorities.end(),
                                         authority) != study->authorities.end();
}

std::vector<const Subject*> person_with(const MappingContext& context, const Subject& subject) {
    std::vector<const Subject*> subjects;
    add_subject(subjects, &subject);
    for (const Identifier& identifier : subject.identifiers) {
        for (const Subject* same : context.registry.subjects_by_identifier(identifier)) {
            if (same->study != subject.study && counts(context, *same, identifier.authority)) {
                add_subject(subjects, same);
            }
        }
    }
    return subjects;
}

std::vector<const Subject*> by_identifiers(const MappingContext& context,
                                           const std::vector<ReadIdentifier>& identifiers) {
    std::vector<const Subject*> subjects;
    for (const ReadIdentifier& read : identifiers) {
        for (const Subject* subject : context.registry.subjects_by_identifier(read.identifier)) {
            if (counts(context, *subject, read.identifier.authority)) {
                add_subject(subjects, subject);
            }
        }
    }
    return subjects;
}

namespace {

std::vector<const Subject*> by_specimen(const MappingContext& context,
                                        const SpecimenReading& specimen) {
    std::vector<const Subject*> subjects;
    if (specimen.registered == nullptr) {
        return subjects;
    }
    for (const Subject* subject : context.registry.subjects_of(*specimen.registered)) {
        if (context.configuration.rules().study(subject->study) != nullptr) {
            add_subject(subjects, subject);
        }
    }
    return subjects;
}

std::string names_of(const std::vector<const Subject*>& subjects) {
    std::vector<std::string> names;
    names.reserve(subjects.size());
    for (const Subject* subject : subjects) {
        names.push_back(fmt::format("{} of {}", subject->label(), subject->study));
    }
    return fmt::format("{}", fmt::join(names, " and "));
}

/// Nobody is found: held, or ignored where the source says that most of its patients are in no
/// trial.
void nobody(const MappingContext& context, Code code, Place place, const Place& read,
            std::string value, SubjectMatch& match, Notes& notes) {
    const auto where = [&] { return std::vector{read}; };
    if (context.source.unknown_patient == UnknownPatient::ignore && code == Code::unknown_subject) {
        match.not_registered = true;
        notes.step(
            "subject.not-registered",
            [&] {
                return say(Sentence::subject_ignored, place.text, context.registry.version(),
                           context.source.file);
            },
            where);
        return;
    }
    notes.step(
        "subject.unknown",
        [&] { return say(Sentence::subject_nobody, place.text, context.registry.version()); },
        where);
    notes.hold(code, std::move(place), {}, std::move(value));
}

/// The specimen's registered patient is not the one that the message names.
bool contradicts(const SpecimenReading& specimen, const std::vector<const Subject*>& of_message,
                 const std::vector<const Subject*>& of_specimen,
                 const std::vector<ReadIdentifier>& identifiers) {
    if (specimen.registered == nullptr) {
        return false;
    }
    for (const Subject* subject : of_specimen) {
        for (const Subject* named : of_message) {
            if (!may_be_one_person(*subject, *named)) {
                return true;
            }
        }
    }
    const auto& patient = specimen.registered->patient;
    const auto differs = [](const Identifier& registered, const Identifier& read) {
        return registered.authority == read.authority && registered.value != read.value;
    };
    const auto unknown_to_registry = [&](const ReadIdentifier& read) {
        if (patient && of_specimen.empty() && differs(*patient, read.identifier)) {
            return true;
        }
        // The message's patient is in no study, while the specimen's is known under another number.
        return of_message.empty() &&
               std::any_of(of_specimen.begin(), of_specimen.end(), [&](const Subject* subject) {
                   return std::any_of(subject->identifiers.begin(), subject->identifiers.end(),
                                      [&](const Identifier& registered) {
                                          return differs(registered, read.identifier);
                                      });
               });
    };
    return std::any_of(identifiers.begin(), identifiers.end(), unknown_to_registry);
}

void through_specimen(const MappingContext& context, const SpecimenReading& specimen,
                      std::vector<const Subject*> of_specimen, SubjectMatch& match, Notes& notes) {
    const std::string& authority = specimen.name->authority;
    const Place place = place_of(context.source.specimens.front().from);
    if (specimen.registered == nullptr) {
        nobody(context, Code::unknown_specimen, place, specimen.id_at, specimen.name->specimen,
               match, notes);
        return;
    }
    if (of_specimen.empty()) {
        nobody(context, Code::unknown_subject, place, specimen.id_at, specimen.name->specimen,
               match, notes);
        return;
    }
    if (!are_one_person(of_specimen)) {
        notes.hold(Code::identifiers_disagree, place, "the specimen is registered for two persons");
        return;
    }
    match.subjects = std::move(of_specimen);
    notes.step(
        "subject.specimen",
        [&] {
            return say(Sentence::subject_by_specimen, authority, names_of(match.subjects),
                       context.registry.version());
        },
        [&] { return std::vector{specimen.id_at}; });
}

void through_identifiers(const MappingContext& context, const SpecimenReading& specimen,
                         const std::vector<ReadIdentifier>& identifiers,
                         const std::vector<const Subject*>& of_specimen, SubjectMatch& match,
                         Notes& notes) {
    std::vector<const Subject*> named = by_identifiers(context, identifiers);
    const ReadIdentifier& first = identifiers.front();
    if (!are_one_person(named)) {
        notes.hold(Code::identifiers_disagree, first.place, {}, first.identifier.value);
        return;
    }
    if (contradicts(specimen, named, of_specimen, identifiers)) {
        notes.hold(Code::specimen_conflict, first.place, {}, specimen.name->specimen);
        return;
    }
    if (named.empty() && !of_specimen.empty()) {
        // A trial subject's specimen under a number nobody knows: never ignored, whatever the
        // source says.
        notes.hold(Code::unknown_subject, first.place, "the specimen is a subject's",
                   first.identifier.value);
        return;
    }
    if (named.empty()) {
        nobody(context, Code::unknown_subject, first.place, first.read, first.identifier.value,
               match, notes);
        return;
    }
    match.subjects = std::move(named);
    notes.step(
        "subject.identifier",
        [&] {
            std::vector<std::string> lines;
            lines.reserve(identifiers.size());
            for (const ReadIdentifier& read : identifiers) {
                lines.push_back(fmt::format("{} ({})", read.place.text, read.identifier.authority));
            }
            return say(Sentence::subject_by_identifier,
                       fmt::format("{}", fmt::join(lines, " and ")), names_of(match.subjects),
                       context.registry.version());
        },
        [&] {
            std::vector<Place> read;
            std::ranges::transform(identifiers, std::back_inserter(read), &ReadIdentifier::read);
            return read;
        });
}

}  // namespace

SubjectMatch find_subject(const MappingContext& context, const hl7::ObservationBinding& binding,
                          const SpecimenReading& specimen, Notes& notes) {
    const hl7::ObservationScope scope(context.message, binding);
    SubjectMatch match;
    const std::vector<ReadIdentifier> identifiers = read_identifiers(context, scope);
    for (const ReadIdentifier& read : identifiers) {
        match.patient.push_back(read.identifier);
    }
    std::vector<const Subject*> of_specimen = by_specimen(context, specimen);
    if (!identifiers.empty()) {
        through_identifiers(context, specimen, identifiers, of_specimen, match, notes);
    } else if (specimen.name) {
        through_specimen(context, specimen, std::move(of_specimen), match, notes);
    } else {
        const auto& lines = context.source.patients;
        notes.hold(Code::no_identifier,
                   lines.empty() ? Place{"PID-3", Place::kNoOffset} : place_of(lines.front().from));
    }
    check_person(context, binding, match.subjects, notes);
    return match;
}

}  // namespace labrelay::mapping
