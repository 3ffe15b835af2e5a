#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/time.hpp"
#include "labrelay/study/analyte.hpp"
#include "labrelay/study/check_definition.hpp"
#include "labrelay/study/criterion.hpp"
#include "labrelay/study/grade.hpp"
#include "labrelay/study/odm_map.hpp"
#include "labrelay/study/redcap_map.hpp"
#include "labrelay/study/sdtm_map.hpp"

namespace labrelay::study {

/// Which date of the subject a visit's window is counted from.
enum class Anchor : std::uint8_t { screening, first_infusion };

/// Which infusion the blood of a dosing visit must be drawn before.
enum class Infusion : std::uint8_t { none, first, second, third };

/// One scheduled visit: whole-day offsets from the anchor in the site's calendar, both ends
/// inclusive.
struct Visit {
    std::string id;  ///< M3
    std::string name;
    Anchor anchor = Anchor::first_infusion;
    int target = 0;
    int from = 0;
    int until = 0;
    Infusion before = Infusion::none;
    std::vector<std::string> panels;  ///< what is expected here, not what is accepted
};

/// Analytes that are drawn and judged together: a visit takes one specimen for the whole panel.
struct Panel {
    std::string id;
    std::string name;
    std::vector<std::string> analytes;
    /// What must be there for the panel to be complete at a visit that expects it, each by any one
    /// of several analytes. Never empty once loaded.
    std::vector<std::vector<std::string>> expects;
    bool only_child_bearing = false;  ///< expected of nobody else
};

struct Site {
    std::string id;
    std::string name;
    std::optional<Zone> zone;  ///< always set once loaded
    bool draws_before_dosing =
        false;  ///< a date without a time on an infusion day is before the dose
};

/// Analytes that would tell somebody what they must not know while the study runs: `<blind>`.
/// Roles as study.xml writes them: `data-manager`.
struct Blind {
    std::vector<std::string> analytes;
    std::vector<std::string> roles;
};

/// One study as its `study.xml` says. Immutable after loading.
struct StudyDefinition {
    std::string id;  ///< NCT05872659
    std::string name;
    std::vector<std::string> sources;      ///< ids of accepted sources
    std::vector<std::string> authorities;  ///< whose identifiers name its subjects
    std::vector<Site> sites;
    std::vector<Visit> visits;  ///< in schedule order
    std::vector<Panel> panels;
    CheckList checks;
    std::vector<Blind> blinds;
    std::vector<Criterion> criteria;  ///< in the protocol's order
    bool forward_screen_failures = false;
    bool keep_reported_after_withdrawal = true;  ///< collected before a withdrawal, reported after
    std::string grade_scale;                     ///< id of a GradeScale; empty: nothing is graded
    std::vector<std::string> not_graded;  ///< analytes that the scale's rows are not meant for here
    std::optional<SdtmMap> sdtm;          ///< nothing: the study is not exported as SDTM
    std::optional<OdmMap> odm;            ///< nothing: the study is not exported as ODM
    std::optional<RedcapMap> redcap;      ///< nothing: the study has no REDCap project

    const Site* site(std::string_view id) const;
    const Visit* visit(std::string_view id) const;
    const Panel* panel(std::string_view id) const;
    const Panel* panel_of(
        std::string_view analyte) const;  ///< nothing: not an analyte of this study
    bool accepts_source(std::string_view source) const;
};

/// What decide() needs of a configuration: all studies and the shared analytes.
struct StudyRules {
    std::vector<StudyDefinition> studies;
    std::vector<Analyte> analytes;  ///< sorted by key
    std::vector<GradeScale> scales;
    std::string hash;  ///< of the whole configuration

    const StudyDefinition* study(std::string_view id) const;
    const Analyte* analyte(std::string_view key) const;
    const GradeScale* scale(std::string_view id) const;
};

}  // namespace labrelay::study
