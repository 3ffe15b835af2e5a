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

/// O, I, S, P, R: nothing of the order is final; F, C: all of it is; A: some, which fits anything.
/// D and W are no codes of OBR-25.
bool differs(std::string_view order, std::optional<ObservationStatus> status) {
    if (order == "D" || order == "W") {
        return true;
    }
    if (!status || order.size() != 1) {
        return false;
    }
    const bool order_final = order == "F" || order == "C";
    const bool order_open = std::string_view("OISPRXYZ").find(order) != std::string_view::npos;
    switch (*status) {
        case ObservationStatus::preliminary:
            return order_final || order == "X";
        case ObservationStatus::final:
        case ObservationStatus::corrected:
        case ObservationStatus::promoted:
            return order_open;
        case ObservationStatus::not_done:
        case ObservationStatus::withdrawn:
            return false;
    }
    return false;
}

}  // namespace

StatusReading read_status(const hl7::Segment& obx, const std::optional<hl7::Segment>& obr) {
    StatusReading reading;
    reading.order_code = obr ? trimmed_text(obr->field(25)) : std::string();
    reading.code = trimmed_text(obx.field(11));
    if (reading.code.size() == 1) {
        reading.status = status_of(reading.code[0]);
        reading.order_detail = reading.code[0] == 'O';
        reading.pending = reading.code[0] == 'I';
    } else if (reading.code.empty() && (reading.order_code == "F" || reading.order_code == "C")) {
        reading.status = ObservationStatus::final;
    }
    reading.order_differs = !reading.code.empty() && differs(reading.order_code, reading.status);
    return reading;
}

}  // namespace labrelay::mapping
