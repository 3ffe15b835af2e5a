#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"
#include "labrelay/hl7/message.hpp"

namespace labrelay::hl7 {

/// What MSH says, as text with escapes decoded unless a name says raw. Numbering: HL7 v2
/// chapter 2.14.9.
struct Header {
    std::string sending_application;    ///< MSH-3.1
    std::string sending_facility;       ///< MSH-4.1
    std::string receiving_application;  ///< MSH-5.1
    std::string receiving_facility;     ///< MSH-6.1
    std::string time;                   ///< MSH-7.1
    std::string message_code;           ///< MSH-9.1: ORU
    std::string trigger_event;          ///< MSH-9.2: R01
    std::string structure;              ///< MSH-9.3, advisory
    std::string control_id;             ///< MSH-10, exact bytes, nothing trimmed or decoded
    std::string processing_id;          ///< MSH-11.1: P, T, D
    std::string processing_mode;        ///< MSH-11.2 (table 0207): A, R, I, T
    std::string version;                ///< MSH-12.1: 2.5.1
    std::string sequence_number;        ///< MSH-13
    std::string continuation;           ///< MSH-14
    std::string accept_ack;             ///< MSH-15
    std::string application_ack;        ///< MSH-16
    std::string charset;                ///< MSH-18, first repetition
    std::string profile;                ///< MSH-21.1
};

Header read_header(const Message& message);

/// MSH up to its first segment end must fit here: nobody's header is longer, and what is may be
/// anything.
inline constexpr std::size_t kMaxHeaderBytes = 4096;
/// Whether bytes that begin with MSH (a UTF-8 mark may stand before it) have a longer one.
bool header_too_long(std::string_view bytes);

/// What of a header can still be read from bytes that are not a message: enough for an AR. Of a
/// header that is too long, the fields that end within its first 4 KiB.
Header read_header_of_unreadable(std::string_view bytes);

/// Versions 2.1 to 2.9.1 in the forms that senders use (`2.5.1`, `2.5.1.0`, `V2.5`) as a number
/// that compares: 250 for 2.5, 251 for 2.5.1; 0 where it is none of them.
int version_number(std::string_view msh12);

}  // namespace labrelay::hl7
