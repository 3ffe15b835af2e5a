#include "learn_specimens.hpp"

#include <algorithm>

#include "order_reader.hpp"

namespace labrelay::mapping {
namespace {

/// One binding an order: those of the observations, and the orders that no observation belongs to.
std::vector<hl7::ObservationBinding> all_orders(
    const hl7::Message& message, const std::vector<hl7::ObservationBinding>& bindings) {
    std::vector<hl7::ObservationBinding> orders;
    for (const hl7::ObservationBinding& binding : bindings) {
        if (binding.certain && (orders.empty() || orders.back().obr != binding.obr ||
                                orders.back().spm != binding.spm)) {
            orders.push_back(binding);
        }
    }
    const auto has_result = [&](std::size_t obr) {
        return std::any_of(bindings.begin(), bindings.end(),
                           [&](const auto& binding) { return binding.obr == obr; });
    };
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
            if (!has_result(position)) {
                orders.push_back(open);
            }
        }
    }
    return orders;
}

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

std::vector<study::LearnedSpecimen> learn_specimens(
    const MappingContext& context, const std::vector<hl7::ObservationBinding>& bindings) {
    std::vector<study::LearnedSpecimen> learned;
    if (!context.source.teaches_specimens) {
        return learned;
    }
    MappingContext quiet = context;
    quiet.lineage = Lineage::left_out;
    OrderReader orders(quiet);
    for (const hl7::ObservationBinding& order : all_orders(context.message, bindings)) {
        if (auto specimen = lesson(context, orders.read(order))) {
            learned.push_back({std::move(*specimen), place_of_order(context, order)});
        }
    }
    const auto by_name = [](const study::LearnedSpecimen& left,
                            const study::LearnedSpecimen& right) {
        return left.specimen.name < right.specimen.name;
    };
    std::stable_sort(learned.begin(), learned.end(), by_name);
    const auto same_name = [](const study::LearnedSpecimen& left,
                              const study::LearnedSpecimen& right) {
        return left.specimen.name == right.specimen.name;
    };
    learned.erase(std::unique(learned.begin(), learned.end(), same_name), learned.end());
    return learned;
}

}  // namespace labrelay::mapping
