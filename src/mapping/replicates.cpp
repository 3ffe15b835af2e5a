#include "replicates.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "labrelay/core/sentences.hpp"

namespace labrelay::mapping {
namespace {

using study::Disposition;
using study::ProposedObservation;

/// One `<observation>` with `<replicates>`: its own code and its LOINC codes.
using Rule = std::vector<const ObservationLine*>;

std::vector<Rule> rules_of(const SourceDefinition& source) {
    std::vector<Rule> rules;
    for (const ObservationLine& line : source.observations) {
        if (line.replicates.empty()) {
            continue;
        }
        if (rules.empty() || rules.back().front()->place.offset != line.place.offset) {
            rules.emplace_back();
        }
        rules.back().push_back(&line);
    }
    return rules;
}

bool fits(const CodePattern& pattern, const ProposedObservation& observation) {
    return closeness(pattern, observation.code, observation.code_system).has_value();
}

bool is_average(const Rule& rule, const ProposedObservation& observation) {
    return observation.analyte == rule.front()->analyte &&
           std::any_of(rule.begin(), rule.end(), [&](const ObservationLine* line) {
               return fits(*line, observation) &&
                      (!line->when_sub_id || *line->when_sub_id == observation.sub_id);
           });
}

/// A tube may have no line of its own: then it is never a result alone.
bool is_tube(const Rule& rule, const ProposedObservation& observation) {
    const bool same_test = observation.analyte.empty()
                               ? observation.rule == Code::unknown_code
                               : observation.analyte == rule.front()->analyte;
    const auto& replicates = rule.front()->replicates;
    return same_test && std::any_of(replicates.begin(), replicates.end(), [&](const auto& pattern) {
               return fits(pattern, observation);
           });
}

void ignore(ProposedObservation& tube, const ProposedObservation& average, const Rule& rule,
            Lineage lineage) {
    tube.disposition = Disposition::ignored;
    tube.rule = Code::replicate_of_average;
    // That nobody mapped its code is no question any more.
    std::erase_if(tube.findings,
                  [](const Finding& finding) { return finding.code == Code::unknown_code; });
    if (lineage == Lineage::written) {
        tube.lineage.push_back(
            {std::string(key(Code::replicate_of_average)),
             say(Sentence::average_of_tubes, average.place.text, rule.front()->place.text)});
    }
}

void hold(ProposedObservation& tube, std::string detail) {
    tube.disposition = Disposition::held;
    tube.rule = Code::average_missing;
    tube.findings.push_back(
        {Code::average_missing, Severity::hold, tube.place, std::move(detail), {}});
}

/// The observations of one order and specimen.
using Group = std::vector<ProposedObservation*>;

/// Two with one code and sub-id are no tubes but one result twice: held as identity-twice.
bool told_apart(const ProposedObservation& tube, const Group& tubes) {
    return std::count_if(tubes.begin(), tubes.end(), [&](const ProposedObservation* other) {
               return other->code == tube.code && other->sub_id == tube.sub_id;
           }) == 1;
}

void settle(const Rule& rule, const Group& group, Lineage lineage) {
    const ProposedObservation* average = nullptr;
    Group tubes;
    for (ProposedObservation* observation : group) {
        if (is_average(rule, *observation)) {
            const bool better = average == nullptr || average->disposition != Disposition::stored;
            average = better ? observation : average;
        } else if (is_tube(rule, *observation)) {
            tubes.push_back(observation);
        }
    }
    if (average != nullptr && average->disposition == Disposition::stored) {
        for (ProposedObservation* tube : tubes) {
            ignore(*tube, *average, rule, lineage);
        }
        return;
    }
    std::erase_if(tubes, [](const ProposedObservation* tube) {
        return tube->disposition != Disposition::stored;
    });
    if (average != nullptr) {
        for (ProposedObservation* tube : tubes) {
            hold(*tube, fmt::format("{} is not stored", average->place.text));
        }
    } else if (tubes.size() > 1) {
        for (ProposedObservation* tube : tubes) {
            if (told_apart(*tube, tubes)) {
                hold(*tube, fmt::format("{} tubes", tubes.size()));
            }
        }
    }
}

}  // namespace

void settle_replicates(const MappingContext& context,
                       const std::vector<hl7::ObservationBinding>& bindings,
                       std::vector<ProposedObservation>& observations) {
    const std::vector<Rule> rules = rules_of(context.source);
    if (rules.empty()) {
        return;
    }
    std::map<std::pair<std::size_t, std::size_t>, Group> groups;  // by OBR and SPM
    for (std::size_t i = 0; i < bindings.size(); ++i) {
        if (bindings[i].certain && observations[i].disposition != Disposition::ignored) {
            groups[{bindings[i].obr, bindings[i].spm}].push_back(&observations[i]);
        }
    }
    for (const auto& [order, group] : groups) {
        for (const Rule& rule : rules) {
            settle(rule, group, context.lineage);
        }
    }
}

}  // namespace labrelay::mapping
