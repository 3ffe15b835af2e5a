#pragma once

#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/hl7/header.hpp"
#include "labrelay/hl7/message.hpp"
#include "labrelay/mapping/configuration.hpp"

namespace labrelay::pipeline {

/// What MSH says about a message that can be read, judged by docs/ack.md.
struct HeaderVerdict {
    std::vector<Finding> findings;  ///< all of them, so that the sender corrects everything at once
    bool refused = false;
    bool reject = false;  ///< with AR; else AE
    bool test = false;    ///< MSH-11 T or D
};

/// `source` is null where none was recognised; `unknown_source` says what that means.
HeaderVerdict check_header(const hl7::Message& message, const hl7::Header& header,
                           const mapping::SourceDefinition* source,
                           mapping::UnknownSource unknown_source);

/// `ORU^R01`; an ORU without an event is R01.
std::string message_type(const hl7::Header& header);

}  // namespace labrelay::pipeline
