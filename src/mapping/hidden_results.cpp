#include "hidden_results.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "learn_specimens.hpp"
#include "order_reader.hpp"

namespace labrelay::mapping {
namespace {

bool is_unit_of(const SourceDefinition& source, std::string_view unit) {
    return !unit.empty() && std::any_of(source.observations.begin(), source.observations.end(),
                                        [&](const ObservationLine& line) {
                                            return line.units.find(unit).has_value();
                                        });
}

/// `412 cells/uL`; `CD4: 412`; `CD4 count 412 cells/uL`. A number at the end of a sentence is one
/// only with a unit that the source knows: "see page 3" is none.
bool reads_like_a_result(const SourceDefinition& source, std::string_view text) {
    text = trimmed(text);
    if (units::parse_reported(text, source.words)) {
        return true;
    }
    for (const std::string_view mark : {":", "=", "："}) {
        const std::size_t at = text.rfind(mark);
        if (at != text.npos &&
            units::parse_reported(trimmed(text.substr(at + mark.size())), source.words)) {
            return true;
        }
    }
    for (std::size_t at = text.find(' '); at != text.npos; at = text.find(' ', at + 1)) {
        const auto value = units::parse_reported(trimmed(text.substr(at)), source.words);
        if (value && is_unit_of(source, value->unit)) {
            return true;
        }
    }
    return false;
}

/// The first line of a note that reads like a result.
std::optional<std::string> result_in(const MappingContext& context, const hl7::Segment& note) {
    for (const hl7::Element& line : note.field(3).repetitions()) {
        std::string text = line.text_with_delimiters();
        if (reads_like_a_result(context.source, text)) {
            return text;
        }
    }
    return std::nullopt;
}

/// The notes of an order: NTE after its OBR, and after what describes the order besides. In OUL the
/// ORC follows its OBR.
std::vector<std::size_t> notes_below(const hl7::Message& message, std::size_t obr) {
    constexpr std::array<std::string_view, 6> kOfTheOrder{"TQ1", "TQ2", "CTD", "PRT", "TCD", "DG1"};
    const bool orc_follows = message.header().field(9).component(1).raw() == "OUL";
    std::vector<std::size_t> notes;
    for (std::size_t at = obr + 1; at <= message.segment_count(); ++at) {
        const std::string_view id = message.segment(at).id();
        if (id == "NTE") {
            notes.push_back(at);
        } else if (!(orc_follows && id == "ORC") &&
                   std::find(kOfTheOrder.begin(), kOfTheOrder.end(), id) == kOfTheOrder.end()) {
            break;
        }
    }
    return notes;
}

}  // namespace

void flag_value_in_notes(const MappingContext& context, const hl7::ObservationBinding& binding,
                         Notes& notes) {
    for (const std::size_t position : binding.notes) {
        const hl7::Segment note = context.message.segment(position);
        if (std::optional<std::string> text = result_in(context, note)) {
            notes.warn(Code::value_in_note, place_of(note, 3), {}, *std::move(text));
            return;
        }
    }
}

void flag_results_below_orders(const MappingContext& context,
                               const std::vector<hl7::ObservationBinding>& bindings,
                               OrderReader& orders, MappedMessage& mapped) {
    const hl7::Message& message = context.message;
    if (message.count("NTE") == 0) {
        return;
    }
    for_each_order_without_result(context, bindings, [&](const hl7::ObservationBinding& order) {
        for (const std::size_t position : notes_below(message, order.obr)) {
            const hl7::Segment note = message.segment(position);
            std::optional<std::string> text = result_in(context, note);
            if (!text) {
                continue;
            }
            const OrderReading& reading = orders.read(order);
            if (reading.specimen.control) {
                return;
            }
            const Place place = place_of(note, 3);
            mapped.findings.push_back(
                {Code::result_in_note, Severity::warning, place, {}, *std::move(text)});
            for (const study::Subject* subject : reading.subject.subjects) {
                mapped.notices.push_back({Code::result_in_note, subject->id,
                                          fmt::format("{} below {} of message {}", place.text,
                                                      message.segment(order.obr).label(),
                                                      message.header().field(10).raw())});
            }
            return;
        }
    });
}

}  // namespace labrelay::mapping
