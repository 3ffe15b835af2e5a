#include "notes.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace labrelay::mapping {

Place place_of(const hl7::Segment& segment, std::size_t field) {
    const std::size_t offset = segment.field(field).offset();
    return {fmt::format("{}-{}", segment.label(), field),
            offset == Place::kNoOffset ? segment.offset() : offset};
}

Place place_of(const hl7::Segment& segment) {
    return {segment.label(), segment.offset()};
}

namespace {

std::size_t offset_of(const hl7::Element& element) {
    return element.raw().empty() ? Place::kNoOffset : element.offset();
}

/// Of a component only the first sub-component is read as its text.
Place leaf_of(std::string text, const hl7::Element& component) {
    if (component.subcomponent_count() < 2) {
        return {std::move(text), offset_of(component)};
    }
    return {text + ".1", offset_of(component.subcomponent(1))};
}

}  // namespace

Place place_of(const Spot& spot) {
    const hl7::Element field = spot.segment.field(spot.field);
    const bool repeats = field.repetition_count() > 1;
    std::string text = fmt::format("{}-{}", spot.segment.label(), spot.field);
    if (spot.repetition == 0 && repeats) {
        return {std::move(text), offset_of(field)};
    }
    const std::size_t number = std::max<std::size_t>(spot.repetition, 1);
    const hl7::Element repetition = field.repetition(number);
    const bool whole = spot.component == 0 && repetition.component_count() > 1;
    if (number > 1 || (whole && repeats)) {
        text += fmt::format("[{}]", number);
    }
    if (whole) {
        return {std::move(text), offset_of(repetition)};
    }
    const std::size_t component = std::max<std::size_t>(spot.component, 1);
    text += fmt::format(".{}", component);
    const hl7::Element read = repetition.component(component);
    return spot.with_parts ? Place{std::move(text), offset_of(read)}
                           : leaf_of(std::move(text), read);
}

Place place_of_leaf(const hl7::PathMatch& match) {
    const auto named = std::ranges::count(match.place, '.');
    if (named == 0) {
        return leaf_of(match.place + ".1", match.element.component(1));
    }
    return named == 1 ? leaf_of(match.place, match.element)
                      : Place{match.place, offset_of(match.element)};
}

Place place_of(const hl7::Path& path) {
    const hl7::Path::Step& step = path.alternatives().front();
    return {fmt::format("{}-{}", step.segment, step.field), Place::kNoOffset};
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == text.npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string sub_id_of(const hl7::Segment& obx) {
    const hl7::Element field = obx.field(4);
    std::size_t filled = 0;
    for (const hl7::Element& component : field.components()) {
        for (const hl7::Element& part : component.subcomponents()) {
            filled += part.has_value() ? 1U : 0U;
        }
    }
    // `MTB&` is MTB: separators at the end say nothing.
    return filled <= 1 ? trimmed_text(field)
                       : std::string(trimmed(field.repetition(1).text_with_delimiters()));
}

std::string trimmed_text(const hl7::Element& element) {
    std::string text = element.text();
    const std::string_view kept = trimmed(text);
    return kept.size() == text.size() ? text : std::string(kept);
}

}  // namespace labrelay::mapping
