#include "grade_value.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "labrelay/study/grade.hpp"
#include "settle_unit.hpp"

namespace labrelay::mapping {
namespace {

using study::GradeQuestion;
using study::GradeScale;
using units::Comparator;
using units::ReportedValue;
using units::UnitRule;

/// The scale of the subject's studies; nothing where none grades the analyte, or where two studies
/// grade it by different scales.
const GradeScale* scale_for(const MappingContext& context, std::string_view analyte,
                            const std::vector<const study::Subject*>& subjects) {
    const study::StudyRules& rules = context.configuration.rules();
    const GradeScale* found = nullptr;
    for (const study::Subject* subject : subjects) {
        const study::StudyDefinition* definition = rules.study(subject->study);
        if (definition == nullptr || definition->grade_scale.empty() ||
            std::ranges::find(definition->not_graded, analyte) != definition->not_graded.end()) {
            continue;
        }
        const GradeScale* scale = rules.scale(definition->grade_scale);
        if (scale == nullptr || !scale->grades(analyte)) {
            continue;
        }
        if (found != nullptr && found != scale) {
            return nullptr;
        }
        found = scale;
    }
    return found;
}

/// What was reported as an interval; false where it is no number and no limit.
bool read_ends(const ReportedValue& reported, GradeQuestion& question) {
    if (!reported.number || (reported.kind != ReportedValue::Kind::number &&
                             reported.kind != ReportedValue::Kind::compared)) {
        return false;
    }
    const Decimal& number = *reported.number;
    switch (reported.comparator) {
        case Comparator::none:
            question.low = GradeQuestion::End{number, true};
            question.high = question.low;
            break;
        case Comparator::less:
        case Comparator::less_equal:
            question.high =
                GradeQuestion::End{number, reported.comparator == Comparator::less_equal};
            break;
        case Comparator::greater:
        case Comparator::greater_equal:
            question.low =
                GradeQuestion::End{number, reported.comparator == Comparator::greater_equal};
            break;
    }
    return true;
}

/// A limit in the analyte's own unit, in the reported one: exact, or not at all.
std::optional<Decimal> in_reported_unit(const std::optional<Decimal>& limit,
                                        const Decimal& factor) {
    if (!limit) {
        return std::nullopt;
    }
    constexpr int kFarthest = 12;
    for (int exponent = -kFarthest; exponent <= kFarthest; ++exponent) {
        const auto power = Decimal::power_of_ten(exponent);
        if (power && *power == factor) {
            const auto back = Decimal::power_of_ten(-exponent);
            return back ? limit->times(*back) : std::nullopt;
        }
    }
    return std::nullopt;
}

/// The laboratory's own range stands in the unit of the value; the analyte's may stand in another.
void read_limits_of_normal(const ValueQuestion& asked, std::optional<study::Sex> sex,
                           GradeQuestion& question) {
    const hl7::Element field = asked.obx.field(7);
    if (field.has_value()) {
        const units::ReferenceRange range = units::parse_reference_range(
            trimmed(field.text_with_delimiters()), asked.source.words.comma);
        const bool says_nothing =
            range.low && range.high && range.low->is_zero() && range.high->is_zero();
        if ((range.low || range.high) && !says_nothing) {
            question.lln = range.low;
            question.uln = range.high;
            return;
        }
    }
    const study::Limits& usual = asked.analyte.reference(sex);
    question.lln = in_reported_unit(usual.low, question.factor);
    question.uln = in_reported_unit(usual.high, question.factor);
}

std::optional<study::Sex> sex_of(const std::vector<const study::Subject*>& subjects) {
    for (const study::Subject* subject : subjects) {
        if (subject->sex) {
            return subject->sex;
        }
    }
    return std::nullopt;
}

std::string rule_of(const GradeScale& scale) {
    std::string rule = "grade.";
    for (const char c : scale.id) {
        rule += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return rule;
}

}  // namespace

void grade_value(const MappingContext& context, const ValueQuestion& question,
                 const std::vector<const study::Subject*>& subjects, study::ResultValue& value,
                 Notes& notes) {
    const GradeScale* scale = scale_for(context, question.analyte.key, subjects);
    GradeQuestion asked;
    if (scale == nullptr || !read_ends(*question.read.value, asked)) {
        return;
    }
    // What the unit holds was said when the value was read.
    Notes said_already(Lineage::left_out);
    const std::optional<UnitRule> rule = settle_unit(question, said_already);
    if (!rule || rule->kind != UnitRule::Kind::factor) {
        return;
    }
    const std::string unit = question.unit.shown();
    asked.analyte = question.analyte.key;
    asked.factor = rule->factor;
    asked.unit = unit;
    asked.sex = sex_of(subjects);
    read_limits_of_normal(question, asked.sex, asked);
    const study::Grade grade = study::grade(asked, *scale);
    value.grade = grade.text();
    value.grade_scale = grade.range ? scale->id : std::string();
    notes.step(rule_of(*scale), [&] { return grade.why; });
}

}  // namespace labrelay::mapping
