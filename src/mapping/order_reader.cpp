#include "order_reader.hpp"

#include <algorithm>

#include "learn_specimens.hpp"

namespace labrelay::mapping {
namespace {

bool looks_into_obx(const hl7::Path& path) {
    const auto& steps = path.alternatives();
    return std::any_of(steps.begin(), steps.end(), [](const hl7::Path::Step& step) {
        return step.segment == "OBX" || step.segment == "NTE" || step.segment.front() == 'Z';
    });
}

bool looks_into_obx(const std::optional<hl7::Path>& path) {
    return path && looks_into_obx(*path);
}

bool any_path_looks_into_obx(const SourceDefinition& source) {
    const auto line_does = [](const auto& line) { return looks_into_obx(line.from); };
    return !source.collected || looks_into_obx(source.collected) ||
           looks_into_obx(source.collected_after_registry) || looks_into_obx(source.birth_date) ||
           looks_into_obx(source.sex) ||
           std::any_of(source.patients.begin(), source.patients.end(), line_does) ||
           std::any_of(source.controls.begin(), source.controls.end(), line_does) ||
           std::any_of(source.specimens.begin(), source.specimens.end(), line_does);
}

}  // namespace

OrderReader::OrderReader(const MappingContext& context, SpecimenLessons& lessons)
    : context_(context), lessons_(lessons), reads_obx_(any_path_looks_into_obx(context.source)) {}

bool OrderReader::is_last(const hl7::ObservationBinding& binding) const {
    if (!last_) {
        return false;
    }
    const hl7::ObservationBinding& last = last_->binding;
    return last.pid == binding.pid && last.orc == binding.orc && last.obr == binding.obr &&
           last.spm == binding.spm && last.sac == binding.sac &&
           (!reads_obx_ || last.obx == binding.obx);
}

const OrderReading& OrderReader::read(const hl7::ObservationBinding& binding) {
    if (is_last(binding)) {
        return *last_;
    }
    OrderReading& order = last_.emplace(
        OrderReading{binding, {}, {}, {}, Notes(context_.lineage), Notes(context_.lineage)});
    read_anew(order);
    lessons_.hear(order);
    return order;
}

void OrderReader::read_anew(OrderReading& order) {
    order.specimen = read_specimen(context_, order.binding, order.whose);
    if (order.specimen.control || order.specimen.role_unknown) {
        return;
    }
    order.subject = find_subject(context_, order.binding, order.specimen, order.whose);
    if (order.subject.not_registered) {
        return;
    }
    order.collection =
        read_collection(context_, order.binding, order.specimen.registered, order.when);
    if (order.specimen.identity.empty() && order.collection.time) {
        order.specimen.identity.collected = order.collection.time->text;
    }
}

}  // namespace labrelay::mapping
