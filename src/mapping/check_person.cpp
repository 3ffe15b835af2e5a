#include <algorithm>
#include <array>

#include "find_subject.hpp"

namespace labrelay::mapping {
namespace {

using study::Subject;

std::string_view name_of(Precision precision) {
    switch (precision) {
        case Precision::year:
            return "year";
        case Precision::month:
            return "month";
        case Precision::day:
        case Precision::hour:
        case Precision::minute:
        case Precision::second:
        case Precision::fraction:
            return "day";
    }
    return "day";
}

/// Whether two dates agree as far as both of them say something.
bool agree(const Timestamp& left, const Timestamp& right, Precision precision) {
    const std::chrono::year_month_day a{left.day};
    const std::chrono::year_month_day b{right.day};
    return a.year() == b.year() && (precision < Precision::month || a.month() == b.month()) &&
           (precision < Precision::day || a.day() == b.day());
}

void check_birth_date(const MappingContext& context, const hl7::SegmentScope& scope,
                      const std::vector<const Subject*>& subjects, Notes& notes) {
    if (!context.source.birth_date) {
        return;
    }
    const auto match = context.source.birth_date->find(scope);
    const std::string sent = match ? match->element.text() : std::string();
    const std::string_view text = trimmed(sent);
    const auto& placeholders = context.source.birth_date_placeholders;
    if (text.empty() ||
        std::find(placeholders.begin(), placeholders.end(), text) != placeholders.end()) {
        notes.step("subject.birth-date", [] { return say(Sentence::birth_date_none); });
        return;
    }
    const Place place{match->place, match->element.offset()};
    const Result<Timestamp> read = parse_hl7_time(text);
    if (!read) {
        notes.warn(Code::birth_date_bad, place, {}, std::string(text));
        return;
    }
    for (const Subject* subject : subjects) {
        if (!subject->birth_date) {
            continue;
        }
        const Precision precision =
            std::min({read->precision, subject->birth_date->precision, Precision::day});
        if (!agree(*read, *subject->birth_date, precision)) {
            notes.hold(Code::birth_date_contradicts, place, {}, std::string(text));
            return;
        }
        notes.step(
            "subject.birth-date",
            [&] { return say(Sentence::birth_date_agrees, place.text, name_of(precision)); },
            [&] { return std::vector{place_of_leaf(*match)}; });
    }
}

bool same_word(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return left.size() == right.size() &&
           std::equal(left.begin(), left.end(), right.begin(),
                      [&](char a, char b) { return lower(a) == lower(b); });
}

struct TableWord {
    std::string_view word;
    std::optional<study::Sex> sex;
};
/// HL7 table 0001.
constexpr std::array kTable0001{
    TableWord{"M", study::Sex::male}, TableWord{"F", study::Sex::female},
    TableWord{"U", std::nullopt},     TableWord{"O", std::nullopt},
    TableWord{"A", std::nullopt},     TableWord{"N", std::nullopt},
};

/// What a word says: a sex, or that it is not known.
struct SexSaid {
    std::optional<study::Sex> sex;
};

/// The source's own words before the table's; nothing where neither knows the word.
std::optional<SexSaid> find_sex_word(const SourceDefinition& source, std::string_view text) {
    const auto is_text = [&](const auto& word) { return same_word(word.word, text); };
    const auto own = std::find_if(source.sex_words.begin(), source.sex_words.end(), is_text);
    if (own != source.sex_words.end()) {
        return SexSaid{own->sex};
    }
    const auto* const standard = std::find_if(kTable0001.begin(), kTable0001.end(), is_text);
    return standard != kTable0001.end() ? std::optional(SexSaid{standard->sex}) : std::nullopt;
}

void check_sex(const MappingContext& context, const hl7::SegmentScope& scope,
               const std::vector<const Subject*>& subjects, Notes& notes) {
    if (!context.source.sex) {
        return;
    }
    const auto match = context.source.sex->find(scope);
    const std::string sent = match ? match->element.text() : std::string();
    const std::string_view text = trimmed(sent);
    if (text.empty()) {
        return;
    }
    const Place place{match->place, match->element.offset()};
    const auto word = find_sex_word(context.source, text);
    if (!word) {
        notes.hold(Code::sex_word_unknown, place, {}, std::string(text));
        return;
    }
    if (!word->sex) {
        notes.step(
            "subject.sex", [&] { return say(Sentence::sex_not_said, place.text); },
            [&] { return std::vector{place_of_leaf(*match)}; });
        return;
    }
    for (const Subject* subject : subjects) {
        if (subject->sex && *subject->sex != *word->sex) {
            notes.hold(Code::sex_contradicts, place, {}, std::string(text));
            return;
        }
        notes.step(
            "subject.sex",
            [&] {
                return subject->sex ? say(Sentence::sex_agrees, place.text)
                                    : say(Sentence::sex_not_registered);
            },
            [&] { return std::vector{place_of_leaf(*match)}; });
    }
}

}  // namespace

void check_person(const MappingContext& context, const hl7::ObservationBinding& binding,
                  const std::vector<const Subject*>& subjects, Notes& notes) {
    if (subjects.empty()) {
        return;
    }
    const hl7::ObservationScope scope(context.message, binding);
    check_birth_date(context, scope, subjects, notes);
    check_sex(context, scope, subjects, notes);
}

}  // namespace labrelay::mapping
