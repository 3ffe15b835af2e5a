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
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/study/decide.hpp"

namespace labrelay::app {

/// process() and decide() on a configuration and registry files, nothing stored: what explain, ack,
/// the golden cases and the mapping tests run. One thread.
class DryRun {
public:
    DryRun(std::shared_ptr<const mapping::Configuration> configuration, study::Registry registry);

    /// A store to ask, instead of starting from nothing.
    struct Store {
        /// What a proposal's keys name.
        std::function<void(const study::Proposal&, study::StateView&)> load;
        std::function<void(SubjectId, study::StateView&)> load_subject;
        /// Nothing where its bytes are gone.
        std::function<std::optional<pipeline::StoredMessage>(MessageId)> message;
    };
    void ask(Store store) { store_ = std::move(store); }

    /// A message of the store, with what people decided for it.
    struct Before {
        MessageId message;
        std::vector<study::Overlay> overlays;
    };
    struct Answered {
        study::Proposal proposal;
        study::Outcome outcome;
        pipeline::Answer answer;
        std::optional<Before> before;  ///< it came before: this is what processing it again gives
    };
    /// The state view grows with every message, as it would within a batch. The answer is what the
    /// sender would be told; of a message that the store has already the outcome is that of
    /// processing it again.
    Answered run(std::string_view bytes);
    /// A message of the store, as the engine would process it again.
    Answered run_again(const pipeline::StoredMessage& stored);

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
    void apply(const Answered& answered);

    std::shared_ptr<const mapping::Configuration> configuration_;
    study::Registry registry_;
    study::StateView state_;
    std::optional<Store> store_;
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
