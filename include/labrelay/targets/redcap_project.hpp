#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/study/redcap_map.hpp"

namespace labrelay::targets {

struct RedcapProjectField {
    std::string form;
    std::string type;               ///< text, notes, radio, dropdown, checkbox, calc, yesno …
    std::string validation;         ///< number, integer, date_ymd …; empty: none
    std::set<std::string> choices;  ///< codes of a choice field
};

/// What a REDCap project says about itself, as far as the map depends on it.
struct RedcapProject {
    std::string version;
    bool longitudinal = false;
    std::string record_field;  ///< the first field, whatever its name
    std::map<std::string, RedcapProjectField, std::less<>> fields;
    std::set<std::string> forms;
    std::set<std::string> events;                              ///< unique names
    std::set<std::pair<std::string, std::string>> designated;  ///< event, form
    std::set<std::pair<std::string, std::string>>
        repeating;         ///< event (or ""), form ("": the event)
    bool doubled = false;  ///< its records end with --1 and --2: double data entry
};

/// The API's answers from which a project is read; JSON texts. Those of events are empty for a
/// classic project, that of repeating forms where nothing repeats.
struct RedcapProjectAnswers {
    std::string version;
    std::string project;
    std::string metadata;
    std::string instruments;
    std::string events;
    std::string designations;
    std::string repeating;
    std::string records;  ///< an export of the record field alone
};
/// Error: target-answer-bad, naming the answer that cannot be read. Pure.
Result<RedcapProject> read_redcap_project(const RedcapProjectAnswers& answers);

/// One way in which map and project do not fit.
struct RedcapMapFinding {
    std::string what;   ///< `field cd4_value`, `event month_3_arm_1`, `instrument labs`, `project`
    std::string words;  ///< what is wrong with it

    friend bool operator==(const RedcapMapFinding&, const RedcapMapFinding&) = default;
};

/// Everything in which the map does not fit the project; nothing where it does. Checked before the
/// first write and daily, because a renamed field or a changed list of choices is the commonest
/// silent break. Pure.
std::vector<RedcapMapFinding> check_redcap_map(const study::RedcapMap& map,
                                               const RedcapProject& project);

}  // namespace labrelay::targets
