#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/lineage_record.hpp"
#include "labrelay/store/raw_format.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// One line of the ledger. The value's fields are those of the version where it is stored, else
/// what was read of the observation; empty for a patient in no trial.
struct ObservationLine {
    std::int32_t ordinal = 0;
    Place place;
    study::Disposition disposition = study::Disposition::held;
    Code rule{};
    std::optional<SubjectId> subject;
    std::optional<std::int64_t> result;  ///< number of the result within the subject
    study::SpecimenIdentity specimen;
    std::string code;
    std::string code_system;
    std::string code_text;
    std::string sub_id;
    std::string device;
    std::optional<ObservationId> repeat_of;
    study::StoredVersion version;
    std::string config_hash;
};

/// One time that the message was processed again.
struct ProcessedAgain {
    Instant at;
    std::string config_hash;
    std::int64_t registry_version = 0;
    std::string moves;  ///< `3:held:301>stored:0`, by blanks
    LineageRecord lineage;
};

/// Everything that stands of one message.
struct MessageDetail {
    pipeline::Arrival arrival;
    std::string source;
    std::string control_id;
    std::string message_type;
    std::string version;
    std::string message_time;
    study::MessageState state = study::MessageState::processed;
    Code rule{};  ///< why refused or quarantined
    study::Counts counts;
    std::optional<MessageId> duplicate_of;
    std::vector<MessageId> members;  ///< of a batch, in their order
    std::vector<MessageId> duplicates;
    std::int64_t size = 0;
    std::string sha256;  ///< lower-case hexadecimal
    RawFormat raw_format = RawFormat::purged;
    std::optional<std::string> bytes;  ///< as received; nothing where purged, or of a duplicate
    pipeline::Answer answer;
    std::string config_hash;
    std::int64_t registry_version = 0;
    LineageRecord lineage;  ///< of the first time
    std::vector<ObservationLine> observations;
    std::vector<ProcessedAgain> again;
};

/// The messages under a message id (base 32) or a control id of any source, oldest first.
std::vector<MessageId> find_messages(ReadSession& session, std::string_view id);

/// Throws pipeline::StoreFault (raw-unreadable) where the bytes fit neither digest nor key.
std::optional<MessageDetail> message(ReadSession& session, MessageId id);

}  // namespace labrelay::store
