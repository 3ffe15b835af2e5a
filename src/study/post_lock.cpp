#include "labrelay/study/post_lock.hpp"

#include <fmt/format.h>

#include <utility>

#include "criterion_analytes.hpp"

namespace labrelay::study {
namespace {

constexpr std::array<std::pair<PostLockState, std::string_view>, 6> kStates{{
    {PostLockState::waiting, "waiting"},
    {PostLockState::open, "open"},
    {PostLockState::authorised, "authorised"},
    {PostLockState::forwarded, "forwarded"},
    {PostLockState::not_applied, "not applied"},
    {PostLockState::lapsed, "lapsed"},
}};

std::string place_of(const ResultWords& words) {
    return words.visit.empty() ? words.kind : words.visit;
}

std::string value_of(const ResultWords& words) {
    if (words.value.empty()) {
        return words.state;
    }
    return words.unit.empty() ? words.value : words.value + " " + words.unit;
}

bool is_before_infusion(const ResultWords& words) {
    return words.kind == to_string(VisitKind::scheduled) && words.study_day &&
           (*words.study_day < 0 || *words.study_day == 1);
}

std::string criteria_that_look_at(const StudyDefinition& study, const std::string& analyte) {
    std::string ids;
    for (const Criterion& criterion : study.criteria) {
        const bool looks = std::ranges::any_of(criterion.conditions, [&](const Condition& each) {
            const std::vector<std::string> analytes = analytes_of(each.rule);
            return std::ranges::find(analytes, analyte) != analytes.end();
        });
        if (looks) {
            ids += (ids.empty() ? "" : ", ") + criterion.id;
        }
    }
    return ids;
}

void add_value_change(const ResultWords& told, const ResultWords& now,
                      std::vector<std::string>& impact) {
    if (value_of(told) != value_of(now) || told.state != now.state) {
        impact.push_back(
            fmt::format("the value changes from {} to {}", value_of(told), value_of(now)));
    }
    if (told.state == "quantified" && now.state != "quantified") {
        impact.push_back(fmt::format("there is no number any more: {}", now.state));
    }
    if (told.status != now.status) {
        impact.push_back(fmt::format("the status changes from {} to {}", told.status, now.status));
    }
}

void add_move(const ResultWords& told, const ResultWords& now, std::vector<std::string>& impact) {
    if (place_of(told) != place_of(now)) {
        impact.push_back(fmt::format("it moves from {} to {}", place_of(told), place_of(now)));
    } else if (told.role != now.role) {
        impact.push_back(now.role == to_string(Role::chosen)
                             ? fmt::format("it now stands for {}", place_of(now))
                             : fmt::format("it no longer stands for {}", place_of(now)));
    }
    if (told.study_day != now.study_day) {
        const auto text = [](const std::optional<int>& day) {
            return day ? std::to_string(*day) : std::string("none");
        };
        impact.push_back(fmt::format("the study day changes from {} to {}", text(told.study_day),
                                     text(now.study_day)));
    }
}

void add_consequences(const ResultWords& words, const StudyDefinition* study,
                      std::span<const std::string> derived, std::vector<std::string>& impact) {
    if (is_before_infusion(words)) {
        impact.emplace_back(
            "it was drawn before the first infusion: as baseline, the changes of later visits "
            "follow it");
    } else if (words.study_day && *words.study_day > 0) {
        impact.emplace_back("its change from baseline follows it");
    }
    const bool counts = !words.study_day || *words.study_day <= 1;
    if (study != nullptr && counts) {
        const std::string criteria = criteria_that_look_at(*study, words.analyte);
        if (!criteria.empty()) {
            impact.push_back(fmt::format("eligibility looks at {}: {}", words.analyte, criteria));
        }
    }
    if (!derived.empty()) {
        impact.push_back(fmt::format("derived from it: {}", fmt::join(derived, ", ")));
    }
}

}  // namespace

std::string_view to_string(PostLockState state) {
    for (const auto& [known, text] : kStates) {
        if (known == state) {
            return text;
        }
    }
    return {};
}

std::optional<PostLockState> post_lock_state_from(std::string_view text) {
    for (const auto& [state, known] : kStates) {
        if (known == text) {
            return state;
        }
    }
    return std::nullopt;
}

ResultWords words_of(const ResultRecord& record) {
    const StoredVersion& version = record.current_version();
    const bool has_number =
        version.value.value_num || version.value.comparator != units::Comparator::none;
    ResultWords words;
    words.analyte = version.analyte;
    words.value = version.value.value_text;
    words.unit = has_number ? version.value.unit : std::string();
    words.state = units::to_string(version.value.state);
    words.status = to_string(version.status);
    words.visit = record.placement.visit;
    words.kind = to_string(record.placement.kind);
    words.role = to_string(record.placement.role);
    words.study_day = record.placement.study_day;
    words.derived = !record.key.derived.empty();
    words.lineage = to_string(version.id);
    return words;
}

std::string sentence_of(const std::optional<ResultWords>& words) {
    if (!words) {
        return "nothing";
    }
    return fmt::format("{} ({}) at {}{}", value_of(*words), words->status, place_of(*words),
                       words->role == to_string(Role::chosen) ? "" : ", additional");
}

std::vector<std::string> impact_of(const std::optional<ResultWords>& told, const ResultWords& now,
                                   const StudyDefinition* study,
                                   std::span<const std::string> derived) {
    std::vector<std::string> impact;
    if (!told) {
        impact.push_back(fmt::format("the study databases have no such result: {} at {} is new",
                                     value_of(now), place_of(now)));
    } else {
        add_value_change(*told, now, impact);
        add_move(*told, now, impact);
        if (impact.empty()) {
            impact.emplace_back("value and place stay; what else is said of it changes");
        }
    }
    // What the study databases hold decides what hangs on it; for a new result what would stand.
    const ResultWords& stands = told ? *told : now;
    add_consequences(stands, study, derived, impact);
    if (told && is_before_infusion(now) && !is_before_infusion(*told)) {
        impact.emplace_back("it would count as drawn before the first infusion");
    }
    return impact;
}

}  // namespace labrelay::study
