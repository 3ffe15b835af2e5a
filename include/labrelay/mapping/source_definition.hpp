#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/time.hpp"
#include "labrelay/hl7/charset.hpp"
#include "labrelay/hl7/path.hpp"
#include "labrelay/mapping/habit.hpp"
#include "labrelay/mapping/peer_range.hpp"
#include "labrelay/study/analyte.hpp"
#include "labrelay/study/proposal.hpp"
#include "labrelay/units/analyte_units.hpp"
#include "labrelay/units/reported_value.hpp"

namespace labrelay::mapping {

enum class SourceMode : std::uint8_t { test, shadow, live, off };
std::string_view to_string(SourceMode mode);

/// How a message is known to come from a source: every attribute that is set must fit.
struct Recognition {
    std::string application;            ///< MSH-3.1
    std::string facility;               ///< MSH-4.1
    std::string receiving_application;  ///< MSH-5.1
    std::string receiving_facility;     ///< MSH-6.1
    std::string profile;                ///< MSH-21.1
    std::optional<std::uint16_t> port;  ///< the listener's
    std::optional<PeerRange> peer;
    std::string certificate;  ///< SHA-256 of the verified client certificate, lower-case hex
};

/// The way that a message took, as far as sources are recognised by it. Borrows its texts.
struct WayIn {
    std::uint16_t port = 0;        ///< the listener's; 0: none
    std::string_view peer;         ///< address with port, or what the transport calls the peer
    std::string_view certificate;  ///< SHA-256, lower-case hex; empty: none
};

/// `<patient from="PID-3[4.1=QILU].1" authority="QILU-MRN"/>`: every line that finds something
/// counts, and two that find different subjects hold.
struct PatientLine {
    hl7::Path from;
    std::string authority;
};

struct SpecimenLine {
    hl7::Path from;
    std::string authority;  ///< empty: the specimen id is only part of the result's identity
    std::optional<hl7::Path> agrees_with;  ///< another place that must say the same, or nothing
};

/// `<control from="INV-3.1" is="CO"/>`: a specimen of which any segment says so is a control.
struct ControlLine {
    hl7::Path from;
    std::vector<std::string> words;
};

/// What of OBX-3 a line is for: both identifiers (3.1 with 3.3, 3.4 with 3.6) are tried against it.
struct CodePattern {
    std::string code;    ///< a `*` at the end matches any rest; elsewhere it is an asterisk
    std::string system;  ///< empty: any
};

/// How closely a pattern fits an identifier; nothing where it does not fit. A whole code is closer
/// than a prefix, a longer prefix than a shorter one, a named system than any. The closest lines of
/// a source decide; the loader has made sure that equally close ones can be told apart, so two that
/// are left are never a matter of order.
std::optional<std::size_t> closeness(const CodePattern& pattern, std::string_view code,
                                     std::string_view system);

/// `<outcome code="70241-5" system="LN" sub-id="1/2"/>`: a later OBX of the same order whose words
/// say what became of the test, where the OBX of the number says nothing.
struct OutcomeLine : CodePattern {
    std::optional<std::string> sub_id;  ///< OBX-4
};

/// One `<observation>` line. Its `loinc` codes are lines of their own here (system LN, same place).
struct ObservationLine : CodePattern {
    std::string analyte;  ///< key
    std::vector<std::string>
        spelled;              ///< unit spellings that this source uses for the canonical unit
    std::string assume_unit;  ///< what an absent unit means
    std::vector<std::string> when_units;     ///< this line holds only for these spellings
    std::optional<std::string> when_sub_id;  ///< this line holds only for this OBX-4
    units::AnalyteUnits units;  ///< the analyte's list with this source's spellings in front
    std::optional<Decimal> lloq;
    std::optional<Decimal> uloq;
    std::string assay;
    std::optional<OutcomeLine> outcome;
    std::vector<CodePattern> replicates;  ///< the tubes whose average this is
    std::optional<LocalDay> valid_from;   ///< by the day of collection, inclusive
    std::optional<LocalDay> valid_until;  ///< inclusive
    Place place;                          ///< sources/facs.xml:12:5
};

/// With a condition it holds only for these OBX, and then before an observation line that is as
/// close.
struct IgnoreLine : CodePattern {
    std::vector<std::string> when_types;     ///< OBX-2
    std::optional<std::string> when_sub_id;  ///< OBX-4; a `*` at the end matches any rest
    std::string because;
    Place place;

    bool conditional() const { return !when_types.empty() || when_sub_id.has_value(); }
    bool fits(std::string_view type, std::string_view sub_id) const;
};

/// What a patient who is not in the registry means.
enum class UnknownPatient : std::uint8_t { hold, ignore };

/// What a source's "< 20" says; see lab-semantics.
enum class BelowMeaning : std::uint8_t { below_lloq, not_detected };

/// What a source's 0 says where the analyte's zero is no quantity: nothing that can be known, or
/// that nothing was detected.
enum class ZeroMeaning : std::uint8_t { undeclared, not_detected };

/// What a batch is answered with, at its end; see docs/ack.md.
enum class BatchReply : std::uint8_t {
    all,     ///< a batch with the acknowledgement of every member
    errors,  ///< a batch with those of refused members
    single,  ///< one acknowledgement of the whole
    none,
};

/// One laboratory or analyzer, independent of any study, as `mappings/sources/<id>.xml` says.
/// Immutable after loading.
struct SourceDefinition {
    std::string id;
    std::string name;
    std::int64_t version = 1;
    std::optional<Zone> zone;  ///< of times without an offset; always set once loaded
    SourceMode mode = SourceMode::test;
    std::string approved_by;  ///< required for live
    std::optional<LocalDay> approved_on;
    bool strict = false;
    bool sequence = false;    ///< MSH-13 counts its messages; a gap is refused
    std::string hl7_version;  ///< what a MSH-12 means that names no known version; may be empty
    bool answers_unreadable = true;  ///< with AR; else such bytes are kept and not answered
    bool replies_apart = false;  ///< application acknowledgements go out on a connection of its own
    study::StoreFailure store_failure = study::StoreFailure::close;
    hl7::Charset charset = hl7::Charset::utf_8;    ///< where MSH-18 is empty
    std::optional<hl7::Charset> charset_fallback;  ///< where the bytes are not valid in `charset`
    bool loose_segment_names = false;              ///< see hl7::ParseOptions
    bool join_broken_lines = false;
    BatchReply batch_reply = BatchReply::all;
    UnknownPatient unknown_patient = UnknownPatient::hold;
    int ignored_retention_days = 30;
    /// Names in OBX-15, OBX-23 and OBX-17 that may go to a study; others leave as a digest.
    std::vector<std::string> laboratories;
    std::vector<std::string> methods;
    std::string laboratory;  ///< what stands in lab_result.laboratory where the message names none
    std::vector<Recognition> recognise;
    std::optional<Habit> habit;  ///< nothing: its silence is not noticed
    std::vector<PatientLine> patients;
    std::vector<SpecimenLine> specimens;
    /// SPM-11 (HL7 table 0369) of a patient's specimen. An analyzer that calls all of them Q says
    /// so here, and what its controls are with `controls`.
    std::vector<std::string> patient_roles{"P"};
    std::vector<ControlLine> controls;
    /// OBX-4 names the SPM-1 of the result's specimen, whatever the order of the segments.
    bool sub_id_names_specimen = false;
    std::optional<hl7::Path> collected;
    /// Asked only when `collected` finds nothing and the specimen registry knows no time: the clock
    /// of an analyzer is worth less than what the draw was registered with.
    std::optional<hl7::Path> collected_after_registry;
    std::optional<hl7::Path> birth_date;
    std::vector<std::string> birth_date_placeholders;  ///< `19000101`: means not known
    std::optional<hl7::Path> sex;
    struct SexWord {
        std::string word;
        std::optional<study::Sex> sex;  ///< nothing: the word means not known
    };
    std::vector<SexWord> sex_words;
    bool pseudonymous = false;  ///< its messages should name no person
    bool teaches_specimens =
        false;  ///< its messages carry patient and specimen and feed the registry
    BelowMeaning below_means = BelowMeaning::below_lloq;
    ZeroMeaning zero_means = ZeroMeaning::undeclared;
    bool believes_loinc =
        true;  ///< false: a LOINC code that contradicts the source's line is passed over
    units::ReportedWords words;
    std::vector<ObservationLine> observations;
    std::vector<IgnoreLine> ignores;
    std::string file;
};

}  // namespace labrelay::mapping
