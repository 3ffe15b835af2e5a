#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "labrelay/targets/redcap_project.hpp"

namespace labrelay::targets {
namespace {

using study::RedcapField;
using study::RedcapMap;
using study::RedcapResult;

template <std::size_t size>
bool among(const std::array<std::string_view, size>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// Only these are numbers whatever the result is: the rest may hold `<20` or a word.
constexpr std::array<std::string_view, 7> kNumbers{"value_num", "ref_low",   "ref_high", "lloq",
                                                   "uloq",      "study_day", "version"};
constexpr std::array<std::string_view, 2> kWholeNumbers{"study_day", "version"};
constexpr std::array<std::string_view, 4> kNotImported{"calc", "descriptive", "file", "signature"};

bool is_number(std::string_view validation) {
    return validation == "integer" || validation.starts_with("number");
}

bool is_time(std::string_view validation) {
    return validation.starts_with("date_") || validation.starts_with("datetime_");
}

class MapCheck {
public:
    MapCheck(const RedcapMap& map, const RedcapProject& project) : map_(map), project_(project) {}

    std::vector<RedcapMapFinding> run() {
        if (project_.doubled) {
            add("project", "is in double data entry mode: its records are not the subjects'");
        }
        if (map_.longitudinal != project_.longitudinal) {
            add("project", project_.longitudinal
                               ? "is longitudinal, and the map says that it is not"
                               : "is not longitudinal, and the map says that it is");
            return std::move(findings_);
        }
        if (map_.longitudinal) {
            for (const study::RedcapEvent& event : map_.events) {
                if (!project_.events.contains(event.name)) {
                    add("event " + event.name, "is not in the project");
                }
            }
        }
        for (const RedcapResult& result : map_.results) {
            check_instrument(result);
            for (const RedcapField& field : result.fields) {
                check_field(result, field);
            }
        }
        return std::move(findings_);
    }

private:
    void add(std::string what, std::string words) {
        RedcapMapFinding finding{std::move(what), std::move(words)};
        if (std::find(findings_.begin(), findings_.end(), finding) == findings_.end()) {
            findings_.push_back(std::move(finding));
        }
    }

    void check_instrument(const RedcapResult& result) {
        const std::string what = "instrument " + result.instrument;
        if (!project_.forms.contains(result.instrument)) {
            add(what, "is not in the project");
            return;
        }
        if (!map_.longitudinal) {
            check_repeating(what, "", result);
            return;
        }
        for (const study::RedcapEvent& event : map_.events) {
            if (!project_.events.contains(event.name)) {
                continue;
            }
            if (!project_.designated.contains({event.name, result.instrument})) {
                add(what, fmt::format("is not designated for the event {}", event.name));
                continue;
            }
            check_repeating(what, event.name, result);
        }
    }

    void check_repeating(const std::string& what, const std::string& event,
                         const RedcapResult& result) {
        const std::string where = event.empty() ? std::string() : " in the event " + event;
        if (project_.repeating.contains({event, ""})) {
            add(what, "stands in a repeating event, which labrelay does not fill:" + where);
        }
        const bool repeats = project_.repeating.contains({event, result.instrument});
        if (repeats != result.repeats) {
            add(what, fmt::format("{}{}, and the map says otherwise",
                                  repeats ? "repeats" : "does not repeat", where));
        }
    }

    void check_field(const RedcapResult& result, const RedcapField& field) {
        const std::string what = "field " + field.name;
        const auto found = project_.fields.find(field.name);
        if (found == project_.fields.end()) {
            add(what, "is not in the project");
            return;
        }
        const RedcapProjectField& there = found->second;
        if (there.form != result.instrument) {
            add(what, fmt::format("stands on the instrument {}, not on {}", there.form,
                                  result.instrument));
        }
        if (among(kNotImported, there.type)) {
            add(what, fmt::format("is of the type {}, which cannot be imported", there.type));
            return;
        }
        if (there.type == "checkbox") {
            add(what, "is of the type checkbox, which holds several values");
            return;
        }
        if (const auto wrong = wrong_type(field, there)) {
            add(what, *wrong);
        }
        check_choices(what, field, there);
    }

    static std::optional<std::string> wrong_type(const RedcapField& field,
                                                 const RedcapProjectField& there) {
        const std::string& validation = there.validation;
        if (there.type == "slider" || is_number(validation)) {
            if (!among(kNumbers, field.from)) {
                return fmt::format("takes numbers only, and {} is not always one", field.from);
            }
            if (validation == "integer" && !among(kWholeNumbers, field.from)) {
                return fmt::format("takes whole numbers only, and {} has decimals", field.from);
            }
            return std::nullopt;
        }
        if (is_time(validation)) {
            if (field.from != "collected_at") {
                return fmt::format("takes dates only, and {} is none", field.from);
            }
            return std::nullopt;
        }
        if (there.type == "text" && !validation.empty()) {
            return fmt::format("has the validation {}, which {} does not always meet", validation,
                               field.from);
        }
        return std::nullopt;
    }

    void check_choices(const std::string& what, const RedcapField& field,
                       const RedcapProjectField& there) {
        if (there.choices.empty()) {
            return;
        }
        if (field.choices.empty()) {
            add(what, fmt::format("takes choices, and the map does not say which code stands for "
                                  "which {}",
                                  field.from));
        }
        for (const study::RedcapChoice& choice : field.choices) {
            if (!there.choices.contains(choice.code)) {
                add(what, fmt::format("has no choice {}, which the map uses for {}", choice.code,
                                      choice.value));
            }
        }
    }

    const RedcapMap& map_;
    const RedcapProject& project_;
    std::vector<RedcapMapFinding> findings_;
};

}  // namespace

std::vector<RedcapMapFinding> check_redcap_map(const RedcapMap& map, const RedcapProject& project) {
    return MapCheck(map, project).run();
}

}  // namespace labrelay::targets
