#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"

namespace labrelay::targets {

// CDISC ODM 1.3.2, the ClinicalData part: results as a file or as the body of a web service. Pure
// functions of their arguments; XML escaping is done here, texts are UTF-8. src/targets/odm.md.

enum class OdmFileType : std::uint8_t {
    transactional,  ///< what has changed: every item with its audit record
    snapshot,       ///< what holds now: no transactions, no audit records, no removed items
};

enum class OdmProfile : std::uint8_t {
    plain,
    /// Medidata Rave web services: the mdsol namespace, and SpecifiedItemsOnly at each item group,
    /// so that fields which are not sent do not count as submitted.
    rave,
};

/// What stands once in a file.
struct OdmHeader {
    OdmFileType file_type = OdmFileType::transactional;
    std::string file_oid;
    std::string prior_file_oid;  ///< may be empty
    Instant created;
    std::string source_system_version;
    std::string study_oid;
    std::string metadata_version_oid;
    std::string user_oid;  ///< who the audit records name
};

/// One item as it is to be from now on. `value` empty and not removed: the item is blanked.
struct OdmItem {
    std::string form_oid;
    std::string item_group_oid;
    std::string item_oid;
    std::string group_repeat_key;  ///< empty: the group does not repeat
    std::string value;
    std::string unit_oid;   ///< MeasurementUnitOID; may be empty
    std::string source_id;  ///< audit record: the lineage id
    std::string reason;     ///< audit record: of a correction; may be empty
    bool remove = false;    ///< the item is taken back
    Instant at;             ///< audit record: when it came
};

/// The items of one subject at one event.
struct OdmSubjectEvent {
    std::string subject_key;
    std::string site_oid;
    std::string event_oid;
    std::string event_repeat_key;  ///< empty: the event does not repeat
    std::vector<OdmItem> items;
};

/// What the XSD lets pass and the specification does not: an empty key, an item that stands twice
/// under one set of keys, a group or event that repeats at one place and not at another, one
/// subject at two sites, and what XML cannot hold, in keys too. Errors: export-key-repeated,
/// export-key-bad, export-text-bad; the place names the keys.
Result<void> check_odm(std::span<const OdmSubjectEvent> events);

/// A whole ODM document. Events of one subject become one SubjectData, in the order of their first
/// appearance. Precondition: check_odm(events).
std::string odm_transaction(const OdmHeader& header, std::span<const OdmSubjectEvent> events,
                            OdmProfile profile);

// The same in pieces, for files that do not fit into memory: the opening, every subject once, the
// closing.
std::string odm_opening(const OdmHeader& header, OdmProfile profile);
/// Precondition: all of one subject; check_odm(events).
std::string odm_subject(const OdmHeader& header, std::span<const OdmSubjectEvent> events,
                        OdmProfile profile);
std::string odm_closing();

}  // namespace labrelay::targets
