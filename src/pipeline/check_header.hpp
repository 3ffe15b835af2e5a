#pragma once

#include <optional>
#include <string>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/hl7/header.hpp"
#include "labrelay/hl7/message.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/arrival.hpp"
#include "labrelay/study/proposal.hpp"
#include "message_types.hpp"

namespace labrelay::pipeline {

/// What MSH says about a message that can be read, judged by docs/ack.md.
struct HeaderVerdict {
    std::vector<Finding> findings;  ///< all of them, so that the sender corrects everything at once
    bool refused = false;
    bool reject = false;  ///< with AR; else AE
    bool test = false;    ///< MSH-11 T or D
    MessageKind kind = MessageKind::result;
    std::optional<study::SequenceClaim> sequence;
};

/// What is asked of a header.
struct HeaderQuestion {
    const hl7::Message& message;
    const hl7::Header& header;
    const mapping::SourceDefinition* source;  ///< null where none was recognised
    mapping::UnknownSource unknown_source;    ///< what that means
    const Arrival& arrival;
};
HeaderVerdict check_header(const HeaderQuestion& question);

/// MSH-15 and MSH-16, and what the source says about its answers.
study::AckRequest ack_request(const hl7::Header& header, const mapping::SourceDefinition* source);

/// `ORU^R01`; an ORU without an event is R01.
std::string message_type(const hl7::Header& header);

}  // namespace labrelay::pipeline
