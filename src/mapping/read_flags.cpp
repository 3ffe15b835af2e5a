#include <algorithm>
#include <array>

#include "read_value.hpp"

namespace labrelay::mapping {
namespace {

struct FlagWord {
    std::string_view word;
    std::string_view system;  ///< empty: any
    bool Flags::*meaning;
};

constexpr std::array kFlagWords{
    FlagWord{"L", "", &Flags::low},
    FlagWord{"LL", "", &Flags::low},
    FlagWord{"↓", "", &Flags::low},
    FlagWord{"低", "", &Flags::low},
    FlagWord{"偏低", "", &Flags::low},
    FlagWord{"H", "", &Flags::high},
    FlagWord{"HH", "", &Flags::high},
    FlagWord{"↑", "", &Flags::high},
    FlagWord{"高", "", &Flags::high},
    FlagWord{"偏高", "", &Flags::high},
    FlagWord{"N", "", &Flags::normal},
    FlagWord{"<", "", &Flags::below_scale},
    FlagWord{">", "", &Flags::above_scale},
    // Elsewhere ND may stand for "not done": these mean something only from Roche.
    FlagWord{"ND", "99ROC", &Flags::not_detected},
    FlagWord{"BT", "99ROC", &Flags::below_titre},
};

std::optional<units::ReportedValue> own_meaning(const hl7::Element& repetition,
                                                std::string_view word,
                                                const units::ReportedWords& words) {
    const std::string system = repetition.component(3).text();
    const auto found = std::find_if(
        words.flags.begin(), words.flags.end(), [&](const units::ReportedWords::Flag& flag) {
            return flag.text == word && (flag.system.empty() || flag.system == system);
        });
    if (found == words.flags.end()) {
        return std::nullopt;
    }
    units::ReportedValue value;
    value.kind = found->kind;
    value.word = found->canonical.empty() ? found->text : found->canonical;
    value.detected_said = found->kind == units::ReportedValue::Kind::detected;
    return value;
}

}  // namespace

Flags Flags::read(const hl7::Element& obx8, const units::ReportedWords& words) {
    Flags flags;
    if (!obx8.has_value()) {
        return flags;
    }
    flags.reported = obx8.text_with_delimiters();
    bool own_differ = false;
    std::size_t number = 0;
    for (const hl7::Element& repetition : obx8.repetitions()) {
        ++number;
        const std::string text = repetition.text();
        const std::string_view word = trimmed(text);
        const auto found =
            std::find_if(kFlagWords.begin(), kFlagWords.end(), [&](const FlagWord& row) {
                return row.word == word &&
                       (row.system.empty() || row.system == repetition.component(3).text());
            });
        if (found != kFlagWords.end()) {
            flags.*(found->meaning) = true;
            const bool of_range = found->meaning == &Flags::low || found->meaning == &Flags::high ||
                                  found->meaning == &Flags::normal;
            flags.repetition = of_range || flags.own ? flags.repetition : number;
        }
        if (auto own = own_meaning(repetition, word, words)) {
            own_differ = own_differ || (flags.own && *flags.own != *own);
            flags.own = std::move(own);
            flags.repetition = number;
        }
    }
    if (own_differ) {
        flags.own.reset();
    }
    return flags;
}

}  // namespace labrelay::mapping
