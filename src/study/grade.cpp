#include "labrelay/study/grade.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "labrelay/core/sentences.hpp"

namespace labrelay::study {
namespace {

enum class Answer : std::uint8_t { no, unknown, yes };

Answer answer(bool yes) {
    return yes ? Answer::yes : Answer::no;
}

/// An end of what was reported: a number, or what lies just beside it, or without an end.
struct Point {
    std::optional<Decimal> number;  ///< nothing: endless in the direction of `side`
    int side = 0;                   ///< -1 just below, 1 just above

    int compare(const Decimal& limit) const {
        if (!number || *number == limit) {
            return side;
        }
        return *number < limit ? -1 : 1;
    }
};

bool holds(GradeBound bound, int against_limit) {
    switch (bound) {
        case GradeBound::below:
            return against_limit < 0;
        case GradeBound::up_to:
            return against_limit <= 0;
        case GradeBound::from:
            return against_limit >= 0;
        case GradeBound::above:
            return against_limit > 0;
    }
    return false;
}

/// The power of ten that a reported number is multiplied by to stand in the column's unit; nothing
/// where the units are no power of ten apart.
std::optional<int> shift_between(const Decimal& reported, const Decimal& column) {
    constexpr int kFarthest = 12;
    for (int exponent = -kFarthest; exponent <= kFarthest; ++exponent) {
        const auto power = Decimal::power_of_ten(exponent);
        const auto shifted = power ? column.times(*power) : std::nullopt;
        if (shifted && *shifted == reported) {
            return exponent;
        }
    }
    return std::nullopt;
}

/// The column to read a row in and how far its unit is from the reported one.
struct Reading {
    const GradeColumn* column = nullptr;
    int shift = 0;
};

Reading reading_of(const GradeRow& row, const GradeQuestion& question) {
    Reading best;
    for (const GradeColumn& column : row.columns) {
        if (!column.factor) {
            return {&column, 0};
        }
        const auto shift = shift_between(question.factor, *column.factor);
        if (shift && (best.column == nullptr || *shift == 0)) {
            best = {&column, *shift};
        }
    }
    return best;
}

class RowGrader {
public:
    RowGrader(const GradeQuestion& question, const Reading& reading)
        : question_(question), reading_(reading) {}

    Grade::Range run() const {
        const Grade::Range at_low = at({number_of(question_.low), side_of(question_.low, 1)});
        const Grade::Range at_high = at({number_of(question_.high), side_of(question_.high, -1)});
        return {std::min(at_low.least, at_high.least), std::max(at_low.most, at_high.most)};
    }
    /// Every step waits for a limit that is not known.
    bool nothing_known() const {
        const auto& steps = reading_.column->steps;
        return std::none_of(steps.begin(), steps.end(),
                            [this](const GradeStep& step) { return limit(step).has_value(); });
    }
    bool lacks(GradeLimit what) const {
        const auto& steps = reading_.column->steps;
        return std::any_of(steps.begin(), steps.end(), [&](const GradeStep& step) {
            return step.limit == what && !limit(step);
        });
    }

private:
    static std::optional<Decimal> number_of(const std::optional<GradeQuestion::End>& end) {
        return end ? std::optional(end->number) : std::nullopt;
    }
    /// Endless: beyond every limit on that side.
    static int side_of(const std::optional<GradeQuestion::End>& end, int inwards) {
        return !end ? -inwards : (end->included ? 0 : inwards);
    }

    /// The step's limit in the reported unit.
    std::optional<Decimal> limit(const GradeStep& step) const {
        switch (step.limit) {
            case GradeLimit::number: {
                const auto power = Decimal::power_of_ten(-reading_.shift);
                return power ? step.number.times(*power) : std::nullopt;
            }
            case GradeLimit::uln:
                return question_.uln ? step.number.times(*question_.uln) : std::nullopt;
            case GradeLimit::lln:
                return question_.lln ? step.number.times(*question_.lln) : std::nullopt;
            case GradeLimit::baseline:
                return question_.baseline ? step.number.times(*question_.baseline) : std::nullopt;
        }
        return std::nullopt;
    }
    Answer reached(const GradeStep& step, const Point& point) const {
        const std::optional<Decimal> bound = limit(step);
        return bound ? answer(holds(step.bound, point.compare(*bound))) : Answer::unknown;
    }
    Grade::Range at(const Point& point) const {
        Grade::Range range;
        for (const GradeStep& step : reading_.column->steps) {
            const Answer reached_it = reached(step, point);
            if (reached_it != Answer::no) {
                range.most = std::max(range.most, step.grade);
            }
            if (reached_it == Answer::yes) {
                range.least = step.grade;
                break;
            }
        }
        return range;
    }

    const GradeQuestion& question_;
    const Reading& reading_;
};

/// What the rows say where sex and fasting are as supposed.
struct Supposed {
    std::optional<Sex> sex;
    std::optional<bool> fasting;
};

struct Verdict {
    bool has_row = false;
    bool baseline_open = false;
    Grade::Range range;
    Said problem;
};

/// Sentences without repeats.
class Remarks {
public:
    void add(const Said& said) {
        if (!said.empty() && std::find(all_.begin(), all_.end(), said) == all_.end()) {
            all_.push_back(said);
        }
    }
    Said joined() const {
        Said joined;
        for (const Said& said : all_) {
            joined += plain("; ") + said;
        }
        return joined;
    }

private:
    std::vector<Said> all_;
};

Said missing_limit(const RowGrader& grader) {
    if (grader.lacks(GradeLimit::uln)) {
        return say(Sentence::grade_no_upper);
    }
    return grader.lacks(GradeLimit::lln) ? say(Sentence::grade_no_lower) : Said();
}

bool applies(const GradeRow& row, std::string_view analyte, const Supposed& supposed) {
    return row.analyte == analyte && (!row.sex || row.sex == supposed.sex) &&
           (!row.fasting || row.fasting == supposed.fasting);
}

Verdict judge(const GradeQuestion& question, const GradeScale& scale, const Supposed& supposed,
              Remarks& remarks) {
    Verdict verdict;
    for (const GradeRow& row : scale.rows) {
        if (!applies(row, question.analyte, supposed)) {
            continue;
        }
        verdict.has_row = true;
        if (is_against_baseline(row) && !question.baseline) {
            verdict.baseline_open = true;
            remarks.add(say(Sentence::grade_no_baseline));
            continue;
        }
        const Reading reading = reading_of(row, question);
        if (reading.column == nullptr) {
            verdict.problem = question.unit.empty()
                                  ? say(Sentence::grade_this_unit, scale.id)
                                  : say(Sentence::grade_unit, scale.id, question.unit);
            return verdict;
        }
        const RowGrader grader(question, reading);
        if (grader.nothing_known()) {
            verdict.problem = missing_limit(grader);
            return verdict;
        }
        Grade::Range range = grader.run();
        if (range.least != range.most) {
            remarks.add(missing_limit(grader));
        }
        if (!row.signs.empty() && range.most > 0) {
            // The steps differ by what a clinician saw, not by the number.
            range.most = reading.column->steps.front().grade;
            range.least = range.least > 0 ? reading.column->steps.back().grade : 0;
            remarks.add(plain(row.signs));
        }
        verdict.range.least = std::max(verdict.range.least, range.least);
        verdict.range.most = std::max(verdict.range.most, range.most);
    }
    return verdict;
}

std::vector<Supposed> suppositions(const GradeQuestion& question) {
    std::vector<Supposed> all;
    const auto each_fasting = [&](std::optional<Sex> sex) {
        if (question.fasting) {
            all.push_back({sex, question.fasting});
        } else {
            all.push_back({sex, true});
            all.push_back({sex, false});
        }
    };
    if (question.sex) {
        each_fasting(question.sex);
    } else {
        each_fasting(Sex::male);
        each_fasting(Sex::female);
    }
    return all;
}

Grade not_gradable(const Said& why) {
    return {std::nullopt, false, say(Sentence::grade_none) + why + plain(".")};
}

/// Why the grade is not certain although every limit is known.
void add_what_is_open(const GradeQuestion& question, const GradeScale& scale, Remarks& remarks) {
    const auto any_row = [&](const auto& depends) {
        return std::any_of(scale.rows.begin(), scale.rows.end(), [&](const GradeRow& row) {
            return row.analyte == question.analyte && depends(row);
        });
    };
    if (!question.sex && any_row([](const GradeRow& row) { return row.sex.has_value(); })) {
        remarks.add(say(Sentence::grade_no_sex));
    }
    if (!question.fasting && any_row([](const GradeRow& row) { return row.fasting.has_value(); })) {
        remarks.add(say(Sentence::grade_no_fasting));
    }
}

}  // namespace

bool is_against_baseline(const GradeRow& row) {
    return std::all_of(row.columns.begin(), row.columns.end(), [](const GradeColumn& column) {
        return std::all_of(column.steps.begin(), column.steps.end(), [](const GradeStep& step) {
            return step.limit == GradeLimit::baseline;
        });
    });
}

bool GradeScale::grades(std::string_view analyte) const {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const GradeRow& row) { return row.analyte == analyte; });
}

std::string Grade::text() const {
    if (!range) {
        return {};
    }
    const char* const open = baseline_open ? "+" : "";
    return range->least == range->most ? fmt::format("{}{}", range->least, open)
                                       : fmt::format("{}-{}{}", range->least, range->most, open);
}

Grade grade(const GradeQuestion& question, const GradeScale& scale) {
    Remarks remarks;
    std::optional<Grade::Range> whole;
    bool has_row = false;
    bool baseline_open = false;
    for (const Supposed& supposed : suppositions(question)) {
        const Verdict verdict = judge(question, scale, supposed, remarks);
        if (!verdict.problem.empty()) {
            return not_gradable(verdict.problem);
        }
        has_row = has_row || verdict.has_row;
        baseline_open = baseline_open || verdict.baseline_open;
        whole = whole ? Grade::Range{std::min(whole->least, verdict.range.least),
                                     std::max(whole->most, verdict.range.most)}
                      : verdict.range;
    }
    if (!has_row) {
        return not_gradable(say(question.fasting && scale.grades(question.analyte)
                                    ? Sentence::grade_no_row_fasting
                                    : Sentence::grade_no_row,
                                scale.id));
    }
    Grade grade{whole, baseline_open, {}};
    if (whole->least == whole->most) {
        grade.why = say(Sentence::grade_certain, whole->least, scale.name);
    } else {
        add_what_is_open(question, scale, remarks);
        grade.why = say(Sentence::grade_open, whole->least, whole->most, scale.name);
    }
    grade.why += remarks.joined() + plain(".");
    return grade;
}

}  // namespace labrelay::study
