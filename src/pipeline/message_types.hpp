#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "labrelay/hl7/header.hpp"

namespace labrelay::pipeline {

/// What a message type is for labrelay; docs/ack.md says it in words.
enum class MessageKind : std::uint8_t {
    result,         ///< its observations become values
    order,          ///< teaches the specimen registry
    patient,        ///< may propose an identifier
    merge,          ///< may propose a merge
    response,       ///< an acknowledgement or the answer to a query: never answered
    unknown_event,  ///< the type is taken, the event is not
    unknown_type,
};

/// By MSH-9.1 and MSH-9.2. ORU and ORM alone, as 2.1 and 2.2 write them, are R01 and O01.
MessageKind kind_of(const hl7::Header& header);

/// The event, with what a type alone means.
std::string_view event_of(const hl7::Header& header);

/// Whether MSH-9.3 is what type and event have, in some version. Empty fits.
bool structure_fits(const hl7::Header& header);

}  // namespace labrelay::pipeline
