#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/sentences.hpp"
#include "labrelay/study/criteria.hpp"
#include "labrelay/study/threshold.hpp"
#include "readings.hpp"

namespace labrelay::study {

/// Whether what a rule says is so. What leaves it open is a result that does not say, or none.
enum class Known : std::uint8_t { no, yes, undecided, missing };

/// Kleene's logic; of two open parts the undecided one is named.
Known any_of(std::initializer_list<Known> parts);
Known any_of(std::span<const Known> parts);
Known all_of(std::initializer_list<Known> parts);
Known from(const Comparison& comparison);

struct Answer {
    Known known = Known::missing;
    Said because;  ///< one plain sentence
    std::vector<Evidence> evidence;
    std::vector<Said> notes;
};

/// What a rule is asked about: a subject as it stood on the day `last`.
struct RuleContext {
    const SubjectCalendar& calendar;
    const Readings& readings;
    std::optional<LocalDay> screening_began;
    std::optional<LocalDay> screening_ends;
    LocalDay last;
};

Answer answer(const AgeRule& rule, const RuleContext& context);
Answer answer(const TherapyRule& rule, const RuleContext& context);
Answer answer(const SuppressionRule& rule, const RuleContext& context);
Answer answer(const TherapyLimitRule& rule, const RuleContext& context);
Answer answer(const LimitRule& rule, const RuleContext& context);
Answer answer(const DetectionRule& rule, const RuleContext& context);
Answer answer(const SerologyRule& rule, const RuleContext& context);
Answer answer(const PregnancyRule& rule, const RuleContext& context);

/// The latest usable result of some analytes, judged one by one: contradicting ones of one moment
/// are undecided; results that do not count are shown where they came later.
using Judge = std::function<Comparison(const Reading&)>;
Answer judge_latest(const std::vector<std::string>& analytes, const RuleContext& context,
                    const Judge& judge);

/// The start of a therapy: its registry date, and what a person calls it.
const std::optional<Timestamp>& date_of(TherapyDate date, const Subject& subject);
std::string_view name_of(TherapyDate date);

/// `On 2024-01-10 ` before a sentence.
Said on_day(LocalDay day, const Said& sentence);
std::string joined(const std::vector<std::string>& words, std::string_view separator);

}  // namespace labrelay::study
