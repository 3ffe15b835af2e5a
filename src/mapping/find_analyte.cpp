#include "find_analyte.hpp"

#include <algorithm>
#include <vector>

#include "labrelay/units/analyte_units.hpp"

namespace labrelay::mapping {
namespace {

bool is_valid_on(const ObservationLine& line, const std::optional<LocalDay>& day) {
    return !day || ((!line.valid_from || *line.valid_from <= *day) &&
                    (!line.valid_until || *day <= *line.valid_until));
}

bool is_spelled(const ObservationLine& line, const ReportedUnit& unit) {
    return line.when_units.empty() ||
           std::any_of(line.when_units.begin(), line.when_units.end(),
                       [&](const std::string& spelling) { return unit.is_spelled(spelling); });
}

/// `/uL` where the line says `cells/uL`: another spelling of one of its units.
bool is_meant(const ObservationLine& line, const ReportedUnit& unit) {
    const std::optional<units::UnitRule> sent = unit.find_in(line.units).rule;
    return sent && std::any_of(line.when_units.begin(), line.when_units.end(),
                               [&](const std::string& spelling) {
                                   const auto rule = line.units.find(spelling);
                                   return rule && rule->kind == sent->kind &&
                                          rule->factor == sent->factor;
                               });
}

struct Fitting {
    std::vector<const ObservationLine*> lines;
    std::vector<const ObservationLine*> other_units;  ///< that fit but for their when-unit
};

/// Only the lines that fit the name most closely decide.
Fitting find_fitting(const SourceDefinition& source, const TestName& name,
                     const LineQuestion& question) {
    Fitting fitting;
    std::size_t closest = 0;
    if (name.code.empty()) {
        return fitting;
    }
    for (const ObservationLine& line : source.observations) {
        const std::optional<std::size_t> close = closeness(line, name.code, name.system);
        if (!close || *close < closest) {
            continue;
        }
        if (*close > closest) {
            fitting = {};
            closest = *close;
        }
        if (!is_valid_on(line, question.collected) ||
            (line.when_sub_id && *line.when_sub_id != question.sub_id)) {
            continue;
        }
        (is_spelled(line, question.unit) ? fitting.lines : fitting.other_units).push_back(&line);
    }
    if (fitting.lines.empty()) {
        const auto meant = [&](const ObservationLine* line) {
            return is_meant(*line, question.unit);
        };
        std::copy_if(fitting.other_units.begin(), fitting.other_units.end(),
                     std::back_inserter(fitting.lines), meant);
    }
    return fitting;
}

bool mean_one_analyte(const Fitting& fitting) {
    return std::all_of(fitting.lines.begin(), fitting.lines.end(),
                       [&](const ObservationLine* line) {
                           return line->analyte == fitting.lines.front()->analyte;
                       });
}

TestName read_name(const std::vector<hl7::Element>& components, std::size_t first) {
    const auto text = [&](std::size_t at) {
        return at < components.size() ? std::string(trimmed(components[at].text())) : std::string();
    };
    return {text(first), text(first + 1), text(first + 2)};
}

}  // namespace

TestNames TestNames::read(const hl7::Element& obx3) {
    const std::vector<hl7::Element> components = obx3.components();
    return {read_name(components, 0), read_name(components, 3)};
}

const IgnoreLine* find_ignore_line(const SourceDefinition& source, const TestNames& names) {
    for (const TestName* name : {&names.first, &names.second}) {
        if (name->code.empty()) {
            continue;
        }
        const IgnoreLine* closest = nullptr;
        std::optional<std::size_t> distance;
        for (const IgnoreLine& line : source.ignores) {
            const auto close = closeness(line, name->code, name->system);
            if (close && (!distance || *close > *distance)) {
                closest = &line;
                distance = close;
            }
        }
        const auto is_closer = [&](const ObservationLine& line) {
            const auto close = closeness(line, name->code, name->system);
            return close && *close > *distance;
        };
        if (closest != nullptr &&
            std::none_of(source.observations.begin(), source.observations.end(), is_closer)) {
            return closest;
        }
    }
    return nullptr;
}

LineAnswer find_line(const SourceDefinition& source, const LineQuestion& question) {
    const Fitting first = find_fitting(source, question.names.first, question);
    const Fitting second = find_fitting(source, question.names.second, question);
    if (!mean_one_analyte(first) || !mean_one_analyte(second)) {
        return {nullptr, Code::ambiguous_code};
    }
    if (!first.lines.empty() && !second.lines.empty() &&
        first.lines.front()->analyte != second.lines.front()->analyte) {
        return {nullptr, Code::ambiguous_code};
    }
    if (!first.lines.empty()) {
        return {first.lines.front(), Code::none};
    }
    if (!second.lines.empty()) {
        return {second.lines.front(), Code::none};
    }
    if (!first.other_units.empty() || !second.other_units.empty()) {
        return {nullptr, question.unit.empty() ? Code::missing_unit : Code::unknown_unit};
    }
    return {nullptr, Code::unknown_code};
}

}  // namespace labrelay::mapping
