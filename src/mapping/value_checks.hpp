#pragma once

#include <string_view>
#include <vector>

#include "labrelay/hl7/binding.hpp"
#include "labrelay/study/study_definition.hpp"
#include "standardise.hpp"

namespace labrelay::mapping {

/// The checks of the family `value` that the studies of an observation's subjects have for its
/// analyte; one that several studies have is asked once. Borrows the rules.
class ValueChecks {
public:
    ValueChecks() = default;
    ValueChecks(const study::StudyRules& rules, std::string_view source, std::string_view analyte,
                const std::vector<const study::Subject*>& subjects);

    const std::vector<const study::CheckDefinition*>& all() const { return checks_; }
    /// The most severe of a kind; nothing: no study asks.
    const study::CheckDefinition* of(study::CheckKind kind) const;

private:
    void add_critical(const study::StudyRules& rules, std::string_view source,
                      std::string_view analyte);

    std::vector<const study::CheckDefinition*> checks_;
};

/// Whose value it is, as far as all subjects of the observation agree.
struct Person {
    std::optional<study::Sex> sex;
    std::optional<Timestamp> birth_date;
    std::optional<study::Age> age;  ///< at collection
};
Person person_of(const std::vector<const study::Subject*>& subjects,
                 const std::optional<LocalTime>& collected);

enum class ValueAnswer : std::uint8_t { passed, failed, undecidable };
Said check_sentence(const study::CheckDefinition& check, ValueAnswer answer, const Said& numbers);
std::string check_detail(const study::CheckDefinition& check, std::string_view detail);

/// Writes what a check found: a finding where it failed, a step of the lineage in every case.
/// `place` is the finding's, `read` what of the message was judged, if anything. `numbers` gives
/// the sentence with the numbers; `value` is for a person who may see the message.
template <class Says>
void report(const study::CheckDefinition& check, ValueAnswer answer, Place place,
            const std::optional<Spot>& read, Notes& notes, const Says& numbers,
            std::string_view detail = {}, std::string value = {}) {
    notes.step(
        "check." + check.id, [&] { return check_sentence(check, answer, numbers()); },
        [&] { return read ? std::vector{place_of(*read)} : std::vector<Place>(); });
    if (answer == ValueAnswer::failed) {
        notes.find(study::info(check.kind).code, check.steps.front().severity, std::move(place),
                   check_detail(check, detail), std::move(value));
    }
}

// The checks of the value itself.
void check_critical(const ValueChecks& checks, const ValueQuestion& question,
                    const StandardValue& standard, Notes& notes);
void check_mix_up(const ValueChecks& checks, const ValueQuestion& question, const Person& person,
                  const StandardValue& standard, Notes& notes);

/// What the checks of a value's surroundings are asked with.
struct Surroundings {
    const MappingContext& context;
    const hl7::ObservationBinding& binding;
    const Person& person;
    const std::optional<LocalTime>& collected;
    Instant version_time;
    std::optional<Decimal> exact;
    std::optional<Spot> value;  ///< where the value was read
};
/// Sex-bound tests, times that cannot be, remarks that spoil the value.
void check_surroundings(const ValueChecks& checks, const Surroundings& around, Notes& notes);

}  // namespace labrelay::mapping
