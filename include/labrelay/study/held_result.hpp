#pragma once

#include <optional>
#include <string>

#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"

namespace labrelay::study {

/// A result of a subject that is held: it counts nowhere, and whoever reads what is missing must
/// know of it.
struct HeldResult {
    ObservationId id;
    Code rule{};                 ///< why it is held
    std::string analyte;         ///< empty where the laboratory's code is not mapped
    std::string code;            ///< the laboratory's
    std::string value_reported;  ///< as sent
    std::string unit_reported;
    std::optional<Timestamp> collected;
};

}  // namespace labrelay::study
