#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "labrelay/core/ids.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/mapping/difference.hpp"
#include "labrelay/store/configuration_query.hpp"
#include "labrelay/views/explain.hpp"

namespace labrelay::views {

/// What would become of an observation, or what became of it.
struct ObservationFate {
    std::string disposition;
    Code rule{};
    std::string text;
};

/// What a configuration would do to what is held and to where the stored stands, by a dry run.
struct ConfigurationEffect {
    struct Example {
        ObservationId observation;
        std::string control_id;
        ObservationFate before;
        ObservationFate after;
    };
    struct Delivered {
        std::string result_id;
        std::string subject;
        std::string visit;
        std::string analyte;
        std::string from;
        std::string to;
    };
    std::int64_t total = 0;    ///< observations held at the sources that are touched
    std::int64_t sampled = 0;  ///< of these, tried
    std::int64_t would_store = 0;
    std::int64_t still_held = 0;
    std::int64_t ignored = 0;
    std::vector<Example> examples;
    std::vector<std::pair<Code, std::int64_t>> still;  ///< most first
    std::int64_t subjects = 0;  ///< of the studies that differ: they are placed again
    std::int64_t subjects_tried = 0;
    std::int64_t moved = 0;  ///< results of these that would stand elsewhere
    std::vector<Delivered> delivered_changes;
};

/// A message as explain tells it, and what its sender would be told.
struct ExplainedMessage {
    std::string text;
    std::string json;  ///< of explain_json()
    std::string answer;
    study::Counts counts;
};

/// Each change as a sentence and where it stands, for a terminal.
std::string difference_text(const std::vector<mapping::ConfigurationChange>& changes);

nlohmann::ordered_json configuration_json(const store::ConfigurationRow& row);
nlohmann::ordered_json activation_json(const store::ConfigurationRow& row,
                                       const store::ConfigurationActivation& activation);
nlohmann::ordered_json changes_json(const std::vector<mapping::ConfigurationChange>& changes);
/// A finding in a configuration file, its place split: {place, line, column, code, sentence,
/// advice}.
nlohmann::ordered_json file_finding_json(const Finding& finding);
nlohmann::ordered_json effect_json(const ConfigurationEffect& effect);
/// What an editor of mappings completes: {analytes, units, elements}.
nlohmann::ordered_json vocabulary_json(const mapping::Configuration& configuration);
nlohmann::ordered_json explained_json(const std::vector<ExplainedMessage>& messages);

}  // namespace labrelay::views
