#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/study/analyte.hpp"

namespace labrelay::study {

/// An identifier always names who gave it.
struct Identifier {
    std::string authority;  ///< QILU-MRN
    std::string value;

    friend auto operator<=>(const Identifier&, const Identifier&) = default;
};

/// One person in one study, as the registry knows it now. Empty means not known. Somebody in two
/// studies is two subjects that share an identifier.
struct Subject {
    SubjectId id;
    std::string study;
    std::string site;
    std::string screening_no;
    std::string subject_no;
    std::vector<Identifier> identifiers;
    std::optional<Sex> sex;
    std::optional<Timestamp> birth_date;  ///< its precision counts
    std::optional<bool> child_bearing;
    std::optional<Timestamp> consent_date;
    std::optional<Timestamp> screening_from;
    std::optional<Timestamp> first_infusion;
    std::optional<Timestamp> second_infusion;
    std::optional<Timestamp> third_infusion;
    std::optional<Timestamp> randomised_at;
    std::optional<Timestamp> withdrawn_at;
    std::optional<Timestamp> screen_failed_at;
    std::optional<Timestamp> art_start;
    std::optional<Timestamp> regimen_changed;

    /// The name that the study database sees: the subject number, before enrolment the screening
    /// number.
    const std::string& label() const { return subject_no.empty() ? screening_no : subject_no; }
    /// What stays the same for the subject's life: the screening number, else the subject number.
    const std::string& stable_key() const {
        return screening_no.empty() ? subject_no : screening_no;
    }

    friend bool operator==(const Subject&, const Subject&) = default;
};

struct SpecimenName {
    std::string authority;  ///< who numbers the specimens: QILU-ACC
    std::string specimen;

    friend auto operator<=>(const SpecimenName&, const SpecimenName&) = default;
};

/// A specimen whose patient is known: imported, or learned from an order or a result that carries
/// both.
struct RegisteredSpecimen {
    SpecimenName name;
    std::optional<Identifier> patient;  ///< by identifier …
    std::string subject_no;             ///< … or by subject or screening number, of any study
    std::optional<Timestamp> collected_at;
    std::string visit;  ///< may be empty

    friend bool operator==(const RegisteredSpecimen&, const RegisteredSpecimen&) = default;
};

/// A snapshot of subjects, identifiers and specimens. Immutable and cheap to copy: a change gives a
/// new snapshot with a higher version that shares what did not change. Safe to share between
/// threads.
class Registry {
public:
    Registry();

    /// The number of a fact: what is stored and shown. It does not tell two snapshots apart: where
    /// several nodes append, one that fills a gap between the numbers leaves it as it is.
    std::int64_t version() const { return version_; }
    /// Of the content: another one wherever content differs, and the same after a change that
    /// changes nothing. Of this process, never stored.
    std::uint64_t stamp() const { return stamp_; }
    const Subject* subject(SubjectId id) const;
    /// The subjects (one a study) that carry the identifier.
    std::vector<const Subject*> subjects_by_identifier(const Identifier& identifier) const;
    /// By subject or screening number, in every study.
    std::vector<const Subject*> subjects_by_number(std::string_view number) const;
    const RegisteredSpecimen* specimen(const SpecimenName& name) const;
    std::vector<const Subject*> subjects_of(const RegisteredSpecimen& specimen) const;
    std::vector<const Subject*> all_subjects() const;              ///< by study, then label
    std::vector<const RegisteredSpecimen*> all_specimens() const;  ///< by name

    /// Adds the subject or replaces the one with its id.
    Registry with(Subject subject) const;
    Registry with(RegisteredSpecimen specimen) const;
    /// The same for many at once, as one change: for loading and importing.
    Registry with(std::vector<Subject> subjects, std::vector<RegisteredSpecimen> specimens) const;
    Registry at_version(std::int64_t version) const;

private:
    struct Subjects;
    struct Shard;
    Registry next() const;
    static constexpr std::size_t kShards = 256;
    std::int64_t version_ = 0;
    std::uint64_t stamp_ = 0;
    std::shared_ptr<const Subjects> subjects_;
    std::array<std::shared_ptr<const Shard>, kShards> specimens_;
};

}  // namespace labrelay::study
