// Any bytes, processed and decided under the shipped configuration: every observation of what is
// accepted is stored, held or ignored, what is refused leaves none, and the answer says which.

#include "fuzz_target.hpp"
#include "labrelay/pipeline/ack_policy.hpp"
#include "labrelay/pipeline/process.hpp"
#include "labrelay/study/decide.hpp"
#include "shipped_mapping.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace labrelay;
    using fuzz::require;
    const std::string_view bytes = fuzz::as_text(data, size);
    static const study::Registry kRegistry = test::a_registry();
    const mapping::Configuration& configuration = test::shipped_configuration();
    const pipeline::Arrival arrival = test::an_arrival();

    const study::Proposal proposal =
        pipeline::process(bytes, arrival, configuration, kRegistry, mapping::Lineage::left_out);
    const study::StateView empty;
    const study::Outcome outcome =
        study::decide(study::DecideInput{proposal, empty, configuration.rules(), kRegistry, {}});
    require(outcome.counts.balanced(), "received = stored + held + ignored");
    const bool refused = outcome.state == study::MessageState::refused;
    require(refused || outcome.observations.size() == proposal.observations.size(),
            "no observation is missing");
    require(!refused || outcome.changes.empty(), "nothing is stored of what is refused");
    const pipeline::Answer answer = pipeline::answer(bytes, arrival, proposal, outcome);
    require(refused == (answer.code != hl7::AckCode::aa), "the answer says which");
    return 0;
}
