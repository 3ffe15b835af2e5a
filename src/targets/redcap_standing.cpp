#include "redcap_standing.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace labrelay::targets {

using delivery::Standing;

std::string value_in(const RedcapFields& fields, std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
}

const Standing* standing_of(const std::vector<Standing>& standings, std::int64_t number) {
    const auto found = std::find_if(standings.begin(), standings.end(),
                                    [&](const Standing& one) { return one.number == number; });
    return found == standings.end() ? nullptr : &*found;
}

std::string where_of(const RedcapPlace& place) {
    std::string where;
    if (!place.event.empty()) {
        where += " at " + place.event;
    }
    if (!place.instance.empty()) {
        where += fmt::format(", {} instance {}", place.instrument, place.instance);
    }
    return where;
}

}  // namespace labrelay::targets
