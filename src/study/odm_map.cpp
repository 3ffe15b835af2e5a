#include "labrelay/study/odm_map.hpp"

#include <algorithm>

namespace labrelay::study {
namespace {

template <class Line>
const Line* find(const std::vector<Line>& lines, std::string Line::*key, std::string_view value) {
    const auto found = std::find_if(lines.begin(), lines.end(),
                                    [&](const Line& line) { return line.*key == value; });
    return found == lines.end() ? nullptr : &*found;
}

}  // namespace

const OdmEvent* OdmMap::event(std::string_view visit) const {
    return find(events, &OdmEvent::visit, visit);
}

const OdmSite* OdmMap::site(std::string_view id) const {
    return find(sites, &OdmSite::site, id);
}

const OdmItemLine* OdmMap::item(std::string_view analyte) const {
    return find(items, &OdmItemLine::analyte, analyte);
}

bool OdmMap::omits(std::string_view analyte) const {
    return std::find(omitted.begin(), omitted.end(), analyte) != omitted.end();
}

}  // namespace labrelay::study
