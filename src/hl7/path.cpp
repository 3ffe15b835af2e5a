#include "labrelay/hl7/path.hpp"

#include <fmt/format.h>

namespace labrelay::hl7 {
namespace {

bool has_something(const Element& element) {
    const Presence presence = element.presence();
    return presence == Presence::value || presence == Presence::null;
}

bool passes(const Element& repetition, const std::optional<Path::Filter>& filter) {
    return !filter ||
           repetition.component(filter->component).subcomponent(filter->subcomponent).text() ==
               filter->equals;
}

Element descend(const Element& repetition, const Path::Step& step) {
    if (step.component == 0) {
        return repetition;
    }
    const Element component = repetition.component(step.component);
    return step.subcomponent == 0 ? component : component.subcomponent(step.subcomponent);
}

std::string place_of(const Segment& segment, const Path::Step& step, std::size_t repetition) {
    std::string place = fmt::format("{}-{}", segment.label(), step.field);
    if (repetition > 1) {
        place += fmt::format("[{}]", repetition);
    }
    if (step.component > 0) {
        place += fmt::format(".{}", step.component);
    }
    if (step.subcomponent > 0) {
        place += fmt::format(".{}", step.subcomponent);
    }
    return place;
}

/// Calls `visit(match)` for each repetition that the step means and that has something, until it
/// says false.
template <class Visit>
void for_each_match(const SegmentScope& scope, const Path::Step& step, bool first_only,
                    Visit visit) {
    const std::optional<Segment> segment = scope.find(step.segment, step.occurrence);
    if (!segment) {
        return;
    }
    const Element field = segment->field(step.field);
    const auto offer = [&](const Element& repetition, std::size_t number) {
        const Element element = descend(repetition, step);
        return !has_something(element) ||
               visit(PathMatch{element, place_of(*segment, step, number)});
    };
    if (step.repetition || (first_only && !step.filter)) {
        const std::size_t number = step.repetition.value_or(1);
        offer(field.repetition(number), number);
        return;
    }
    std::size_t number = 0;
    for (const Element& repetition : field.repetitions()) {
        ++number;
        if (passes(repetition, step.filter) && !offer(repetition, number)) {
            return;
        }
    }
}

}  // namespace

std::optional<PathMatch> Path::find(const SegmentScope& scope) const {
    std::optional<PathMatch> found;
    for (const Step& step : alternatives_) {
        for_each_match(scope, step, true, [&](PathMatch match) {
            found = std::move(match);
            return false;
        });
        if (found) {
            break;
        }
    }
    return found;
}

std::vector<PathMatch> Path::find_all(const SegmentScope& scope) const {
    std::vector<PathMatch> found;
    for (const Step& step : alternatives_) {
        for_each_match(scope, step, false, [&](PathMatch match) {
            found.push_back(std::move(match));
            return true;
        });
        if (!found.empty()) {
            break;
        }
    }
    return found;
}

std::string Path::value(const SegmentScope& scope) const {
    const std::optional<PathMatch> match = find(scope);
    return match ? match->element.text() : std::string();
}

}  // namespace labrelay::hl7
