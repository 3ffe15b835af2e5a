#include "read_specimen.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace labrelay::mapping {
namespace {

constexpr std::size_t kPlacer = 2;  // ORC-2 and OBR-2
constexpr std::size_t kFiller = 3;  // ORC-3 and OBR-3

std::string number_in(const MappingContext& context, std::size_t segment, std::size_t field) {
    if (segment == 0) {
        return {};
    }
    return trimmed_text(context.message.segment(segment).field(field));
}

Place leaf_in(const MappingContext& context, std::size_t segment, std::size_t field) {
    return place_of(Spot{context.message.segment(segment), field});
}

/// One ORC may head several OBR; only the one beside it has to repeat its numbers.
bool are_neighbours(const hl7::Message& message, std::size_t orc, std::size_t obr) {
    const auto [first, last] = std::minmax(orc, obr);
    for (std::size_t between = first + 1; between < last; ++between) {
        const std::string_view id = message.segment(between).id();
        if (id == "OBR" || id == "ORC") {
            return false;
        }
    }
    return true;
}

void check_order_numbers(const MappingContext& context, const hl7::ObservationBinding& binding,
                         Notes& notes) {
    if (binding.orc == 0 || binding.obr == 0 ||
        !are_neighbours(context.message, binding.orc, binding.obr)) {
        return;
    }
    for (const std::size_t field : {kPlacer, kFiller}) {
        const std::string in_orc = number_in(context, binding.orc, field);
        const std::string in_obr = number_in(context, binding.obr, field);
        if (!in_orc.empty() && !in_obr.empty() && in_orc != in_obr) {
            notes.hold(Code::order_numbers_disagree,
                       place_of(context.message.segment(binding.obr), field),
                       fmt::format("ORC-{0} and OBR-{0} differ", field),
                       fmt::format("{} and {}", in_orc, in_obr));
        }
    }
}

struct OrderNumber {
    std::string number;
    std::size_t segment = 0;
    std::size_t field = 0;
};

/// The first of the order numbers that has a value, the filler's before the placer's.
OrderNumber order_number(const MappingContext& context, const hl7::ObservationBinding& binding) {
    for (const std::size_t field : {kFiller, kPlacer}) {
        for (const std::size_t segment : {binding.obr, binding.orc}) {
            std::string number = number_in(context, segment, field);
            if (!number.empty()) {
                return {std::move(number), segment, field};
            }
        }
    }
    return {};
}

struct NamedSpecimen {
    std::string id;
    std::string place;
    std::string authority;
    Place read;  ///< the same place, down to the leaf
};

/// A specimen that was lost on the way leaves its container behind.
void check_agreement(const SpecimenLine& line, const hl7::SegmentScope& scope, std::string_view id,
                     Notes& notes) {
    const auto other = line.agrees_with ? line.agrees_with->find(scope) : std::nullopt;
    const std::string text = other ? trimmed_text(other->element) : std::string();
    if (!text.empty() && text != id) {
        notes.hold(Code::specimen_ids_disagree, {other->place, other->element.offset()}, {},
                   fmt::format("{} and {}", id, text));
    }
}

/// The first specimen line that finds something; without lines SPM-2, else SAC-3.
NamedSpecimen specimen_id(const MappingContext& context, const hl7::ObservationBinding& binding,
                          Notes& notes) {
    const hl7::ObservationScope scope(context.message, binding);
    for (const SpecimenLine& line : context.source.specimens) {
        if (const auto match = line.from.find(scope)) {
            const std::string text = match->element.text();
            if (const std::string_view id = trimmed(text); !id.empty()) {
                check_agreement(line, scope, id, notes);
                return {std::string(id), match->place, line.authority, place_of_leaf(*match)};
            }
        }
    }
    if (context.source.specimens.empty()) {
        if (std::string id = number_in(context, binding.spm, 2); !id.empty()) {
            return {std::move(id), "SPM-2", {}, leaf_in(context, binding.spm, 2)};
        }
        if (std::string id = number_in(context, binding.sac, 3); !id.empty()) {
            return {std::move(id), "SAC-3", {}, leaf_in(context, binding.sac, 3)};
        }
    }
    return {};
}

/// Lets a path look at the n-th segment of one name where it asks for the first.
class FromNth final : public hl7::SegmentScope {
public:
    FromNth(const hl7::SegmentScope& scope, std::string_view id, std::size_t nth)
        : scope_(scope), id_(id), nth_(nth) {}
    std::optional<hl7::Segment> find(std::string_view id, std::size_t occurrence) const override {
        return scope_.find(id, id == id_ ? occurrence + nth_ - 1 : occurrence);
    }

private:
    const hl7::SegmentScope& scope_;
    std::string_view id_;
    std::size_t nth_;
};

/// The first place where a <control> line finds one of its words, in any of the segments that it
/// names; says whether there is one.
bool control_said(const MappingContext& context, const hl7::ObservationBinding& binding,
                  SpecimenReading& reading) {
    const hl7::ObservationScope scope(context.message, binding);
    for (const ControlLine& line : context.source.controls) {
        for (const hl7::Path::Step& step : line.from.alternatives()) {
            for (std::size_t nth = 1; scope.find(step.segment, nth); ++nth) {
                const auto match = line.from.find(FromNth(scope, step.segment, nth));
                const std::string word = match ? trimmed_text(match->element) : std::string();
                if (!word.empty() &&
                    std::find(line.words.begin(), line.words.end(), word) != line.words.end()) {
                    reading.why = fmt::format("{} {}", match->place, word);
                    reading.role_at = place_of_leaf(*match);
                    return true;
                }
            }
        }
    }
    return false;
}

/// HL7 table 0369: what is no patient's specimen. L is a pool, G a group, R a replicate of another
/// one: none of them is the specimen that a study drew.
bool is_control_role(std::string_view role) {
    static constexpr std::string_view kRoles = "BCEFGLOQRV";
    return role.size() == 1 && kRoles.find(role.front()) != kRoles.npos;
}

void read_role(const MappingContext& context, const hl7::ObservationBinding& binding,
               SpecimenReading& reading) {
    reading.control = control_said(context, binding, reading);
    const std::string role = number_in(context, binding.spm, 11);
    const auto& patient = context.source.patient_roles;
    if (reading.control || role.empty() ||
        std::find(patient.begin(), patient.end(), role) != patient.end()) {
        return;
    }
    reading.why = "SPM-11 " + role;
    reading.role_at = leaf_in(context, binding.spm, 11);
    reading.control = is_control_role(role);
    reading.role_unknown = !reading.control;
}

/// What the laboratory says of the specimen besides its role, and the order of its reason. Never
/// decides: a number that was
/// released stands until the laboratory withdraws it.
void flag_condition(const MappingContext& context, const hl7::ObservationBinding& binding,
                    Notes& notes) {
    if (binding.spm != 0) {
        const hl7::Segment spm = context.message.segment(binding.spm);
        for (const std::size_t field : {21U, 24U}) {
            if (const hl7::Element said = spm.field(field); said.has_value()) {
                notes.warn(Code::specimen_condition, place_of(spm, field), {},
                           said.text_with_delimiters());
            }
        }
    }
    if (binding.obr != 0) {
        // Free text, which may name somebody: never shown.
        const hl7::Segment obr = context.message.segment(binding.obr);
        if (obr.field(13).has_value()) {
            notes.warn(Code::specimen_condition, place_of(obr, 13));
        }
        if (obr.field(31).has_value()) {
            notes.note(Code::reason_for_study, place_of(obr, 31));
        }
    }
}

}  // namespace

SpecimenReading read_specimen(const MappingContext& context, const hl7::ObservationBinding& binding,
                              Notes& notes) {
    SpecimenReading reading;
    read_role(context, binding, reading);
    if (reading.control || reading.role_unknown) {
        return reading;
    }
    check_order_numbers(context, binding, notes);
    flag_condition(context, binding, notes);
    const OrderNumber order = order_number(context, binding);
    reading.identity.order = order.number;
    NamedSpecimen specimen = specimen_id(context, binding, notes);
    reading.identity.specimen_id = specimen.id;
    reading.id_at = specimen.read;
    notes.step(
        "specimen.identity",
        [&] {
            return say(Sentence::specimen_named,
                       order.segment == 0
                           ? std::string("nothing")
                           : place_of(context.message.segment(order.segment), order.field).text,
                       specimen.place.empty() ? "nothing" : specimen.place);
        },
        [&] {
            std::vector<Place> read;
            if (order.segment != 0) {
                read.push_back(leaf_in(context, order.segment, order.field));
            }
            // One number may be both.
            if (!specimen.place.empty() && (read.empty() || read.front() != specimen.read)) {
                read.push_back(specimen.read);
            }
            return read;
        });
    if (!specimen.id.empty() && !specimen.authority.empty()) {
        reading.name = study::SpecimenName{std::move(specimen.authority), std::move(specimen.id)};
        reading.registered = context.registry.specimen(*reading.name);
    }
    return reading;
}

}  // namespace labrelay::mapping
