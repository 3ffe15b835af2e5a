#include "labrelay/hl7/path.hpp"

#include <string>

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

/// A repetition that fits. Its place is written only where somebody asks.
struct Hit {
    Element element;
    const Segment& segment;
    const Path::Step& step;
    std::size_t repetition;

    PathMatch match() const { return {element, place()}; }
    std::string place() const {
        std::string place = segment.label();
        place += '-';
        place += std::to_string(step.field);
        if (repetition > 1) {
            place += '[';
            place += std::to_string(repetition);
            place += ']';
        }
        for (const std::size_t number : {step.component, step.subcomponent}) {
            if (number > 0) {
                place += '.';
                place += std::to_string(number);
            }
        }
        return place;
    }
};

/// Calls `visit(hit)` for each repetition that the step means and that has something, until it says
/// false.
template <class Visit>
void for_each_hit(const SegmentScope& scope, const Path::Step& step, bool first_only, Visit visit) {
    const std::optional<Segment> segment = scope.find(step.segment, step.occurrence);
    if (!segment) {
        return;
    }
    const Element field = segment->field(step.field);
    const auto offer = [&](const Element& repetition, std::size_t number) {
        const Element element = descend(repetition, step);
        return !has_something(element) || visit(Hit{element, *segment, step, number});
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

/// Calls `visit(hit)` for the first hit of the first alternative that has one.
template <class Visit>
void visit_first(const SegmentScope& scope, const std::vector<Path::Step>& steps, Visit visit) {
    bool found = false;
    for (const Path::Step& step : steps) {
        for_each_hit(scope, step, true, [&](const Hit& hit) {
            visit(hit);
            found = true;
            return false;
        });
        if (found) {
            return;
        }
    }
}

}  // namespace

std::optional<PathMatch> Path::find(const SegmentScope& scope) const {
    std::optional<PathMatch> found;
    visit_first(scope, alternatives_, [&](const Hit& hit) { found = hit.match(); });
    return found;
}

std::vector<PathMatch> Path::find_all(const SegmentScope& scope) const {
    std::vector<PathMatch> found;
    for (const Step& step : alternatives_) {
        for_each_hit(scope, step, false, [&](const Hit& hit) {
            found.push_back(hit.match());
            return true;
        });
        if (!found.empty()) {
            break;
        }
    }
    return found;
}

std::string Path::value(const SegmentScope& scope) const {
    std::string text;
    visit_first(scope, alternatives_, [&](const Hit& hit) { text = hit.element.text(); });
    return text;
}

}  // namespace labrelay::hl7
