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

/// `/uL` where the line says `cells/uL`: another spelling of one of its units.
bool is_meant(const ObservationLine& line, const ReportedUnit& unit) {
    const std::optional<units::UnitRule> sent = unit.find_in(line.units).rule;
    return sent && std::any_of(line.when_units.begin(), line.when_units.end(),
                               [&](const std::string& spelling) {
                                   const auto rule = line.units.find(spelling);
                                   return rule && same_meaning(*rule, *sent);
                               });
}

struct Fitting {
    std::vector<const ObservationLine*> lines;
    bool other_units = false;  ///< a line fits but for its when-unit
};

/// The lines whose when-unit is the reported unit: as it is spelled, else as it is spelled but for
/// look-alike signs, else by what it means.
std::vector<const ObservationLine*> by_unit(const std::vector<const ObservationLine*>& lines,
                                            const ReportedUnit& unit) {
    using Fits = bool (*)(const ObservationLine&, const ReportedUnit&);
    static constexpr Fits kWays[] = {
        [](const ObservationLine& line, const ReportedUnit& sent) {
            return std::any_of(line.when_units.begin(), line.when_units.end(),
                               [&](const auto& spelling) { return sent.is(spelling); });
        },
        [](const ObservationLine& line, const ReportedUnit& sent) {
            return std::any_of(line.when_units.begin(), line.when_units.end(),
                               [&](const auto& spelling) { return sent.looks_like(spelling); });
        },
        is_meant,
    };
    std::vector<const ObservationLine*> fitting;
    for (const Fits fits : kWays) {
        std::copy_if(lines.begin(), lines.end(), std::back_inserter(fitting),
                     [&](const ObservationLine* line) { return fits(*line, unit); });
        if (!fitting.empty()) {
            break;
        }
    }
    return fitting;
}

Fitting find_fitting(const LineIndex::Closest& closest, const LineQuestion& question) {
    Fitting fitting;
    std::vector<const ObservationLine*> with_unit;
    for (const ObservationLine* line : closest.observations) {
        if (is_valid_on(*line, question.collected) &&
            (!line->when_sub_id || *line->when_sub_id == question.sub_id)) {
            (line->when_units.empty() ? fitting.lines : with_unit).push_back(line);
        }
    }
    if (!with_unit.empty()) {
        const auto decided = by_unit(with_unit, question.unit);
        fitting.other_units = decided.empty();
        fitting.lines.insert(fitting.lines.end(), decided.begin(), decided.end());
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
        return at < components.size() ? trimmed_text(components[at]) : std::string();
    };
    return {text(first), text(first + 1), text(first + 2)};
}

}  // namespace

TestNames TestNames::read(const hl7::Element& obx3) {
    const std::vector<hl7::Element> components = obx3.components();
    return {read_name(components, 0), read_name(components, 3)};
}

TestLines TestLines::find(const SourceDefinition& source, const LineIndex& index,
                          const TestNames& names) {
    TestLines lines;
    if (!names.first.code.empty()) {
        lines.first = index.find(source, names.first.code, names.first.system);
    }
    if (!names.second.code.empty()) {
        lines.second = index.find(source, names.second.code, names.second.system);
    }
    return lines;
}

const IgnoreLine* TestLines::ignore(std::string_view type, std::string_view sub_id) const {
    for (const LineIndex::Closest* closest : {&first, &second}) {
        for (const IgnoreLine* line : closest->conditional_ignores) {
            if (line->fits(type, sub_id)) {
                return line;
            }
        }
    }
    return first.ignore != nullptr ? first.ignore : second.ignore;
}

LineAnswer find_line(const TestLines& lines, const LineQuestion& question) {
    const Fitting first = find_fitting(lines.first, question);
    const Fitting second = find_fitting(lines.second, question);
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
        return {second.lines.front(), Code::none, true};
    }
    if (first.other_units || second.other_units) {
        return {nullptr, question.unit.empty() ? Code::missing_unit : Code::unknown_unit};
    }
    return {nullptr, Code::unknown_code};
}

}  // namespace labrelay::mapping
