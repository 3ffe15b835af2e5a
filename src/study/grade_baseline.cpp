#include "labrelay/study/grade_baseline.hpp"

#include <algorithm>
#include <iterator>

namespace labrelay::study {
namespace {

constexpr int kWorst = 4;

/// `2` or `1-2` as it was written by Grade::text().
std::optional<Grade::Range> range_of(std::string_view text) {
    const auto digit = [&](std::size_t at) { return text[at] - '0'; };
    if (text.size() == 1) {
        return Grade::Range{digit(0), digit(0)};
    }
    return text.size() == 3 ? std::optional(Grade::Range{digit(0), digit(2)}) : std::nullopt;
}

std::string written(const Grade::Range& range) {
    return Grade{range, false, {}}.text();
}

/// The rows against the baseline alone, in the unit that both were reported in.
std::optional<Grade::Range> by_baseline(std::string_view analyte, const ResultValue& value,
                                        const ResultValue& baseline, const GradeScale& scale) {
    const auto number = Decimal::parse(value.value_reported);
    const auto against = Decimal::parse(baseline.value_reported);
    if (!number || !against || value.unit_reported != baseline.unit_reported ||
        value.conversion_rule != baseline.conversion_rule) {
        return std::nullopt;
    }
    GradeScale only{scale.id, scale.name, {}};
    std::ranges::copy_if(scale.rows, std::back_inserter(only.rows), [&](const GradeRow& row) {
        return row.analyte == analyte && is_against_baseline(row);
    });
    GradeQuestion question;
    question.analyte = analyte;
    question.low = GradeQuestion::End{*number, true};
    question.high = question.low;
    question.baseline = against;
    return grade(question, only).range;
}

}  // namespace

std::string grade_against_baseline(std::string_view analyte, const ResultValue& value,
                                   const ResultValue* baseline,
                                   std::span<const GradeScale> scales) {
    if (!value.grade.ends_with('+')) {
        return value.grade;
    }
    const std::string known = value.grade.substr(0, value.grade.size() - 1);
    if (baseline == nullptr) {
        return known;
    }
    const auto scale = std::ranges::find(scales, value.grade_scale, &GradeScale::id);
    const std::optional<Grade::Range> range = range_of(known);
    if (!range) {
        return known;
    }
    const std::optional<Grade::Range> against =
        scale == scales.end() ? std::nullopt : by_baseline(analyte, value, *baseline, *scale);
    if (!against) {
        return written({range->least, kWorst});
    }
    return written({std::max(range->least, against->least), std::max(range->most, against->most)});
}

}  // namespace labrelay::study
