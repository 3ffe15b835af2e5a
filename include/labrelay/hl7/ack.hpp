#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/hl7/charset.hpp"
#include "labrelay/hl7/message.hpp"

namespace labrelay::hl7 {

/// Acknowledgement codes (HL7 table 0008): AA, AE and AR of original mode and of an application,
/// CA, CE and CR of the acceptance in enhanced mode.
enum class AckCode : std::uint8_t { aa, ae, ar, ca, ce, cr };
std::string_view to_string(AckCode code);
std::optional<AckCode> ack_code_from(std::string_view text);

struct AckContent {
    AckCode code = AckCode::aa;
    std::string ack_id;  ///< MSH-10 of the acknowledgement: our own, unique, at most 20 characters
    Instant time;        ///< MSH-7
    std::string text;    ///< MSA-3, without patient data; cut at 80 characters before version 2.5
    std::vector<Finding> errors;                    ///< one ERR (or one repetition of ERR-1) each
    std::optional<std::int64_t> expected_sequence;  ///< MSA-4
    std::string accept_condition;                   ///< MSH-15: whether this one is answered itself
    std::string application_condition;              ///< MSH-16
    std::string assumed_version;  ///< where MSH-12 names no version that is known: 2.3.1
};

/// The acknowledgement of `message`: same delimiters, MSH-3/4 and MSH-5/6 swapped with all their
/// components, MSH-9 `ACK^R01^ACK` (2.4 and later: with trigger; before: `ACK`; an application's to
/// ORU^R30 `ACK^R33^ACK`, from 2.7 `ORA^R33^ORA_R33`), MSH-11, 12 and 18 echoed, MSA-2 the exact
/// bytes of MSH-10, ERR as the version writes it (before 2.5: ERR-1; from 2.5: ERR-2 place, ERR-3
/// table 0357, ERR-4 severity, ERR-5 our code, ERR-7 detail, ERR-8 text). IHE LAB transactions get
/// their MSH-21 back; MSA-4 and MSH-15/16 as `content` says. Encoded in the message's character
/// set, segments end with CR. Levels that the message has no delimiter for are left out. Where
/// MSH-12 says nothing, the source's word or the form of MSH-9 tells old from new.
std::string build_ack(const Message& message, Charset charset, const AckContent& content);

/// For bytes that are no message: what can be read of the header is used byte for byte, the rest
/// has defaults
/// (`|^~\&`, MSH-11 P, MSH-12 2.5.1, MSA-2 empty).
std::string build_ack_of_unreadable(std::string_view bytes, const AckContent& content);

}  // namespace labrelay::hl7
