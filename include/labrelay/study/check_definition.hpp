#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/study/analyte.hpp"

namespace labrelay::study {

/// What a check does; what it is asked about and how far it lets values go is the study's. Each
/// kind stands once in check_kinds(); the rules stand in src/study/checks.md.
enum class CheckKind : std::uint8_t {
    sum,           ///< parts together are the whole
    at_most,       ///< parts together are no more than the whole
    each_at_most,  ///< no part is more than the whole
    ascending,     ///< each part is no more than the next
    share,         ///< a count is its percent of the whole
    ratio,         ///< the whole is the first part divided by the second
    log,           ///< the whole is log10 of the part
    product,       ///< the whole is the product of the parts
    quotient,      ///< the first part divided by the second lies within limits
    balance,       ///< the first part less the others lies within limits
    friedewald,    ///< the whole is the LDL that Friedewald's formula gives
    egfr,          ///< the whole is the eGFR that CKD-EPI's equation gives
    pattern,       ///< all of its conditions together
    duplicates,    ///< one analyte measured twice says the same
    delta,         ///< the change from the previous draw
    delta_pair,    ///< two analytes that change together
    rebound,       ///< a high value after an undetectable one
    constant,      ///< a word that does not change in a life
    course,        ///< a change by a unit's factor
    method,        ///< method or assay differ from the previous draw's
    unit,          ///< the unit differs from the previous draw's
    lloq,          ///< the assay's lower limit differs from the previous draw's
    plausible,     ///< within the analyte's limits
    flag,          ///< the laboratory's H or L fits its range
    critical,      ///< at or beyond the analyte's critical limits
    mix_up,        ///< a usual value in another unit
    sex_bound,     ///< a test of one sex
    born,          ///< collected before birth
    reported,      ///< collected after it was reported
    suspect,       ///< a high value beside a remark about the specimen
};
inline constexpr std::size_t kCheckKinds = 30;

/// Where a check has its inputs from, and when it is asked.
enum class CheckFamily : std::uint8_t {
    panel,  ///< results of one draw; in decide()
    delta,  ///< the previous draw of the subject; in decide()
    value,  ///< the value alone; while mapping
};

/// The attributes of a <check> beside id, kind, severity, says and sources.
enum class CheckField : std::uint8_t {
    parts,
    percents,
    whole,
    total,
    low,
    high,
    above,
    below,
    times,
    tolerance,
    tolerance_percent,
    within_days,
    equation,
    sex,
    words,
    members,
    conditions,  ///< <when> elements
};

/// What a kind does with an attribute. `optional_parts`: without parts every analyte is meant.
enum class FieldUse : std::uint8_t { optional, required };
struct CheckFieldUse {
    CheckField field;
    FieldUse use = FieldUse::optional;
};

struct CheckKindInfo {
    CheckKind kind;
    std::string_view name;  ///< in study.xml
    CheckFamily family;
    Code code;              ///< the finding's, and the rule of what it holds
    std::string_view text;  ///< the sentence for a person where study.xml has none
    std::span<const CheckFieldUse> fields;
};
std::span<const CheckKindInfo> check_kinds();
const CheckKindInfo& info(CheckKind kind);
/// As study.xml writes it: note, flag, hold.
std::string_view word_of(Severity severity);

/// An analyte and what its value is multiplied by before it is compared.
struct CheckTerm {
    std::string analyte;
    Decimal factor{1, 0};
};

/// How far values may go before the check says so, and how loud. Without a tolerance any difference
/// counts (beyond the rounding of what was reported, where the kind says so).
struct CheckStep {
    Severity severity = Severity::warning;  ///< note, warning (a flag) or hold
    std::optional<Decimal> tolerance;
    std::optional<Decimal> percent;
};

struct CheckCondition {
    std::string analyte;
    std::optional<Decimal> above;
    std::optional<Decimal> below;
};

enum class EgfrEquation : std::uint8_t { ckd_epi_2009, ckd_epi_2021 };

/// One <check> of a study.xml.
struct CheckDefinition {
    std::string id;  ///< P1
    CheckKind kind{};
    std::string sentence;              ///< for the person who reads it
    std::vector<std::string> sources;  ///< only their results; empty: all
    std::vector<std::string> except;   ///< not the results of these sources
    std::vector<CheckStep> steps;      ///< the mildest first; never empty
    std::vector<CheckTerm> parts;
    std::vector<CheckTerm> percents;  ///< of the parts, in their order
    std::optional<CheckTerm> whole;
    std::optional<Decimal> total;  ///< in place of a whole
    std::optional<Decimal> low;
    std::optional<Decimal> high;
    std::optional<Decimal> above;
    std::optional<Decimal> below;
    std::optional<Decimal> times;
    std::optional<int> within_days;
    EgfrEquation equation = EgfrEquation::ckd_epi_2021;
    std::optional<Sex> sex;
    std::vector<std::string> words;
    bool whole_draw = false;  ///< members of every source and specimen that share the draw's time
    std::vector<CheckCondition> conditions;

    bool concerns_source(std::string_view source) const;
    /// Every analyte that it asks about.
    std::vector<std::string_view> analytes() const;
};

/// The checks of a study, found by analyte. Immutable.
class CheckList {
public:
    CheckList() = default;
    explicit CheckList(std::vector<CheckDefinition> checks);

    std::span<const CheckDefinition> all() const { return checks_; }
    /// Indexes into all() of the checks in which the analyte takes part, those of every analyte
    /// among them, in their order.
    std::span<const std::size_t> of(std::string_view analyte) const;
    bool has_whole_draw() const { return has_whole_draw_; }

private:
    std::vector<CheckDefinition> checks_;
    std::vector<std::pair<std::string, std::vector<std::size_t>>> by_analyte_;  // sorted
    std::vector<std::size_t> of_every_;
    bool has_whole_draw_ = false;
};

}  // namespace labrelay::study
