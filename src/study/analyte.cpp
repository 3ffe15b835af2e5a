#include "labrelay/study/analyte.hpp"

#include <algorithm>

namespace labrelay::study {
namespace {

Limits range_for(const Analyte& analyte, Sex sex, std::optional<int> age) {
    const auto found = std::ranges::find_if(
        analyte.references, [&](const ReferenceRange& range) { return range.is_for(sex, age); });
    return found == analyte.references.end() ? Limits{} : found->limits;
}

}  // namespace

bool Limits::contain(const Decimal& value) const {
    return (!low || value >= *low) && (!high || value <= *high);
}

bool ReferenceRange::is_for(Sex of_sex, std::optional<int> age) const {
    if (sex && *sex != of_sex) {
        return false;
    }
    if (!age) {
        return !age_from && !age_until;
    }
    return (!age_from || *age >= *age_from) && (!age_until || *age <= *age_until);
}

Limits Analyte::reference(std::optional<Sex> sex, std::optional<Age> age) const {
    std::vector<Limits> answers;
    for (const Sex asked : {Sex::male, Sex::female}) {
        if (sex && *sex != asked) {
            continue;
        }
        if (!age) {
            answers.push_back(range_for(*this, asked, {}));
            continue;
        }
        answers.push_back(range_for(*this, asked, age->least));
        if (age->most != age->least) {
            answers.push_back(range_for(*this, asked, age->most));
        }
    }
    const bool agreed = std::ranges::all_of(
        answers, [&](const Limits& answer) { return answer == answers.front(); });
    return agreed ? answers.front() : Limits{};
}

}  // namespace labrelay::study
