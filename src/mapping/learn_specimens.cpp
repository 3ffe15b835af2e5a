#include "learn_specimens.hpp"

#include <algorithm>

#include "order_reader.hpp"

namespace labrelay::mapping {
namespace {

/// The draw with the source's offset, because whoever reads it later may live in another zone.
std::optional<Timestamp> draw_of(const Collection& collection) {
    if (!collection.from_message || !collection.time) {
        return std::nullopt;
    }
    Timestamp draw = *collection.time;
    if (!draw.offset && collection.local && collection.local->instant) {
        const auto local = collection.local->day.time_since_epoch() + collection.local->time_of_day;
        draw.offset = std::chrono::duration_cast<std::chrono::minutes>(
            local - std::chrono::microseconds{collection.local->instant->microseconds});
    }
    return draw;
}

const study::Identifier* registered_identifier(const MappingContext& context,
                                               const SubjectMatch& match) {
    for (const study::Identifier& identifier : match.patient) {
        if (!context.registry.subjects_by_identifier(identifier).empty()) {
            return &identifier;
        }
    }
    return nullptr;
}

std::optional<study::RegisteredSpecimen> lesson(const MappingContext& context,
                                                const OrderReading& order) {
    if (!order.specimen.name || order.subject.subjects.empty() || order.whose.holds()) {
        return std::nullopt;
    }
    const study::Identifier* patient = registered_identifier(context, order.subject);
    if (patient == nullptr) {
        return std::nullopt;
    }
    const std::optional<Timestamp> draw = draw_of(order.collection);
    if (const study::RegisteredSpecimen* known = order.specimen.registered) {
        if (known->collected_at || !draw) {
            return std::nullopt;
        }
        study::RegisteredSpecimen completed = *known;
        completed.collected_at = draw;
        return completed;
    }
    return study::RegisteredSpecimen{*order.specimen.name, *patient, {}, draw, {}};
}

Place place_of_order(const MappingContext& context, const hl7::ObservationBinding& order) {
    const std::size_t position = order.obr != 0 ? order.obr : order.spm;
    return position == 0 ? Place{} : place_of(context.message.segment(position));
}

}  // namespace

void SpecimenLessons::hear(const OrderReading& order) {
    if (context_.source.teaches_specimens) {
        if (auto specimen = lesson(context_, order)) {
            learned_.push_back({std::move(*specimen), place_of_order(context_, order.binding)});
        }
    }
}

std::vector<study::LearnedSpecimen> SpecimenLessons::all() && {
    const auto by_name = [](const study::LearnedSpecimen& left,
                            const study::LearnedSpecimen& right) {
        return left.specimen.name < right.specimen.name;
    };
    std::stable_sort(learned_.begin(), learned_.end(), by_name);
    const auto same_name = [](const study::LearnedSpecimen& left,
                              const study::LearnedSpecimen& right) {
        return left.specimen.name == right.specimen.name;
    };
    learned_.erase(std::unique(learned_.begin(), learned_.end(), same_name), learned_.end());
    return std::move(learned_);
}

void read_orders_without_result(const MappingContext& context,
                                const std::vector<hl7::ObservationBinding>& bindings,
                                OrderReader& orders) {
    const hl7::Message& message = context.message;
    if (!context.source.teaches_specimens) {
        return;
    }
    std::vector<bool> has_result(message.segment_count() + 1);
    for (const hl7::ObservationBinding& binding : bindings) {
        has_result[binding.obr] = true;
    }
    hl7::ObservationBinding open;
    for (std::size_t position = 1; position <= message.segment_count(); ++position) {
        const std::string_view id = message.segment(position).id();
        if (id == "PID") {
            open = {};
            open.pid = position;
        } else if (id == "ORC") {
            open.orc = position;
            open.obr = 0;
        } else if (id == "OBR") {
            open.orc = open.obr == 0 ? open.orc : 0;
            open.obr = position;
            if (!has_result[position]) {
                orders.read(open);
            }
        }
    }
}

}  // namespace labrelay::mapping
