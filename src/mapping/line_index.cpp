#include "labrelay/mapping/line_index.hpp"

#include <algorithm>

namespace labrelay::mapping {

bool IgnoreLine::fits(std::string_view type, std::string_view sub_id) const {
    const bool type_fits = when_types.empty() ||
                           std::find(when_types.begin(), when_types.end(), type) != when_types.end();
    if (!type_fits || !when_sub_id) {
        return type_fits;
    }
    const std::string_view wanted = *when_sub_id;
    return wanted.ends_with('*') ? sub_id.starts_with(wanted.substr(0, wanted.size() - 1))
                                 : sub_id == wanted;
}

LineIndex::LineIndex(const SourceDefinition& source) {
    const auto positions_of = [this](const std::string& code) -> Positions& {
        return code.ends_with('*') ? prefixes_ : whole_codes_[code];
    };
    for (std::uint32_t i = 0; i < source.observations.size(); ++i) {
        positions_of(source.observations[i].code).observations.push_back(i);
    }
    for (std::uint32_t i = 0; i < source.ignores.size(); ++i) {
        positions_of(source.ignores[i].code).ignores.push_back(i);
    }
}

LineIndex::Closest LineIndex::find(const SourceDefinition& source, std::string_view code,
                                   std::string_view system) const {
    Closest closest;
    // A whole code is closer than any prefix.
    if (const auto found = whole_codes_.find(code); found != whole_codes_.end()) {
        closest = closest_of(source, found->second, code, system);
    }
    if (closest.observations.empty() && closest.ignore == nullptr) {
        std::vector<const IgnoreLine*> closer = std::move(closest.conditional_ignores);
        closest = closest_of(source, prefixes_, code, system);
        closest.conditional_ignores.insert(closest.conditional_ignores.begin(), closer.begin(),
                                           closer.end());
    }
    return closest;
}

LineIndex::Closest LineIndex::closest_of(const SourceDefinition& source, const Positions& positions,
                                         std::string_view code, std::string_view system) {
    Closest closest;
    std::size_t best = 0;
    for (const std::uint32_t at : positions.observations) {
        const ObservationLine& line = source.observations[at];
        const std::optional<std::size_t> close = closeness(line, code, system);
        if (!close || *close < best) {
            continue;
        }
        if (*close > best) {
            closest.observations.clear();
            best = *close;
        }
        closest.observations.push_back(&line);
    }
    const std::size_t observed = best;
    for (const std::uint32_t at : positions.ignores) {
        const IgnoreLine& line = source.ignores[at];
        const std::optional<std::size_t> close = closeness(line, code, system);
        if (line.conditional()) {
            if (close && *close >= observed) {
                closest.conditional_ignores.push_back(&line);
            }
            continue;
        }
        if (close && *close >= best && (closest.ignore == nullptr || *close > best)) {
            closest.ignore = &line;
            best = *close;
        }
    }
    return closest;
}

}  // namespace labrelay::mapping
