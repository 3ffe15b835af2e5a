#include "labrelay/study/study_definition.hpp"

#include <algorithm>

namespace labrelay::study {
namespace {

template <class Items>
auto* by_id(const Items& items, std::string_view id) {
    const auto found =
        std::ranges::find_if(items, [id](const auto& item) { return item.id == id; });
    return found == items.end() ? nullptr : &*found;
}

}  // namespace

const Site* StudyDefinition::site(std::string_view id_of_site) const {
    return by_id(sites, id_of_site);
}

const Visit* StudyDefinition::visit(std::string_view id_of_visit) const {
    return by_id(visits, id_of_visit);
}

const Panel* StudyDefinition::panel(std::string_view id_of_panel) const {
    return by_id(panels, id_of_panel);
}

const Panel* StudyDefinition::panel_of(std::string_view analyte) const {
    const auto found = std::ranges::find_if(panels, [analyte](const Panel& panel) {
        return std::ranges::find(panel.analytes, analyte) != panel.analytes.end();
    });
    return found == panels.end() ? nullptr : &*found;
}

bool StudyDefinition::accepts_source(std::string_view source) const {
    return std::ranges::find(sources, source) != sources.end();
}

const StudyDefinition* StudyRules::study(std::string_view id) const {
    return by_id(studies, id);
}

const Analyte* StudyRules::analyte(std::string_view key) const {
    const auto found = std::ranges::lower_bound(analytes, key, {}, &Analyte::key);
    return found != analytes.end() && found->key == key ? &*found : nullptr;
}

const GradeScale* StudyRules::scale(std::string_view id) const {
    return by_id(scales, id);
}

}  // namespace labrelay::study
