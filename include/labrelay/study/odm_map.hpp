#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace labrelay::study {

/// A visit of the schedule as a study event of the ODM metadata.
struct OdmEvent {
    std::string visit;
    std::string oid;
};

struct OdmSite {
    std::string site;
    std::string oid;
};

/// The items that one analyte's result fills. Number, comparator, text and state are separate
/// items, so that `<20` never stands in a numeric one; an empty OID is not written.
struct OdmItemLine {
    std::string analyte;
    std::string form;
    std::string group;       ///< repeating: one repetition a result
    std::string number;      ///< quantified values only
    std::string comparator;  ///< < or >
    std::string text;        ///< the value in words
    std::string state;       ///< quantified, below_lloq …
    std::string unit;        ///< MeasurementUnitOID of `number`
};

/// What `<odm>` of a study.xml says: the OIDs of the metadata version that an ODM 1.3.2 export
/// refers to. Immutable after loading.
struct OdmMap {
    std::string study;             ///< StudyOID
    std::string metadata_version;  ///< MetaDataVersionOID
    std::string user;              ///< UserOID of the audit records
    std::string unscheduled;       ///< event of results outside the windows; repeating
    std::string history;           ///< event of results from before screening; repeating
    std::vector<OdmEvent> events;
    std::vector<OdmSite> sites;
    std::vector<OdmItemLine> items;
    std::vector<std::string> omitted;  ///< analytes that are not exported

    const OdmEvent* event(std::string_view visit) const;
    const OdmSite* site(std::string_view id) const;
    const OdmItemLine* item(std::string_view analyte) const;
    bool omits(std::string_view analyte) const;
};

}  // namespace labrelay::study
