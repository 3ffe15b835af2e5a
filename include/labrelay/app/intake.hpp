#pragma once

#include <string>
#include <vector>

#include "labrelay/core/ids.hpp"
#include "labrelay/pipeline/committer.hpp"
#include "labrelay/transport/message_sink.hpp"

namespace labrelay::app {

/// What every way in ends at: gives a message its arrival, runs process() on the connection's own
/// thread, hands the proposal to the committer and waits for the commit. Thread-safe.
class Intake final : public transport::MessageSink {
public:
    Intake(pipeline::Committer& committer, pipeline::Snapshots& snapshots, MessageIdSource& ids,
           const Clock& clock)
        : committer_(committer), snapshots_(snapshots), ids_(ids), clock_(clock) {}

    Reply receive(std::string bytes, const transport::Origin& origin) override;
    std::vector<Reply> receive_all(std::vector<std::string> messages,
                                   const transport::Origin& origin) override;
    Reply quarantine(std::string bytes, Code why, const transport::Origin& origin) override;
    void on_connection_event(Code what, const std::string& peer, std::string_view detail) override;

private:
    pipeline::Arrival arrive(const transport::Origin& origin);
    pipeline::Submission submission_of(std::string bytes, const transport::Origin& origin,
                                       const mapping::Configuration& configuration,
                                       const study::Registry& registry);

    pipeline::Committer& committer_;
    pipeline::Snapshots& snapshots_;
    MessageIdSource& ids_;
    const Clock& clock_;
};

}  // namespace labrelay::app
