#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "labrelay/core/ids.hpp"
#include "labrelay/pipeline/committer.hpp"
#include "labrelay/pipeline/snapshots.hpp"
#include "labrelay/transport/message_sink.hpp"

namespace labrelay::app {

/// What every way in ends at: gives a message its arrival, runs process() on the connection's own
/// thread, hands the proposal to a committer and waits for the commit. Thread-safe.
class Intake final : public transport::MessageSink {
public:
    /// At least one committer, each a lane. Messages about one subject take one of them, those
    /// about nobody known the lane of their connection, and those of a source that is counted
    /// (MSH-13) the source's: what has an order keeps it. `is_a_node`: whether the node's number,
    /// which is part of every id, is its own. While it is not, nothing is taken, as where the store
    /// is away.
    Intake(
        std::vector<pipeline::Committer*> lanes, const pipeline::Snapshots& snapshots,
        MessageIdSource& ids, const Clock& clock,
        std::function<bool()> is_a_node = [] { return true; })
        : lanes_(std::move(lanes)),
          snapshots_(snapshots),
          ids_(ids),
          clock_(clock),
          is_a_node_(std::move(is_a_node)) {}

    Reply receive(std::string bytes, const transport::Origin& origin) override;
    std::vector<Reply> receive_all(std::vector<std::string> messages,
                                   const transport::Origin& origin) override;
    Reply quarantine(std::string bytes, Code why, const transport::Origin& origin) override;
    void on_connection_event(Code what, const std::string& peer, std::string_view detail) override;

private:
    pipeline::Committer& committer_of(std::size_t key) const;
    pipeline::Committer& committer_for(const pipeline::Submission& submission,
                                       const transport::Origin& origin) const;
    pipeline::Arrival arrive(const transport::Origin& origin);
    pipeline::Submission submission_of(std::string bytes, const transport::Origin& origin,
                                       const mapping::Configuration& configuration,
                                       const study::Registry& registry);

    const std::vector<pipeline::Committer*> lanes_;
    const pipeline::Snapshots& snapshots_;
    MessageIdSource& ids_;
    const Clock& clock_;
    const std::function<bool()> is_a_node_;
};

}  // namespace labrelay::app
