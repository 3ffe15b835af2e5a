#include "learn_specimens.hpp"

#include <algorithm>
#include <array>

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

/// ORC-1 (table 0119) takes the order back: its specimen may never be drawn.
bool is_cancelled(const MappingContext& context, const hl7::ObservationBinding& order) {
    constexpr std::array<std::string_view, 6> kTakenBack{"CA", "OC", "CR", "DC", "OD", "DR"};
    if (order.orc == 0) {
        return false;
    }
    const std::string control = trimmed_text(context.message.segment(order.orc).field(1));
    return std::find(kTakenBack.begin(), kTakenBack.end(), control) != kTakenBack.end();
}

Place place_of_order(const MappingContext& context, const hl7::ObservationBinding& order) {
    const std::size_t position = order.obr != 0 ? order.obr : order.spm;
    return position == 0 ? Place{} : place_of(context.message.segment(position));
}

}  // namespace

void SpecimenLessons::hear(const OrderReading& order) {
    if (context_.source.teaches_specimens && !is_cancelled(context_, order.binding)) {
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

namespace {

/// Finds the orders of a message by position: the specimen of an order stands before it (OML^O33,
/// O35, OUL^R22) or after it (OML^O21, ORU^R01), by which of the two comes first after PID.
class OrderWalk {
public:
    using Visit = std::function<void(const hl7::ObservationBinding&)>;
    OrderWalk(const std::vector<bool>& has_result, const Visit& visit)
        : has_result_(has_result), visit_(visit) {}

    void visit(std::string_view id, std::size_t position) {
        if (id == "PID") {
            finish();
            open_ = {};
            open_.pid = position;
            specimen_first_ = false;
        } else if (id == "SPM") {
            specimen(position);
        } else if (id == "SAC") {
            open_.sac = position;
        } else if (id == "ORC") {
            begin_order();
            open_.orc = position;
            open_.obr = 0;
        } else if (id == "OBR") {
            begin_order();
            open_.orc = open_.obr == 0 ? open_.orc : 0;
            open_.obr = position;
            pending_ = true;
        }
    }
    void finish() {
        if (pending_ && !has_result_[open_.obr]) {
            visit_(open_);
        }
        pending_ = false;
    }

private:
    void specimen(std::size_t position) {
        specimen_first_ = specimen_first_ || (open_.orc == 0 && open_.obr == 0);
        const bool first_of_its_order = !specimen_first_ && pending_ && open_.spm == 0;
        if (!first_of_its_order) {
            finish();
        }
        open_.spm = position;
        open_.sac = 0;
        if (specimen_first_) {
            open_.orc = 0;
            open_.obr = 0;
        } else {
            pending_ = open_.obr != 0;
        }
    }
    void begin_order() {
        finish();
        if (!specimen_first_) {
            open_.spm = 0;
            open_.sac = 0;
        }
    }

    const std::vector<bool>& has_result_;
    const Visit& visit_;
    hl7::ObservationBinding open_;
    bool specimen_first_ = false;
    bool pending_ = false;  ///< open_ names an order that was not read yet
};

}  // namespace

void for_each_order_without_result(
    const MappingContext& context, const std::vector<hl7::ObservationBinding>& bindings,
    const std::function<void(const hl7::ObservationBinding&)>& visit) {
    const hl7::Message& message = context.message;
    std::vector<bool> has_result(message.segment_count() + 1);
    for (const hl7::ObservationBinding& binding : bindings) {
        has_result[binding.obr] = true;
    }
    OrderWalk walk(has_result, visit);
    for (std::size_t position = 1; position <= message.segment_count(); ++position) {
        walk.visit(message.segment(position).id(), position);
    }
    walk.finish();
}

void read_orders_without_result(const MappingContext& context,
                                const std::vector<hl7::ObservationBinding>& bindings,
                                OrderReader& orders) {
    if (context.source.teaches_specimens) {
        for_each_order_without_result(
            context, bindings, [&](const hl7::ObservationBinding& order) { orders.read(order); });
    }
}

}  // namespace labrelay::mapping
