#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "element.hpp"
#include "loading.hpp"
#include "suggestion.hpp"

namespace labrelay::mapping {
namespace {

using study::GradeBound;
using study::GradeColumn;
using study::GradeLimit;
using study::GradeRow;
using study::GradeScale;
using study::GradeStep;

constexpr int kWorst = 4;

bool is_low(GradeBound bound) {
    return bound == GradeBound::below || bound == GradeBound::up_to;
}

class GradesReader {
public:
    GradesReader(XmlFile& file, const Catalogue& catalogue) : file_(file), catalogue_(catalogue) {}

    std::vector<GradeScale> read() {
        if (file_.root() != nullptr) {
            Element root(*file_.root(), file_);
            root.children({{"scale", [this](Element& element) { read_scale(element); }, true}});
            root.finish();
        }
        return std::move(scales_);
    }

private:
    void read_scale(Element& element) {
        GradeScale scale;
        scale.id = element.required("id");
        scale.name = element.required("name");
        const auto same = [&](const GradeScale& other) { return other.id == scale.id; };
        if (std::any_of(scales_.begin(), scales_.end(), same)) {
            file_.error(Code::key_duplicate, element.value_at("id"),
                        fmt::format("The scale {} stands twice.", scale.id));
        }
        element.children({{"row", [&](Element& row) { read_row(row, scale); }, true}});
        scales_.push_back(std::move(scale));
    }

    void read_row(Element& element, GradeScale& scale) {
        GradeRow row;
        row.analyte = element.required("analyte");
        analyte_ = catalogue_.find(row.analyte);
        if (!row.analyte.empty() && analyte_ == nullptr) {
            file_.error(Code::reference_unknown, element.value_at("analyte"),
                        fmt::format("\"{}\" is no analyte of analytes.xml.{}", row.analyte,
                                    catalogue_.suggestion(row.analyte)));
        }
        row.sex =
            element.choice<study::Sex>("sex", {{"M", study::Sex::male}, {"F", study::Sex::female}});
        row.fasting = element.choice<bool>("fasting", {{"yes", true}, {"no", false}});
        row.signs = element.text("signs");
        low_.reset();
        element.children({{"limits", [&](Element& limits) { read_limits(limits, row); }, true}});
        check_columns(element, row);
        check_row_is_new(element, row, scale);
        scale.rows.push_back(std::move(row));
    }

    void read_limits(Element& element, GradeRow& row) {
        GradeColumn column;
        column.unit = element.text("unit");
        const auto of = element.choice<GradeLimit>("of", {{"ULN", GradeLimit::uln},
                                                          {"LLN", GradeLimit::lln},
                                                          {"baseline", GradeLimit::baseline}});
        if (column.unit.empty() == !of) {
            file_.error(Code::attribute_missing, element.at(),
                        "<limits> has either unit=\"…\" or of=\"ULN\", \"LLN\" or \"baseline\".");
        }
        if (!column.unit.empty()) {
            column.factor = factor_of(element, column.unit);
        }
        const auto read = [&](Element& grade) {
            read_step(grade, of.value_or(GradeLimit::number), row, column);
        };
        element.children({{"grade", read, true}});
        const auto same = [&](const GradeColumn& other) { return other.unit == column.unit; };
        if (std::any_of(row.columns.begin(), row.columns.end(), same)) {
            file_.error(Code::key_duplicate, element.at(),
                        fmt::format("The limits of {} stand twice in this row.",
                                    column.unit.empty() ? "multiples" : column.unit));
        }
        row.columns.push_back(std::move(column));
    }

    std::optional<Decimal> factor_of(const Element& element, const std::string& unit) {
        if (analyte_ == nullptr) {
            return std::nullopt;
        }
        const auto rule = analyte_->units.find(unit);
        if (rule && rule->kind == units::UnitRule::Kind::factor) {
            return rule->factor;
        }
        std::vector<std::string_view> known;
        for (const units::UnitRule& one : analyte_->units.rules()) {
            known.push_back(one.spelling);
        }
        file_.error(Code::reference_unknown, element.value_at("unit"),
                    fmt::format("\"{}\" is no unit of {} with a factor.{}", unit, analyte_->key,
                                did_you_mean(unit, known)));
        return std::nullopt;
    }

    void read_step(Element& element, GradeLimit of, const GradeRow& row, GradeColumn& column) {
        GradeStep step;
        element.required("is");
        step.grade = static_cast<int>(element.integer("is", 1, kWorst).value_or(0));
        constexpr std::array<std::pair<const char*, GradeBound>, 4> kBounds{
            {{"below", GradeBound::below},
             {"up-to", GradeBound::up_to},
             {"from", GradeBound::from},
             {"above", GradeBound::above}}};
        int bounds = 0;
        for (const auto& [name, bound] : kBounds) {
            if (element.value_at(name) != element.at()) {
                ++bounds;
                step.bound = bound;
                read_limit(element, name, of, step);
            }
        }
        if (bounds != 1) {
            file_.error(Code::attribute_missing, element.at(),
                        "<grade> has one of below, up-to, from and above.");
            return;
        }
        check_order(element, step, row, column);
        column.steps.push_back(step);
    }

    /// A number; in a column with a unit also `LLN` or `ULN` itself.
    void read_limit(Element& element, const char* name, GradeLimit of, GradeStep& step) {
        step.limit = of;
        const std::string written = element.text(name);
        if (of == GradeLimit::number && (written == "LLN" || written == "ULN")) {
            step.limit = written == "LLN" ? GradeLimit::lln : GradeLimit::uln;
            step.number = Decimal(1, 0);
            return;
        }
        step.number = element.decimal(name).value_or(Decimal());
    }

    /// Worst first, and each limit beyond the one before it: then nothing lies between two grades.
    void check_order(const Element& element, const GradeStep& step, const GradeRow& row,
                     const GradeColumn& column) {
        const bool low = is_low(step.bound);
        if (low_ && *low_ != low) {
            file_.error(Code::attribute_bad, element.at(),
                        "A row is low (below, up-to) or high (from, above); write two rows.");
        }
        low_ = low;
        if (column.steps.empty()) {
            return;
        }
        const GradeStep& worse = column.steps.back();
        if (step.grade >= worse.grade) {
            file_.error(Code::attribute_bad, element.value_at("is"),
                        "The worst grade stands first, and each grade once.");
        }
        // A limit of normal and a number cannot be compared here.
        const bool comparable = step.limit == worse.limit && row.signs.empty();
        const bool beyond = low ? step.number > worse.number : step.number < worse.number;
        if (comparable && !beyond) {
            file_.error(Code::attribute_bad, element.at(),
                        fmt::format("The limit of grade {} lies beyond that of grade {}.",
                                    step.grade, worse.grade));
        }
    }

    /// Every printed unit has the same grades.
    void check_columns(const Element& element, const GradeRow& row) {
        const auto grades = [](const GradeColumn& column) {
            std::vector<int> all;
            for (const GradeStep& step : column.steps) {
                all.push_back(step.grade);
            }
            return all;
        };
        for (const GradeColumn& column : row.columns) {
            if (grades(column) != grades(row.columns.front())) {
                file_.error(Code::element_missing, element.at(),
                            fmt::format("The limits in {} do not have the grades of those in {}.",
                                        column.unit, row.columns.front().unit));
            }
        }
    }

    void check_row_is_new(const Element& element, const GradeRow& row, const GradeScale& scale) {
        const auto kind = [](const GradeRow& one) {
            const GradeStep* first = one.columns.empty() || one.columns.front().steps.empty()
                                         ? nullptr
                                         : &one.columns.front().steps.front();
            return std::pair(first != nullptr && is_low(first->bound),
                             first != nullptr && first->limit == GradeLimit::baseline);
        };
        const auto same = [&](const GradeRow& other) {
            return other.analyte == row.analyte && other.sex == row.sex &&
                   other.fasting == row.fasting && kind(other) == kind(row);
        };
        if (std::any_of(scale.rows.begin(), scale.rows.end(), same)) {
            file_.error(Code::key_duplicate, element.at(),
                        fmt::format("The row of {} stands twice.", row.analyte));
        }
    }

    XmlFile& file_;
    const Catalogue& catalogue_;
    std::vector<GradeScale> scales_;
    const study::Analyte* analyte_ = nullptr;  ///< of the row being read
    std::optional<bool> low_;                  ///< what the row's steps are so far
};

}  // namespace

std::vector<GradeScale> load_grades(XmlFile& file, const Catalogue& catalogue) {
    return GradesReader(file, catalogue).read();
}

}  // namespace labrelay::mapping
