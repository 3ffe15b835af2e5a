#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/core/ids.hpp"
#include "labrelay/core/said.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/study/registry.hpp"
#include "labrelay/units/reported_value.hpp"
#include "labrelay/units/result_state.hpp"

namespace labrelay::study {

/// OBX-11 (HL7 table 0085), grouped by what it does to a result's versions.
enum class ObservationStatus : std::uint8_t {
    preliminary,  ///< P R S I
    final,        ///< F
    corrected,    ///< C
    promoted,     ///< U: the earlier value is final now, not sent again
    not_done,     ///< X N
    withdrawn,    ///< D W
};

std::string_view to_string(ObservationStatus status);  ///< "preliminary" … "withdrawn"
std::optional<ObservationStatus> observation_status_from(std::string_view text);

/// Where the state of one observation stands in the ledger.
enum class Disposition : std::uint8_t { stored, held, ignored };
std::string_view to_string(Disposition disposition);
std::optional<Disposition> disposition_from(std::string_view text);

/// One rule that was applied to an observation, in the order of application; shown by explain and
/// kept as lineage. Texts carry no identity.
struct LineageStep {
    std::string rule;  ///< `map.code`, `unit.convert`, `subject.identifier` …
    Said said;         ///< one sentence
    /// What it read of the message: `OBX[2]-5.1`, or a repetition or a field as a whole. Offsets
    /// are bytes of the decoded text.
    std::vector<Place> read = {};
};

/// The specimen as its laboratory names it. Two observations of one specimen agree in all three.
struct SpecimenIdentity {
    std::string order;  ///< filler order number, else placer order number
    std::string specimen_id;
    std::string collected;  ///< only where order and specimen_id are both absent

    bool empty() const { return order.empty() && specimen_id.empty() && collected.empty(); }
    friend auto operator<=>(const SpecimenIdentity&, const SpecimenIdentity&) = default;
};

/// A value ready for a study: what was reported, word for word, and what it means. Column names of
/// lab_result.
struct ResultValue {
    std::string value_reported;
    std::string unit_reported;
    std::string range_reported;
    std::string flags_reported;
    units::Comparator comparator = units::Comparator::none;
    std::string value_text;            ///< standardised text: `<20`, `NOT DETECTED`, `412`
    std::optional<Decimal> value_num;  ///< only when quantified
    std::string unit;
    std::string conversion_rule;
    std::optional<Decimal> ref_low;
    std::optional<Decimal> ref_high;
    std::string range_flag;  ///< LOW, NORMAL, HIGH or empty
    std::optional<Decimal> lloq;
    std::optional<Decimal> uloq;
    /// What the value stands for, unrounded, where value_num and the limits do not say it exactly:
    /// of a number that a conversion rounded the number itself (both), of a logarithm the values
    /// that print as it, of a limit that was rounded the limit. Comparisons use it
    /// (study/threshold.hpp).
    std::optional<Decimal> least;
    std::optional<Decimal> most;
    units::ResultState state = units::ResultState::no_result;
    std::string grade;        ///< of a severity scale: `2`, or `1-2` where it is not certain
    std::string grade_scale;  ///< empty: not graded

    friend bool operator==(const ResultValue&, const ResultValue&) = default;
};

/// What process() made of one OBX.
struct ProposedObservation {
    std::int32_t ordinal = 0;                     ///< of its OBX in the message, from 1
    Place place;                                  ///< OBX[2]
    Disposition disposition = Disposition::held;  ///< stored: a candidate for decide()
    Code rule = Code::none;                       ///< why held or ignored
    std::vector<Finding> findings;
    std::vector<LineageStep> lineage;

    std::vector<SubjectId> subjects;  ///< one a study
    std::vector<Identifier>
        patient;  ///< identifiers read, for the hold's group and the patient key
    std::optional<SpecimenName> specimen_name;
    SpecimenIdentity specimen;
    std::string code;
    std::string code_system;
    /// The canonical unit, where the source's file tells two tests under one code apart by their
    /// unit: then it belongs to the result's identity.
    std::string identity_unit;
    std::string code_text;
    std::string sub_id;   ///< OBX-4
    std::string analyte;  ///< key; empty where unmapped
    ObservationStatus status = ObservationStatus::final;
    std::string status_code;  ///< OBX-11 as sent
    ResultValue value;
    std::optional<Timestamp> collected;
    std::optional<LocalTime> collected_local;  ///< read in the source's zone
    std::string registered_visit;              ///< from the specimen registry; may be empty
    bool visit_by_person = false;    ///< registered_visit is a person's word; empty: unscheduled
    bool subject_by_person = false;  ///< `subjects` are a person's word
    /// Versions are ordered by this and then by message id: OBX-19, else OBR-22, else MSH-7.
    Instant version_time;
    /// version_time is the result's own (OBX-19 or OBR-22) and not MSH-7: a resend does not move
    /// it.
    bool own_version_time = false;
    std::string reported_at;  ///< OBR-22, else MSH-7, as sent
    std::string laboratory;
    std::string method;
    std::string device;
};

/// A specimen that the message teaches: it carries both a registered patient and the specimen's
/// name.
struct LearnedSpecimen {
    RegisteredSpecimen specimen;
    Place place;
};

/// What a sender is told when the store cannot take its message: never anything positive. `close`:
/// nothing, and the connection is closed, so that it sends again by itself.
enum class StoreFailure : std::uint8_t { close, error, reject };

/// What a message asks of its acknowledgements, and what its source says about them.
struct AckRequest {
    std::string accept;           ///< MSH-15 as sent (table 0155)
    std::string application;      ///< MSH-16 as sent
    std::string assumed_version;  ///< where MSH-12 names none that is known; may be empty
    bool silent = false;          ///< never answered: a response, or the source wants it so
    bool apart = false;           ///< the application's goes out on a connection of its own
    StoreFailure store_failure = StoreFailure::close;
};

/// MSH-13 of a source whose messages are counted (chapter 2.10.1).
struct SequenceClaim {
    /// From 1; 0 asks which number is expected, -1 begins anew with the next; nothing: MSH-13 is
    /// empty.
    std::optional<std::int64_t> number;
};

/// Something for a person that the message itself says: a new identifier, a merge.
struct ProposedNotice {
    Code code{};
    SubjectId subject;
    std::string detail;
};

/// What process() says about a message: a pure function of bytes, arrival, configuration, registry
/// and overlays. It holds no acknowledgement.
struct Proposal {
    MessageId message_id;
    Instant received_at;
    std::string source;                       ///< id; empty where none was recognised
    std::string control_id;                   ///< MSH-10, exact bytes
    std::string message_type;                 ///< ORU^R01
    std::string version;                      ///< MSH-12
    std::string message_time;                 ///< MSH-7 as sent
    std::array<std::uint8_t, 32> sameness{};  ///< digest without MSH-7, MSH-8, MSH-13
    bool strict = false;    ///< the source wants AE for data faults and AE 205 for reused ids
    bool forwards = false;  ///< the source is live and the message is not a test message
    int ignored_retention_days = 30;  ///< for messages of patients who are in no trial
    bool refused =
        false;  ///< not a message for us: AE or AR by the findings' codes, stores no observation
    bool reject = false;            ///< refused with AR; else AE
    std::vector<Finding> findings;  ///< the message's own
    std::vector<ProposedObservation> observations;
    std::vector<LearnedSpecimen> learned;
    std::vector<ProposedNotice> notices;
    /// Patients of a message without observations who are in no registry: it is processed again
    /// when one of them is registered.
    std::vector<Identifier> unknown_patients;
    AckRequest ack;
    std::optional<SequenceClaim> sequence;  ///< nothing: the source's messages are not counted
    std::string config_hash;
    std::int64_t registry_version = 0;
    std::uint64_t registry_stamp = 0;  ///< of the snapshot that it was made with
};

}  // namespace labrelay::study
