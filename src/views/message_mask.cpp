#include "labrelay/views/message_mask.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "labrelay/views/hl7_names.hpp"
#include "labrelay/views/masking.hpp"

namespace labrelay::views {
namespace {

/// Fields of a segment that are one and the same mark for whom they are closed, whatever is in them
/// or missing: a flag that is there would tell of the value, and so does the value's type, which
/// changes from a number to a text where a limit of the assay is passed.
constexpr std::array kClosedLine{WithheldFields{2, kToTheEnd}};  // its number is left
constexpr std::array kUnmappedLine{WithheldFields{2, 2}, WithheldFields{5, 8}};
constexpr std::array kNote{WithheldFields{3, 3}};
/// Shorter ones stand everywhere by chance.
constexpr std::size_t kShortestValue = 4;

/// `OBX[2]-5.1`: the second OBX, field 5; field 0 is the segment as a whole.
struct NamedPlace {
    std::string_view segment;
    std::size_t occurrence = 1;
    std::size_t field = 0;
};

std::size_t number_after(std::string_view text, std::size_t mark, std::size_t otherwise) {
    std::size_t number = otherwise;
    if (mark < text.size()) {
        std::from_chars(text.data() + mark + 1, text.data() + text.size(), number);
    }
    return number;
}

NamedPlace named_place(std::string_view text) {
    const std::string_view segment = text.substr(0, text.find('-'));
    return {segment.substr(0, segment.find('[')), number_after(segment, segment.find('['), 1),
            number_after(text, text.find('-'), 0)};
}

void hide_everywhere(std::string_view text, std::string_view value, MessageMask& mask) {
    for (std::size_t at = text.find(value); at != std::string_view::npos;
         at = text.find(value, at + value.size())) {
        mask.hide(at, value.size());
    }
}

/// A name may stand in a note, a number in a file name.
void hide_known_values(const hl7::Message& message, const FieldPlaces& patients,
                       MessageMask& mask) {
    std::set<std::string> values;
    for (std::size_t position = 1; position <= message.segment_count(); ++position) {
        const hl7::Segment segment = message.segment(position);
        const bool of_people = segment.id() == "PID" || segment.id() == "NK1" ||
                               segment.id() == "GT1" || segment.id() == "IN1" ||
                               segment.id() == "MRG";
        for (std::size_t field = 1; field <= segment.field_count(); ++field) {
            const bool mapped = patients.contains(std::pair(std::string(segment.id()), field));
            if (!mapped && (!of_people || !identifies(segment.id(), field))) {
                continue;
            }
            for (const hl7::Element& repetition : segment.field(field).repetitions()) {
                // Of identifiers the number alone: who gave it stands in many places.
                const std::string_view name = component_name(segment.id(), field, 1);
                const auto components = repetition.components();
                const std::size_t count = name == "identifier" || !of_people
                                              ? std::min<std::size_t>(1, components.size())
                                              : components.size();
                for (std::size_t index = 0; index < count; ++index) {
                    values.emplace(components[index].raw());
                }
            }
        }
    }
    for (const std::string& value : values) {
        if (value.size() >= kShortestValue) {
            hide_everywhere(message.text(), value, mask);
        }
    }
}

/// Fields that say who somebody is, and what stands in them wherever else it stands.
void hide_identity(const hl7::Message& message, const FieldPlaces& patients, MessageMask& mask) {
    for (std::size_t position = 1; position <= message.segment_count(); ++position) {
        const hl7::Segment segment = message.segment(position);
        for (std::size_t field = 1; field <= segment.field_count(); ++field) {
            const hl7::Element element = segment.field(field);
            const bool names = identifies(segment.id(), field) ||
                               patients.contains(std::pair(std::string(segment.id()), field));
            if (names && !element.raw().empty()) {
                mask.hide(element.offset(), element.raw().size());
            }
        }
    }
    hide_known_values(message, patients, mask);
}

/// A value is shown where its analyte is known and open: of what nobody mapped nobody can say, and
/// its code is what somebody is to map.
void keep_back_closed(const hl7::Message& message, const store::MessageDetail& detail,
                      const Sight& sight, MessageMask& mask) {
    std::size_t obx = 0;
    // What was ordered is closed where everything that came for it is.
    std::optional<hl7::Segment> order;
    std::size_t closed = 0;
    std::size_t open = 0;
    const auto end_order = [&] {
        if (order && closed > 0 && open == 0) {
            for (const std::size_t field : {4U, 13U, 31U, 44U}) {
                mask.keep_back(order->field(field));
            }
        }
        order.reset();
        closed = 0;
        open = 0;
    };
    for (std::size_t position = 1; position <= message.segment_count(); ++position) {
        const hl7::Segment segment = message.segment(position);
        if (segment.id() == "NTE") {
            mask.withhold(segment, kNote);
        }
        if (segment.id() == "OBR") {
            end_order();
            order = segment;
        }
        if (segment.id() != "OBX") {
            continue;
        }
        ++obx;
        const auto line = std::ranges::find_if(detail.observations, [&](const auto& candidate) {
            return candidate.ordinal == static_cast<std::int32_t>(obx);
        });
        const bool known = line != detail.observations.end() && !line->version.analyte.empty();
        if (known && sight.is_closed(line->version.analyte)) {
            ++closed;
            mask.withhold(segment, kClosedLine);
            continue;
        }
        ++open;
        if (!known) {
            mask.withhold(segment, kUnmappedLine);
        }
    }
    end_order();
}

}  // namespace

void add_patient_places(const mapping::Configuration& configuration, std::string_view source,
                        FieldPlaces& places) {
    const bool known = configuration.source(std::string(source)) != nullptr;
    for (const mapping::SourceDefinition& one : configuration.sources()) {
        if (known && one.id != source) {
            continue;
        }
        for (const mapping::PatientLine& line : one.patients) {
            for (const hl7::Path::Step& step : line.from.alternatives()) {
                places.emplace(step.segment, step.field);
            }
        }
    }
}

MessageMask mask_of(const hl7::Message& message, const store::MessageDetail& detail,
                    const Sight& sight, bool revealed, const FieldPlaces& patients) {
    MessageMask mask(message.text().size());
    if (!revealed) {
        hide_identity(message, patients, mask);
    }
    if (sight.blinded()) {
        keep_back_closed(message, detail, sight, mask);
    }
    return mask;
}

MessageMask mask_of_unreadable(std::size_t size, const Sight& sight, bool revealed) {
    MessageMask mask(size);
    if (sight.blinded()) {
        mask.keep_back(0, size);
    } else if (!revealed) {
        mask.hide(0, size);
    }
    return mask;
}

void MessageMask::hide(std::size_t from, std::size_t length) {
    const std::size_t end = std::min(from + length, hidden_.size());
    for (std::size_t byte = std::min(from, end); byte < end; ++byte) {
        hidden_[byte] = true;
        open_ = false;
    }
}

void MessageMask::keep_back(std::size_t from, std::size_t length) {
    hide(from, length);
    const std::size_t end = std::min(from + length, kept_back_.size());
    for (std::size_t byte = from; byte < end; ++byte) {
        kept_back_[byte] = true;
    }
    keeps_back_ = true;
}

void MessageMask::keep_back(const hl7::Element& element) {
    if (!element.raw().empty()) {
        keep_back(element.offset(), element.raw().size());
    }
}

/// With the separator in front, so that an empty field is no other mark than a full one.
void MessageMask::withhold(const hl7::Segment& segment, std::span<const WithheldFields> ranges) {
    withheld_[segment.position()] = ranges;
    const std::size_t count = segment.field_count();
    for (const WithheldFields& fields : ranges) {
        if (count < fields.first) {
            continue;
        }
        const std::size_t from = segment.field(fields.first).offset() - 1;
        std::size_t end = segment.offset() + segment.raw().size();
        if (count > fields.last) {
            const hl7::Element last = segment.field(fields.last);
            end = last.offset() + last.raw().size();
        }
        keep_back(from, end - from);
    }
}

bool MessageMask::is_withheld(std::size_t position, std::size_t field) const {
    const auto found = withheld_.find(position);
    return found != withheld_.end() &&
           std::ranges::any_of(found->second, [&](const WithheldFields& fields) {
               return field >= fields.first && field <= fields.last;
           });
}

/// How many fields are shown: as many as are there, and of what is withheld always the same.
std::size_t MessageMask::shown_fields(const hl7::Segment& segment) const {
    const auto found = withheld_.find(segment.position());
    if (found == withheld_.end()) {
        return segment.field_count();
    }
    const WithheldFields& last = found->second.back();
    return last.last == kToTheEnd ? last.first : std::max(segment.field_count(), last.last);
}

bool MessageMask::covers(const Place& place, const hl7::Message& message) const {
    if (kept_back(place.offset)) {
        return true;
    }
    const NamedPlace named = named_place(place.text);
    const auto segment = message.find(named.segment, named.occurrence);
    if (!segment) {
        return false;
    }
    const auto found = withheld_.find(segment->position());
    const bool to_the_end = found != withheld_.end() && found->second.back().last == kToTheEnd;
    return to_the_end || is_withheld(segment->position(), named.field);
}

bool MessageMask::kept_back(std::size_t from) const {
    return from < kept_back_.size() && kept_back_[from];
}

bool MessageMask::hidden(std::size_t from, std::size_t length) const {
    const std::size_t end = std::min(from + length, hidden_.size());
    for (std::size_t byte = std::min(from, end); byte < end; ++byte) {
        if (hidden_[byte]) {
            return true;
        }
    }
    return false;
}

bool MessageMask::fully_hidden(std::size_t from, std::size_t length) const {
    const std::size_t end = std::min(from + length, hidden_.size());
    for (std::size_t byte = std::min(from, end); byte < end; ++byte) {
        if (!hidden_[byte]) {
            return false;
        }
    }
    return length > 0;
}

}  // namespace labrelay::views
