#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/study/registry.hpp"
#include "report.hpp"

namespace labrelay::bench {

/// What the measured steps work with; borrowed.
struct Workload {
    std::shared_ptr<const mapping::Configuration> configuration;
    study::Registry registry;
};

/// The registry that a subjects file makes. Throws where the file has errors.
study::Registry registry_of(const std::string& subjects_csv,
                            const mapping::Configuration& configuration);

/// Parsing and process(), one thread, without a store.
void measure_parse(Report& report, const std::string& name, std::span<const std::string> messages);
void measure_process(Report& report, const std::string& name, std::span<const std::string> messages,
                     const Workload& workload);

/// Messages that are decided, ready to be written: what the bare store is fed.
class DecidedMessages {
public:
    /// Runs process() and decide() over the messages in their order and adds decide()'s figure,
    /// which is measured on the state that has grown so far. `messages` outlives this.
    DecidedMessages(Report& report, std::span<const std::string> messages,
                    const Workload& workload);

    DecidedMessages(const DecidedMessages&) = delete;
    DecidedMessages& operator=(const DecidedMessages&) = delete;

    std::span<const pipeline::CommitItem> items() const { return items_; }

private:
    struct Owned {
        pipeline::Arrival arrival;
        study::Proposal proposal;
        study::Outcome outcome;
        pipeline::Answer answer;
    };
    std::deque<Owned> owned_;  ///< items_ refers into it
    std::vector<pipeline::CommitItem> items_;
};

}  // namespace labrelay::bench
