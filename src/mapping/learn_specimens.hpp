#pragma once

#include <functional>
#include <vector>

#include "labrelay/hl7/binding.hpp"
#include "labrelay/mapping/apply.hpp"

namespace labrelay::mapping {

class OrderReader;
struct OrderReading;

/// Specimens that a message names beside a registered patient: what a source that knows only
/// specimen ids is placed by. Nothing is learned from an order whose patient is in doubt, and
/// nothing at all from a source that does not teach.
class SpecimenLessons {
public:
    explicit SpecimenLessons(const MappingContext& context) : context_(context) {}
    void hear(const OrderReading& order);
    std::vector<study::LearnedSpecimen> all() &&;  ///< by name, each once

private:
    const MappingContext& context_;
    std::vector<study::LearnedSpecimen> learned_;
};

/// The orders of a message that have no result, in their order: by position, as OrderWalk finds
/// them.
void for_each_order_without_result(
    const MappingContext& context, const std::vector<hl7::ObservationBinding>& bindings,
    const std::function<void(const hl7::ObservationBinding&)>& visit);

/// An order that is still without a result teaches too.
void read_orders_without_result(const MappingContext& context,
                                const std::vector<hl7::ObservationBinding>& bindings,
                                OrderReader& orders);

}  // namespace labrelay::mapping
