#pragma once

#include <optional>

#include "find_subject.hpp"
#include "labrelay/hl7/binding.hpp"
#include "labrelay/mapping/apply.hpp"
#include "notes.hpp"
#include "read_specimen.hpp"
#include "read_times.hpp"

namespace labrelay::mapping {

/// What the observations of one order have in common: whose they are and when the blood was drawn.
struct OrderReading {
    hl7::ObservationBinding binding;
    SpecimenReading specimen;
    SubjectMatch subject;
    Collection collection;
    Notes whose;  ///< specimen and subject
    Notes when;   ///< collection
};

class SpecimenLessons;

/// Reads an order once for all of its observations, which follow each other in the message. One
/// thread.
class OrderReader {
public:
    /// `lessons` hears of every order that is read.
    OrderReader(const MappingContext& context, SpecimenLessons& lessons);
    /// Valid until the next call.
    const OrderReading& read(const hl7::ObservationBinding& binding);

private:
    bool is_last(const hl7::ObservationBinding& binding) const;
    void read_anew(OrderReading& order);

    const MappingContext& context_;
    SpecimenLessons& lessons_;
    bool reads_obx_;  ///< some path of the source looks into OBX, so that each is an order of its
                      ///< own
    std::optional<OrderReading> last_;
};

}  // namespace labrelay::mapping
