#pragma once

#include <string>
#include <string_view>

#include "labrelay/hl7/ack.hpp"
#include "labrelay/pipeline/arrival.hpp"
#include "labrelay/study/outcome.hpp"
#include "labrelay/study/proposal.hpp"

namespace labrelay::pipeline {

/// What the sender is told. A data fault is AA (held) unless the source is strict. In enhanced mode
/// (MSH-15 or MSH-16 valued) there may be two acknowledgements, or none: docs/ack.md is the table.
/// Both are made and stored in the commit of the message; `accept` is sent first.
struct Answer {
    bool silent = false;  ///< never answered: an acknowledgement, or the source wants it so
    hl7::AckCode code = hl7::AckCode::aa;  ///< the verdict, AA, AE or AR, whoever is told of it
    std::string accept;  ///< the accept acknowledgement's bytes; empty: none is wanted
    std::string bytes;   ///< of original mode, or the application's; empty: none is wanted
    bool apart = false;  ///< `bytes` go out on the source's reply connection (ack_outbox)
};

Answer answer(std::string_view bytes, const Arrival& arrival, const study::Proposal& proposal,
              const study::Outcome& outcome);

/// What is told when the store cannot take the message: never anything positive, and nothing at all
/// unless the source's `store-failure` says so.
Answer answer_without_store(std::string_view bytes, const Arrival& arrival,
                            const study::AckRequest& request);

}  // namespace labrelay::pipeline
