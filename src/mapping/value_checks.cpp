#include "value_checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "read_times.hpp"

namespace labrelay::mapping {
namespace {

using study::CheckDefinition;
using study::CheckKind;
using units::UnitRule;

Severity severity(const CheckDefinition& check) {
    return check.steps.front().severity;
}

/// A case-blind search for ASCII letters; others are compared as they are.
bool contains(std::string_view text, std::string_view word) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::search(text.begin(), text.end(), word.begin(), word.end(),
                       [&](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

std::string limits_text(const study::Limits& limits) {
    const auto end = [](const std::optional<Decimal>& limit) {
        return limit ? limit->to_string() : std::string("…");
    };
    return fmt::format("{} … {}", end(limits.low), end(limits.high));
}

std::string with_unit(const study::ResultValue& value) {
    return fmt::format("{} {}", value.value_text, value.unit);
}

/// The same number in another unit of the analyte that makes it a usual value.
const UnitRule* usual_in(const ValueQuestion& question, const Decimal& number, const Decimal& exact,
                         const study::Limits& range) {
    for (const UnitRule& rule : question.line.units.rules()) {
        if (rule.kind != UnitRule::Kind::factor) {
            continue;
        }
        const auto value = number.times(rule.factor);
        if (value && *value != exact && range.contain(*value)) {
            return &rule;
        }
    }
    return nullptr;
}

/// Outside by more than the factor: half of a limit is a sick patient, a tenth another unit.
bool far_outside(const Decimal& value, const study::Limits& range, const Decimal& factor) {
    const auto more = value.times(factor);
    const auto top = range.high ? range.high->times(factor) : std::nullopt;
    return (range.low && more && *more < *range.low) || (top && value > *top);
}

/// The first remark of the laboratory about result, order or specimen that holds one of the words.
std::optional<Place> remark(const Surroundings& around, const std::vector<std::string>& words) {
    const hl7::Message& message = around.context.message;
    const auto find = [&](std::size_t position, std::size_t field) -> std::optional<Place> {
        if (position == 0) {
            return std::nullopt;
        }
        const hl7::Segment segment = message.segment(position);
        const std::string text = segment.field(field).text_with_delimiters();
        const bool said = std::ranges::any_of(
            words, [&](const std::string& word) { return contains(text, word); });
        return said ? std::optional(place_of(segment, field)) : std::nullopt;
    };
    for (const std::size_t note : around.binding.notes) {
        if (auto place = find(note, 3)) {
            return place;
        }
    }
    // Remarks about the order follow its OBR.
    for (std::size_t at = around.binding.obr + 1;
         around.binding.obr != 0 && at <= message.segment_count() &&
         message.segment(at).id() == "NTE";
         ++at) {
        if (auto place = find(at, 3)) {
            return place;
        }
    }
    for (const auto& [position, field] : {std::pair(around.binding.spm, std::size_t{21}),
                                          std::pair(around.binding.spm, std::size_t{24}),
                                          std::pair(around.binding.obr, std::size_t{13}),
                                          std::pair(around.binding.obr, std::size_t{39})}) {
        if (auto place = find(position, field)) {
            return place;
        }
    }
    return std::nullopt;
}

hl7::Segment obx_of(const Surroundings& around) {
    return around.context.message.segment(around.binding.obx);
}

void check_sex(const CheckDefinition& check, const Surroundings& around, Notes& notes) {
    const auto& sex = around.person.sex;
    const ValueAnswer answer = !sex                ? ValueAnswer::undecidable
                               : *sex == check.sex ? ValueAnswer::passed
                                                   : ValueAnswer::failed;
    report(check, answer, place_of(obx_of(around), 3), {}, notes, [&] {
        return !sex ? say(Sentence::sex_not_known)
                    : say(Sentence::sex_of_test, check.sex == study::Sex::male ? "men" : "women",
                          *sex == study::Sex::male ? "a man" : "a woman");
    });
}

void check_born(const CheckDefinition& check, const Surroundings& around, Notes& notes) {
    const auto& birth = around.person.birth_date;
    const auto& collected = around.collected;
    const bool known = birth && collected;
    const ValueAnswer answer = !known                        ? ValueAnswer::undecidable
                               : collected->day < birth->day ? ValueAnswer::failed
                                                             : ValueAnswer::passed;
    report(check, answer, place_of(obx_of(around)), {}, notes, [&] {
        return !known ? say(Sentence::born_not_known)
                      : say(Sentence::collected_day, labrelay::to_string(collected->day));
    });
}

void check_reported(const CheckDefinition& check, const Surroundings& around, Notes& notes) {
    const bool known = around.collected && around.collected->instant;
    const ValueAnswer answer = !known ? ValueAnswer::undecidable
                               : *around.collected->instant > around.version_time
                                   ? ValueAnswer::failed
                                   : ValueAnswer::passed;
    report(check, answer, place_of(obx_of(around)), {}, notes, [&] {
        return !known ? say(Sentence::draw_not_known)
                      : say(Sentence::collected_reported, clock_text(*around.collected),
                            clock_text(around.context.source.zone->local(around.version_time)));
    });
}

void check_suspect(const CheckDefinition& check, const Surroundings& around, Notes& notes) {
    if (!around.exact) {
        report(check, ValueAnswer::undecidable, place_of(obx_of(around), 5), {}, notes,
               [] { return say(Sentence::no_number); });
        return;
    }
    const bool high = *around.exact > *check.above;
    const std::optional<Place> said = high ? remark(around, check.words) : std::nullopt;
    report(
        check, said ? ValueAnswer::failed : ValueAnswer::passed, place_of(obx_of(around), 5),
        around.value, notes,
        [&] {
            const std::string limit = check.above->to_string();
            return said   ? say(Sentence::above_said, limit, said->text)
                   : high ? say(Sentence::above_not_said, limit)
                          : say(Sentence::not_above, limit);
        },
        said ? std::string_view(said->text) : std::string_view());
}

struct AroundKind {
    CheckKind kind;
    void (*check)(const CheckDefinition& check, const Surroundings& around, Notes& notes);
};

constexpr AroundKind kAroundKinds[] = {
    {CheckKind::sex_bound, check_sex},
    {CheckKind::born, check_born},
    {CheckKind::reported, check_reported},
    {CheckKind::suspect, check_suspect},
};

}  // namespace

ValueChecks::ValueChecks(const study::StudyRules& rules, std::string_view source,
                         std::string_view analyte,
                         const std::vector<const study::Subject*>& subjects) {
    if (subjects.empty()) {
        add_critical(rules, source, analyte);
    }
    for (const study::Subject* subject : subjects) {
        const study::StudyDefinition* study = rules.study(subject->study);
        if (study == nullptr || study->panel_of(analyte) == nullptr) {
            continue;
        }
        for (const std::size_t index : study->checks.of(analyte)) {
            const CheckDefinition& check = study->checks.all()[index];
            const bool asked = std::ranges::any_of(checks_, [&](const CheckDefinition* other) {
                return other->kind == check.kind && other->id == check.id &&
                       severity(*other) >= severity(check);
            });
            if (!asked && study::info(check.kind).family == study::CheckFamily::value &&
                check.concerns_source(source)) {
                checks_.push_back(&check);
            }
        }
    }
}

/// Of a person whom nobody could place yet a critical value is as urgent: each study that could
/// have the result is asked whether it wants to know.
void ValueChecks::add_critical(const study::StudyRules& rules, std::string_view source,
                               std::string_view analyte) {
    for (const study::StudyDefinition& study : rules.studies) {
        if (study.panel_of(analyte) == nullptr) {
            continue;
        }
        for (const std::size_t index : study.checks.of(analyte)) {
            const CheckDefinition& check = study.checks.all()[index];
            if (check.kind == CheckKind::critical && check.concerns_source(source)) {
                checks_.push_back(&check);
            }
        }
    }
}

const CheckDefinition* ValueChecks::of(CheckKind kind) const {
    const CheckDefinition* strictest = nullptr;
    for (const CheckDefinition* check : checks_) {
        if (check->kind == kind &&
            (strictest == nullptr || severity(*check) > severity(*strictest))) {
            strictest = check;
        }
    }
    return strictest;
}

Person person_of(const std::vector<const study::Subject*>& subjects,
                 const std::optional<LocalTime>& collected) {
    Person person;
    for (const study::Subject* subject : subjects) {
        if (!person.sex) {
            person.sex = subject->sex;
        }
        if (!person.birth_date) {
            person.birth_date = subject->birth_date;
        }
    }
    if (person.birth_date && collected) {
        person.age = study::years_between(*person.birth_date, collected->day);
    }
    return person;
}

Said check_sentence(const CheckDefinition& check, ValueAnswer answer, const Said& numbers) {
    switch (answer) {
        case ValueAnswer::passed:
            return say(Sentence::check_passed) + numbers;
        case ValueAnswer::failed:
            return say(Sentence::check_failed, study::word_of(severity(check))) + numbers +
                   plain(" " + check.sentence);
        case ValueAnswer::undecidable:
            return say(Sentence::check_undecidable) + numbers;
    }
    return {};
}

std::string check_detail(const CheckDefinition& check, std::string_view detail) {
    return fmt::format("{}: {}{}{}", check.id, check.sentence, detail.empty() ? "" : " ", detail);
}

void check_critical(const ValueChecks& checks, const ValueQuestion& question,
                    const StandardValue& standard, Notes& notes) {
    const CheckDefinition* check = checks.of(CheckKind::critical);
    const study::Limits& limits = question.analyte.critical;
    if (check == nullptr || limits.empty()) {
        return;
    }
    const auto& exact = standard.exact;
    const bool critical =
        exact && ((limits.low && *exact <= *limits.low) || (limits.high && *exact >= *limits.high));
    const ValueAnswer answer = !exact     ? ValueAnswer::undecidable
                               : critical ? ValueAnswer::failed
                                          : ValueAnswer::passed;
    report(
        *check, answer, place_of(question.obx, 5), question.read.spot, notes,
        [&] {
            return !exact ? say(Sentence::no_number)
                          : say(Sentence::against_limits, with_unit(standard.value),
                                limits_text(limits));
        },
        {}, critical ? with_unit(standard.value) : std::string());
}

void check_mix_up(const ValueChecks& checks, const ValueQuestion& question, const Person& person,
                  const StandardValue& standard, Notes& notes) {
    const CheckDefinition* check = checks.of(CheckKind::mix_up);
    const study::Limits range = question.analyte.reference(person.sex, person.age);
    if (check == nullptr || question.analyte.references.empty()) {
        return;
    }
    const Place place = place_of(question.obx, 6);
    if (!standard.exact || !question.read.value->number || range.empty()) {
        report(*check, ValueAnswer::undecidable, place, {}, notes, [&] {
            return say(standard.exact ? Sentence::no_usual_range : Sentence::no_number);
        });
        return;
    }
    const Decimal& number = *question.read.value->number;
    const UnitRule* other = far_outside(*standard.exact, range, *check->times)
                                ? usual_in(question, number, *standard.exact, range)
                                : nullptr;
    const std::string perhaps =
        other != nullptr ? fmt::format("Perhaps it is in {}.", other->spelling) : std::string();
    report(
        *check, other != nullptr ? ValueAnswer::failed : ValueAnswer::passed, place,
        question.read.spot, notes,
        [&] {
            const std::string value = with_unit(standard.value);
            return other == nullptr
                       ? say(Sentence::against_usual, value, limits_text(range))
                       : say(Sentence::against_usual_other, value, limits_text(range),
                             fmt::format("{} {}", number.to_string(), other->spelling));
        },
        perhaps, other != nullptr ? with_unit(standard.value) : std::string());
}

void check_surroundings(const ValueChecks& checks, const Surroundings& around, Notes& notes) {
    for (const CheckDefinition* check : checks.all()) {
        const auto* const kind = std::ranges::find(kAroundKinds, check->kind, &AroundKind::kind);
        if (kind != std::end(kAroundKinds)) {
            kind->check(*check, around, notes);
        }
    }
}

}  // namespace labrelay::mapping
