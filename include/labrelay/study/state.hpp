#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "labrelay/study/proposal.hpp"

namespace labrelay::study {

/// A message's state; transitions stand in message_state.md.
enum class MessageState : std::uint8_t {
    received,
    processed,
    held,
    duplicate,
    refused,
    quarantined,
    batch  ///< several messages that came in one piece; its members have rows of their own
};
std::string_view to_string(MessageState state);
std::optional<MessageState> message_state_from(std::string_view text);

/// What keeps one result of one subject apart from every other: it never changes for the result's
/// life, so that a mapping fix keeps identity. A derived result has the key of its specimen and
/// `derived` set.
struct ResultKey {
    SubjectId subject;
    std::string source;
    SpecimenIdentity specimen;
    std::string code;     ///< the laboratory's
    std::string sub_id;   ///< OBX-4
    std::string derived;  ///< analyte key of a derived result, else empty

    friend auto operator<=>(const ResultKey&, const ResultKey&) = default;
};

/// One stored observation as a version of a result. Never moves and is never overwritten.
struct StoredVersion {
    ObservationId id;                   ///< of a derived version: its newest input
    std::vector<ObservationId> inputs;  ///< of a derived version
    ObservationStatus status = ObservationStatus::final;
    std::string status_code;
    Instant version_time;
    std::string analyte;
    ResultValue value;
    std::optional<Timestamp> collected;
    std::optional<LocalTime> collected_local;  ///< in the source's zone
    std::string registered_visit;
    std::string reported_at;
    std::string laboratory;
    std::string method;
    bool forwards = true;          ///< its source was live
    bool visit_by_person = false;  ///< registered_visit is a person's word; empty: unscheduled

    friend bool operator==(const StoredVersion&, const StoredVersion&) = default;
};

enum class VisitKind : std::uint8_t { scheduled, unscheduled, history };
enum class Role : std::uint8_t { chosen, additional };
std::string_view to_string(VisitKind kind);
std::string_view to_string(Role role);
std::optional<VisitKind> visit_kind_from(std::string_view text);
std::optional<Role> role_from(std::string_view text);

/// Where a result stands in its study; a projection of values and registry, computed again whenever
/// one of them changes.
struct Placement {
    std::string visit;  ///< visit id; empty for unscheduled and history
    VisitKind kind = VisitKind::unscheduled;
    Role role = Role::chosen;
    std::optional<int> study_day;  ///< CDISC: no day 0; nothing while the first infusion is unknown
    bool forwarded = true;         ///< false: kept here only (screen failure, source not live)

    friend bool operator==(const Placement&, const Placement&) = default;
};

/// A result that has no version any more because a person's decision took the last one away. It
/// stands on with that version emptied, so that who was told of it hears of the withdrawal.
enum class Taken : std::uint8_t {
    no,
    back,   ///< it is held or ignored now, or a decision was ended
    moved,  ///< the specimen is another subject's: nothing more of it is stored here by itself
    left,   ///< the same; what stands on is a withdrawal by the laboratory
};
/// The result has versions that count.
inline bool stands(Taken taken) {
    return taken == Taken::no || taken == Taken::left;
}
/// The result's specimen is another subject's.
inline bool was_moved(Taken taken) {
    return taken == Taken::moved || taken == Taken::left;
}

/// One result: its versions in order, which of them is current, and where it is placed.
struct ResultRecord {
    std::int64_t number = 0;  ///< within the subject, from 1, in order of first storing
    ResultKey key;
    std::vector<StoredVersion> versions;  ///< sorted by (version_time, rank of status, id)
    std::size_t current = 0;              ///< index into versions
    Placement placement;
    std::int32_t placement_version = 1;
    bool delivered = false;  ///< some target was told of it
    Taken taken = Taken::no;

    const StoredVersion& current_version() const { return versions[current]; }
};

/// Everything stored of one subject of one study.
struct SubjectState {
    SubjectId id;
    std::vector<ResultRecord> results;
};

struct PriorMessage {
    MessageId id;
    std::array<std::uint8_t, 32> sameness{};
    MessageState state = MessageState::processed;
};

/// What decide() may know of the store: loaded inside the transaction for the keys that a Proposal
/// names, and brought up to date by apply() after each decision of the batch. Empty where there is
/// no store.
struct StateView {
    std::map<std::pair<std::string, std::string>, std::vector<PriorMessage>>
        messages;                                   ///< (source, MSH-10)
    std::map<std::string, std::int64_t> sequences;  ///< the last number of a source; -1: none
    std::unordered_map<SubjectId, SubjectState> subjects;
};

}  // namespace labrelay::study
