#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/ack_policy.hpp"
#include "labrelay/study/decide.hpp"

namespace labrelay::app {

/// process() and decide() on a configuration and registry files, nothing stored: what explain, ack,
/// the golden cases and the mapping tests run. One thread.
class DryRun {
public:
    DryRun(std::shared_ptr<const mapping::Configuration> configuration, study::Registry registry);

    /// Asks a store for what a proposal's keys name, instead of starting from nothing.
    using Loader = std::function<void(const study::Proposal&, study::StateView&)>;
    void load_with(Loader loader) { loader_ = std::move(loader); }

    struct Answered {
        study::Proposal proposal;
        study::Outcome outcome;
        pipeline::Answer answer;
    };
    /// The state view grows with every message, as it would within a batch.
    Answered run(std::string_view bytes);

    /// What arrives in one piece: a message, or a batch with its members.
    struct Delivery {
        std::vector<Answered> members;     ///< one where it was a message
        std::vector<std::size_t> offsets;  ///< of each
        bool batch = false;
        std::vector<Finding> findings;  ///< the batch's own
        pipeline::Answer answer;        ///< the sender's: of the whole
    };
    Delivery deliver(std::string_view bytes);

    /// What the messages so far have stored of a subject.
    study::SubjectState stored_of(SubjectId subject) const;

    const study::Registry& registry() const { return registry_; }
    const mapping::Configuration& configuration() const { return *configuration_; }

private:
    pipeline::Arrival arrive();
    Answered run(std::string_view bytes, const pipeline::Arrival& arrival);

    std::shared_ptr<const mapping::Configuration> configuration_;
    study::Registry registry_;
    study::StateView state_;
    Loader loader_;
    std::int64_t next_id_ = 1;
};

/// `message 2 of 3 (byte 412)` and a line end; nothing where it is no batch.
std::string member_heading(const DryRun::Delivery& delivery, std::size_t index);

/// The configuration below `directory`; its errors go to stderr.
std::shared_ptr<const mapping::Configuration> load_or_report(const std::string& directory);

/// A registry from files in the form of subjects.csv and specimens.csv; empty names are left out.
/// Errors go to stderr.
std::optional<study::Registry> registry_from_files(const std::string& subjects_csv,
                                                   const std::string& specimens_csv,
                                                   const mapping::Configuration& configuration);

}  // namespace labrelay::app
