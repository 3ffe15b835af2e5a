#include "message_types.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace labrelay::pipeline {
namespace {

struct TakenType {
    std::string_view code;
    std::string_view event;
    MessageKind kind;
    std::string_view structure;  ///< where it is not `<code>_<event>` in every version
};
constexpr std::array kTakenTypes{
    TakenType{"ORU", "R01", MessageKind::result, {}},
    TakenType{"ORU", "R30", MessageKind::result, {}},
    TakenType{"ORU", "R31", MessageKind::result, "ORU_R30"},
    TakenType{"ORU", "R32", MessageKind::result, "ORU_R30"},
    TakenType{"OUL", "R21", MessageKind::result, {}},
    TakenType{"OUL", "R22", MessageKind::result, {}},
    TakenType{"OUL", "R23", MessageKind::result, {}},
    TakenType{"OUL", "R24", MessageKind::result, {}},
    TakenType{"ORM", "O01", MessageKind::order, {}},
    TakenType{"OML", "O21", MessageKind::order, {}},
    TakenType{"OML", "O33", MessageKind::order, {}},
    TakenType{"OML", "O35", MessageKind::order, {}},
    TakenType{"ADT", "A01", MessageKind::patient, {}},
    TakenType{"ADT", "A04", MessageKind::patient, "ADT_A01"},
    TakenType{"ADT", "A08", MessageKind::patient, "ADT_A01"},
    TakenType{"ADT", "A28", MessageKind::patient, "ADT_A05"},
    TakenType{"ADT", "A31", MessageKind::patient, "ADT_A05"},
    TakenType{"ADT", "A40", MessageKind::merge, "ADT_A39"},
};

/// Types that answer another message (HL7 tables 0076 and 0003).
constexpr std::array<std::string_view, 21> kResponses{
    "ACK", "ADR", "DSR", "EDR", "ERP", "MCF", "MDR", "NMR", "ORA", "ORF", "ORL",
    "ORR", "OSR", "QCK", "RAR", "RDR", "RGR", "ROR", "RSP", "RTB", "TBR"};

}  // namespace

std::string_view event_of(const hl7::Header& header) {
    if (header.trigger_event.empty() && header.message_code == "ORU") {
        return "R01";
    }
    if (header.trigger_event.empty() && header.message_code == "ORM") {
        return "O01";
    }
    return header.trigger_event;
}

MessageKind kind_of(const hl7::Header& header) {
    if (std::find(kResponses.begin(), kResponses.end(), header.message_code) != kResponses.end()) {
        return MessageKind::response;
    }
    MessageKind kind = MessageKind::unknown_type;
    for (const TakenType& taken : kTakenTypes) {
        if (taken.code == header.message_code) {
            kind = MessageKind::unknown_event;
            if (taken.event == event_of(header)) {
                return taken.kind;
            }
        }
    }
    return kind;
}

bool structure_fits(const hl7::Header& header) {
    if (header.structure.empty()) {
        return true;
    }
    const std::string_view event = event_of(header);
    for (const TakenType& taken : kTakenTypes) {
        if (taken.code == header.message_code && taken.event == event) {
            return header.structure == taken.structure ||
                   header.structure == fmt::format("{}_{}", taken.code, taken.event);
        }
    }
    return true;
}

}  // namespace labrelay::pipeline
