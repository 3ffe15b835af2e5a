#include "notes.hpp"

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
