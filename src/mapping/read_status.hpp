#pragma once

#include <optional>
#include <string>

#include "labrelay/hl7/message.hpp"
#include "labrelay/study/proposal.hpp"

namespace labrelay::mapping {

/// OBX-11 by HL7 table 0085.
struct StatusReading {
    std::string code;                                ///< as sent
    std::optional<study::ObservationStatus> status;  ///< nothing: unknown, or no result at all
    bool order_detail = false;                       ///< O
    bool pending = false;        ///< I: the specimen is there, the result is not
    std::string order_code;      ///< OBR-25
    bool order_differs = false;  ///< OBR-25 (table 0123) says final or not otherwise than OBX-11
};

/// An absent OBX-11 is final where the whole order says that it is (OBR-25 F or C); else it is
/// unknown.
StatusReading read_status(const hl7::Segment& obx, const std::optional<hl7::Segment>& obr);

}  // namespace labrelay::mapping
