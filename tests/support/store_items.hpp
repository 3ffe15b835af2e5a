#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "labrelay/pipeline/commit_store.hpp"
#include "temporary_directory.hpp"

namespace labrelay::testing {

/// A clock that stands where it was put.
class FixedClock final : public Clock {
public:
    Instant now() const override { return now_; }
    void set(Instant now) { now_ = now; }

private:
    Instant now_{1'780'000'000'000'000};
};

/// A message as the committer hands it to the store, made by hand: what the store keeps does not
/// depend on how it was decided. Ordinals count from 1 in the order of the calls.
class StoreItem {
public:
    /// Source `facs-lyric`, subject 7; received one second a message id after the FixedClock's
    /// time.
    StoreItem(std::int64_t message_id, std::string control_id);

    /// A new result of `subject` with this number; its code is `C<ordinal>`.
    StoreItem& stored(std::int64_t number, SubjectId subject = SubjectId{7});
    StoreItem& held(Code rule, std::string code = "XYZ");
    StoreItem& ignored(Code rule);
    StoreItem& awaiting(std::string what);
    StoreItem& duplicate_of(MessageId original);
    StoreItem& refused(Code rule);

    pipeline::CommitItem item() const { return {bytes, arrival, proposal, outcome, answer}; }
    MessageId id() const { return arrival.message_id; }

    std::string bytes;
    pipeline::Arrival arrival;
    study::Proposal proposal;
    study::Outcome outcome;
    pipeline::Answer answer;

private:
    study::ProposedObservation& observe(study::Disposition disposition, Code rule);
};

/// A version as the store reads it back from a proposed observation.
study::StoredVersion version_of(const StoreItem& item,
                                const study::ProposedObservation& observation);

/// Everything of it as text, for comparing and for showing where two differ.
std::string as_text(const study::StoredVersion& version);
std::string as_text(const study::ResultRecord& record);

/// One subject as subjects.csv would give it; id 0: new.
study::Subject a_subject(std::string screening_no, std::string mrn);

}  // namespace labrelay::testing
