#include "labrelay/hl7/flat.hpp"

#include <iterator>

#include <fmt/format.h>

namespace labrelay::hl7 {
namespace {

/// Where a leaf is: numbers from 1, and how many stand beside it at each level.
struct LeafPlace {
    std::size_t field = 0;
    std::size_t repetition = 0;
    std::size_t component = 0;
    std::size_t subcomponent = 0;
    std::size_t repetitions = 0;
    std::size_t components = 0;
    std::size_t subcomponents = 0;
};

std::string printable(std::string_view text) {
    std::string printed;
    printed.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || c == '\\') {
            fmt::format_to(std::back_inserter(printed), "\\x{:02X}", byte);
        } else {
            printed += c;
        }
    }
    return printed;
}

std::string leaf_text(const Element& leaf) {
    return leaf.presence() == Presence::null ? "\"\"" : printable(leaf.text());
}

/// Calls `visit(leaf, place)` for every leaf of a segment that is not empty.
template <class Visit>
void for_each_leaf(const Segment& segment, Visit visit) {
    LeafPlace place;
    for (place.field = 1; place.field <= segment.field_count(); ++place.field) {
        const std::vector<Element> repetitions = segment.field(place.field).repetitions();
        place.repetitions = repetitions.size();
        place.repetition = 0;
        for (const Element& repetition : repetitions) {
            ++place.repetition;
            const std::vector<Element> components = repetition.components();
            place.components = components.size();
            place.component = 0;
            for (const Element& component : components) {
                ++place.component;
                const std::vector<Element> leaves = component.subcomponents();
                place.subcomponents = leaves.size();
                place.subcomponent = 0;
                for (const Element& leaf : leaves) {
                    ++place.subcomponent;
                    if (!leaf.raw().empty()) {
                        visit(leaf, place);
                    }
                }
            }
        }
    }
}

std::string short_number(const LeafPlace& place) {
    std::string number = fmt::format("{}", place.field);
    if (place.repetitions > 1) {
        number += fmt::format("[{}]", place.repetition);
    }
    if (place.components > 1 || place.subcomponents > 1) {
        number += fmt::format(".{}", place.component);
    }
    if (place.subcomponents > 1) {
        number += fmt::format(".{}", place.subcomponent);
    }
    return number;
}

}  // namespace

std::string flatten(const Message& message) {
    std::string lines;
    for (std::size_t position = 1; position <= message.segment_count(); ++position) {
        const Segment segment = message.segment(position);
        const std::string label = segment.label();
        for_each_leaf(segment, [&](const Element& leaf, const LeafPlace& place) {
            fmt::format_to(std::back_inserter(lines), "{}-{}[{}].{}.{}\t{}\n", label, place.field,
                           place.repetition, place.component, place.subcomponent, leaf_text(leaf));
        });
    }
    return lines;
}

std::string tree(const Message& message) {
    std::string lines;
    for (std::size_t position = 1; position <= message.segment_count(); ++position) {
        const Segment segment = message.segment(position);
        fmt::format_to(std::back_inserter(lines), "{:<8}  segment {}\n", segment.label(), position);
        for_each_leaf(segment, [&](const Element& leaf, const LeafPlace& place) {
            fmt::format_to(std::back_inserter(lines), "  {:<10}{}\n", short_number(place),
                           leaf_text(leaf));
        });
    }
    return lines;
}

}  // namespace labrelay::hl7
