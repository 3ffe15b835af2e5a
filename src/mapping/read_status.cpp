#include "read_status.hpp"

#include "notes.hpp"

namespace labrelay::mapping {
namespace {

using study::ObservationStatus;

std::optional<ObservationStatus> status_of(char code) {
    switch (code) {
        case 'P':
        case 'R':
        case 'S':
        case 'I':
            return ObservationStatus::preliminary;
        case 'F':
            return ObservationStatus::final;
        case 'C':
            return ObservationStatus::corrected;
        case 'U':
            return ObservationStatus::promoted;
        case 'X':
        case 'N':
            return ObservationStatus::not_done;
        case 'D':
        case 'W':
            return ObservationStatus::withdrawn;
        default:
            return std::nullopt;
    }
}

}  // namespace

StatusReading read_status(const hl7::Segment& obx, const std::optional<hl7::Segment>& obr) {
    StatusReading reading;
    reading.code = trimmed_text(obx.field(11));
    if (reading.code.size() == 1) {
        reading.status = status_of(reading.code[0]);
        reading.order_detail = reading.code[0] == 'O';
        reading.pending = reading.code[0] == 'I';
    } else if (reading.code.empty() && obr) {
        const std::string order_status = obr->field(25).text();
        if (order_status == "F" || order_status == "C") {
            reading.status = ObservationStatus::final;
        }
    }
    return reading;
}

}  // namespace labrelay::mapping
