#include "labrelay/store/state_query.hpp"

#include "message_reader.hpp"
#include "read_core.hpp"
#include "read_transaction.hpp"
#include "result_reader.hpp"

namespace labrelay::store {

void load_state(ReadSession& session, const study::Proposal& proposal, study::StateView& state) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    const auto key = std::pair(proposal.source, proposal.control_id);
    if (!proposal.control_id.empty() && !state.messages.contains(key)) {
        state.messages.emplace(key, read_prior_messages(core.database, core.terms, key));
    }
    load_sequence(core.database, core.terms, proposal, state);
    ResultReader reader(core.database, core.terms, core.specimens);
    for (const study::ProposedObservation& observation : proposal.observations) {
        for (const SubjectId subject : observation.subjects) {
            if (!state.subjects.contains(subject)) {
                state.subjects.emplace(subject, reader.subject(subject));
            }
        }
    }
}

void load_subject(ReadSession& session, SubjectId subject, study::StateView& state) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    if (!state.subjects.contains(subject)) {
        ResultReader reader(core.database, core.terms, core.specimens);
        state.subjects.emplace(subject, reader.subject(subject));
    }
}

}  // namespace labrelay::store
