#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/decimal.hpp"
#include "labrelay/core/said.hpp"
#include "labrelay/study/analyte.hpp"

namespace labrelay::study {

/// What a step's number is measured in.
enum class GradeLimit : std::uint8_t {
    number,    ///< in the unit of its column
    uln,       ///< times the upper limit of normal
    lln,       ///< times the lower limit of normal
    baseline,  ///< times the subject's own baseline
};

enum class GradeBound : std::uint8_t {
    below,  ///< < : of low rows
    up_to,  ///< <=
    from,   ///< >= : of high rows
    above,  ///< >
};

/// One line of a row: `<grade is="3" below="9.0"/>`.
struct GradeStep {
    int grade = 0;
    GradeBound bound = GradeBound::below;
    GradeLimit limit = GradeLimit::number;
    Decimal number;
};

/// A row's steps in one printed unit, worst grade first. `factor` makes the analyte's own unit of a
/// number in this one; a column without a unit holds only multiples.
struct GradeColumn {
    std::string unit;
    std::optional<Decimal> factor;
    std::vector<GradeStep> steps;
};

/// One row of a scale. Where several apply to an analyte the worst grade counts.
struct GradeRow {
    std::string analyte;
    std::optional<Sex> sex;       ///< nothing: both
    std::optional<bool> fasting;  ///< nothing: fasting or not
    std::string signs;            ///< what a clinician must have seen besides; else empty
    std::vector<GradeColumn> columns;
};

/// Every step is a multiple of the subject's baseline.
bool is_against_baseline(const GradeRow& row);

/// A severity scale of `mappings/grades.xml`. Immutable after loading.
struct GradeScale {
    std::string id;
    std::string name;
    std::vector<GradeRow> rows;

    bool grades(std::string_view analyte) const;
};

/// What is graded: a value as it was reported, never a converted one.
struct GradeQuestion {
    std::string_view analyte;
    /// The ends of what was reported: both the number itself, or one of them for `<20` and `>500`.
    struct End {
        Decimal number;
        bool included = true;
    };
    std::optional<End> low;
    std::optional<End> high;
    Decimal factor{1, 0};             ///< reported unit -> the analyte's own
    std::string_view unit;            ///< as reported, for the sentence
    std::optional<Decimal> uln;       ///< in the reported unit
    std::optional<Decimal> lln;       ///< in the reported unit
    std::optional<Sex> sex;           ///< nothing: not known
    std::optional<bool> fasting;      ///< nothing: not known
    std::optional<Decimal> baseline;  ///< in the reported unit; nothing: there is none yet
};

/// A grade from 0 (none) to 4, or the grades that it may be, and why. Nothing: not gradable.
struct Grade {
    struct Range {
        int least = 0;
        int most = 0;
        friend bool operator==(const Range&, const Range&) = default;
    };
    std::optional<Range> range;
    bool baseline_open = false;  ///< the scale has a row against the baseline, and none was given
    Said why;                    ///< a sentence

    /// `2`; `1-2` where it is not certain; with a `+` while it may be worse against the baseline;
    /// empty where it is not gradable.
    std::string text() const;
};

/// A pure function. The scale's limits are compared in a printed unit that is the reported one or a
/// power of ten away; an analyte that the scale has no row for is not gradable.
Grade grade(const GradeQuestion& question, const GradeScale& scale);

}  // namespace labrelay::study
