#include "labrelay/study/analyte.hpp"

namespace labrelay::study {

bool Limits::contain(const Decimal& value) const {
    return (!low || value >= *low) && (!high || value <= *high);
}

const Limits& Analyte::reference(std::optional<Sex> sex) const {
    static const Limits none;
    if (sex) {
        return *sex == Sex::male ? reference_male : reference_female;
    }
    const bool equal =
        reference_male.low == reference_female.low && reference_male.high == reference_female.high;
    return equal ? reference_male : none;
}

}  // namespace labrelay::study
