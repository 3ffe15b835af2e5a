#include "labrelay/mapping/map_order.hpp"

#include "learn_specimens.hpp"
#include "order_reader.hpp"

namespace labrelay::mapping {
namespace {

study::ProposedObservation ignored(const MappingContext& context, const hl7::Segment& obx,
                                   std::int32_t ordinal) {
    study::ProposedObservation observation;
    observation.ordinal = ordinal;
    observation.place = place_of(obx);
    observation.disposition = study::Disposition::ignored;
    observation.rule = Code::not_a_result_message;
    observation.code = obx.field(3).component(1).text();
    observation.code_text = obx.field(3).component(2).text();
    observation.code_system = obx.field(3).component(3).text();
    observation.status_code = obx.field(11).text();
    if (context.lineage == Lineage::written) {
        observation.lineage.push_back({std::string(key(observation.rule)), say(observation.rule)});
    }
    return observation;
}

}  // namespace

MappedMessage map_without_results(const MappingContext& context, bool teaches) {
    MappedMessage mapped;
    std::int32_t ordinal = 0;
    for (std::size_t position = 1; position <= context.message.segment_count(); ++position) {
        const hl7::Segment segment = context.message.segment(position);
        if (segment.id() == "OBX") {
            mapped.observations.push_back(ignored(context, segment, ++ordinal));
        }
    }
    if (teaches) {
        SpecimenLessons lessons(context);
        OrderReader orders(context, lessons);
        read_orders_without_result(context, {}, orders);
        mapped.learned = std::move(lessons).all();
    }
    return mapped;
}

}  // namespace labrelay::mapping
