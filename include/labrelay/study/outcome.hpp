#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/study/state.hpp"

namespace labrelay::study {

/// What became of one observation.
struct DecidedObservation {
    std::int32_t ordinal = 0;
    Disposition disposition = Disposition::held;
    Code rule = Code::none;  ///< why held or ignored; none when stored
    std::optional<ObservationId> repeat_of;
    /// It was stored before, or is a version that was taken away, and is decided anew: its line is
    /// written anew where it is stored.
    bool anew = false;
    std::vector<Finding> findings;     ///< added by decide()
    std::vector<LineageStep> lineage;  ///< added by decide()
};

/// A result that is new or changed; `after` is the whole record. Written by the store, told to the
/// targets when `after.placement.forwarded`, or when it was delivered before.
struct ResultChange {
    ResultRecord after;
    bool value_changed = false;  ///< versions or the current one
    bool placement_changed = false;
    Code reason = Code::none;  ///< placement-moved, nearer-after-delivery …
};

/// Something that a person must decide although nothing is held: nearer-after-delivery.
struct Notice {
    Code code{};
    SubjectId subject;  ///< 0: about the source
    std::string detail;
};

struct Counts {
    std::int32_t received = 0;
    std::int32_t stored = 0;
    std::int32_t held = 0;
    std::int32_t ignored = 0;

    bool balanced() const { return received == stored + held + ignored; }
};

/// What decide() decided about a message. Pure data: the store writes it, the ACK policy reads it.
struct Outcome {
    MessageState state = MessageState::processed;
    std::optional<MessageId> duplicate_of;  ///< state duplicate: whose answer is sent again
    bool reject = false;                    ///< state refused: AR instead of AE
    /// State refused before the content was looked at, by form, header or sequence: in enhanced
    /// mode it is not even accepted (CE or CR).
    bool unaccepted = false;
    std::optional<std::int64_t> expected_sequence;  ///< MSA-4; -1: any number begins
    std::optional<std::int64_t> last_sequence;  ///< to be remembered of the source; -1: forget it
    std::vector<Finding> findings;              ///< the message's, process()'s first
    std::vector<DecidedObservation> observations;
    std::vector<ResultChange> changes;
    std::vector<LearnedSpecimen> learned;  ///< to be appended to the registry
    std::vector<Notice> notices;
    /// What would bring held or ignored observations back: `patient:QILU-MRN:00481523`,
    /// `specimen:QILU-ACC:A1`, `subject:17`, `corrected:17`.
    std::vector<std::string> awaiting;
    Counts counts;
};

}  // namespace labrelay::study
