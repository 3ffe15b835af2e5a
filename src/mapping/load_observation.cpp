#include "load_observation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "labrelay/units/unit_family.hpp"
#include "suggestion.hpp"

namespace labrelay::mapping {
namespace {

using units::UnitRule;

constexpr std::string_view kLoincSystem = "LN";

class ObservationReader {
public:
    ObservationReader(Element& element, const Catalogue& catalogue)
        : element_(element), file_(element.file()), catalogue_(catalogue) {}

    void read(std::vector<ObservationLine>& lines) {
        line_.code = element_.required("code");
        line_.system = element_.text("system");
        line_.place = element_.place();
        line_.when_sub_id = element_.possibly_empty("when-sub-id");
        read_analyte();
        read_units();
        read_assay();
        read_validity();
        lines.push_back(line_);
        for (const ListItem& code : element_.words("loinc")) {
            append_loinc(code, lines);
        }
    }

private:
    void read_analyte() {
        line_.analyte = element_.required("analyte");
        analyte_ = catalogue_.find(line_.analyte);
        if (!line_.analyte.empty() && analyte_ == nullptr) {
            file_.error(Code::reference_unknown, element_.value_at("analyte"),
                        fmt::format("\"{}\" is no analyte of analytes.xml.{}", line_.analyte,
                                    catalogue_.suggestion(line_.analyte)));
        }
    }

    /// The source's own spellings stand in front of the analyte's list, and replace what looks like
    /// them.
    void read_units() {
        std::vector<UnitRule> own;
        for (const ListItem& item : element_.alternatives("spelled")) {
            line_.spelled.push_back(item.text);
            add(own, item, UnitRule::Kind::factor, Decimal(1, 0));
            if (analyte_ != nullptr && !analyte_->units.has_unit()) {
                file_.error(Code::attribute_bad, item.at,
                            fmt::format("{} has no unit that could be spelled.", line_.analyte));
            }
        }
        element_.children(
            {{"unit", [&](Element& unit) { read_unit(unit, own); }},
             {"outcome", [this](Element& outcome) { read_outcome(outcome); }, false, true},
             {"replicates", [this](Element& replicates) { read_replicates(replicates); }}});
        read_assay_factor(own);
        if (analyte_ != nullptr) {
            line_.units = in_front_of(analyte_->units, std::move(own));
        }
        line_.assume_unit = element_.text("assume-unit");
        check_known({line_.assume_unit, element_.value_at("assume-unit")});
        for (const ListItem& item : element_.alternatives("when-unit")) {
            line_.when_units.push_back(item.text);
            check_known(item);
        }
    }

    /// `copies-per-iu`: every spelling that waits for the assay's factor gets it.
    void read_assay_factor(std::vector<UnitRule>& own) {
        const auto copies_per_iu = element_.decimal("copies-per-iu");
        const std::string document = element_.text("factor-from");
        if (element_.text("copies-per-iu").empty() != document.empty()) {
            file_.error(Code::attribute_missing, element_.at(),
                        "copies-per-iu=\"…\" and factor-from=\"…\", the document that gives it, "
                        "stand together.");
            return;
        }
        if (!copies_per_iu || analyte_ == nullptr) {
            return;
        }
        if (copies_per_iu->is_zero() || copies_per_iu->is_negative()) {
            file_.error(Code::attribute_bad, element_.value_at("copies-per-iu"),
                        "A factor is above zero.");
            return;
        }
        using units::UnitFamily;
        const UnitFamily canonical = units::unit_family(analyte_->units.canonical());
        const bool to_copies = canonical == UnitFamily::copies;
        std::size_t waiting = 0;
        for (const UnitRule& rule : analyte_->units.rules()) {
            const auto same = [&](const UnitRule& other) {
                return other.spelling == rule.spelling;
            };
            if (rule.kind != UnitRule::Kind::needs_assay) {
                continue;
            }
            ++waiting;
            if (std::any_of(own.begin(), own.end(), same)) {
                continue;
            }
            UnitRule converted{
                rule.spelling, UnitRule::Kind::factor, Decimal(1, 0),
                fmt::format("{} copies per IU by {}", copies_per_iu->to_string(), document)};
            if (to_copies) {
                converted.factor = *copies_per_iu;
            } else {
                converted.divisor = *copies_per_iu;
            }
            own.push_back(std::move(converted));
        }
        if (waiting == 0 || (!to_copies && canonical != UnitFamily::international)) {
            file_.error(Code::attribute_bad, element_.value_at("copies-per-iu"),
                        fmt::format("{} is neither counted in copies nor in IU.", line_.analyte));
        }
    }

    void read_outcome(Element& element) {
        OutcomeLine outcome;
        outcome.code = element.required("code");
        outcome.system = element.text("system");
        outcome.sub_id = element.possibly_empty("sub-id");
        if (outcome.code == line_.code && outcome.system == line_.system && !outcome.sub_id) {
            file_.error(Code::attribute_missing, element.at(),
                        "An outcome under the line's own code needs sub-id=\"…\".");
        }
        line_.outcome = std::move(outcome);
    }

    /// A tube that the line itself fits would be its own average.
    void read_replicates(Element& element) {
        CodePattern tubes{element.required("code"), element.text("system")};
        if (!tubes.code.empty() && closeness(tubes, line_.code, line_.system) &&
            !line_.when_sub_id) {
            file_.error(Code::attribute_bad, element.value_at("code"),
                        "The line of the average fits these replicates too; give it "
                        "when-sub-id=\"…\".");
        }
        const auto same = [&](const CodePattern& other) {
            return other.code == tubes.code && other.system == tubes.system;
        };
        if (std::any_of(line_.replicates.begin(), line_.replicates.end(), same)) {
            file_.error(Code::key_duplicate, element.at(), "These replicates stand here already.");
        }
        line_.replicates.push_back(std::move(tubes));
    }

    void read_unit(Element& element, std::vector<UnitRule>& own) {
        element.required("spelling");
        const std::string as = element.text("as");
        const auto factor = element.decimal("factor");
        const std::string because = element.text("because");
        if (as.empty() == element.text("factor").empty()) {
            file_.error(Code::attribute_missing, element.at(),
                        "A <unit> has either as=\"…\" or factor=\"…\".");
            return;
        }
        if (factor && because.empty()) {
            file_.error(Code::attribute_missing, element.at(),
                        "A factor needs because=\"…\": where it comes from.");
        }
        if (factor && (factor->is_zero() || factor->is_negative())) {
            file_.error(Code::attribute_bad, element.value_at("factor"), "A factor is above zero.");
        }
        if (as.empty() && !factor) {
            return;
        }
        std::optional<UnitRule> meant =
            UnitRule{{}, UnitRule::Kind::factor, factor.value_or(Decimal()), {}};
        if (!factor && analyte_ != nullptr) {
            meant = analyte_->units.find(as);
        }
        if (!meant) {
            unknown_unit({as, element.value_at("as")}, analyte_->units);
            return;
        }
        for (const ListItem& item : element.alternatives("spelling")) {
            add(own, item, meant->kind, meant->factor, meant->divisor);
        }
    }

    static bool is_by_ucum(const UnitRule& rule) { return rule.rule_id.starts_with("ucum:"); }

    /// A customary factor is not the molar mass's, but within a per cent of it.
    static bool contradicts(const UnitRule& known, const UnitRule& own) {
        const auto factor = [](const UnitRule& rule) {
            return units::Rational(rule.factor).over(units::Rational(rule.divisor));
        };
        const units::Rational ratio = factor(own).over(factor(known));
        return is_by_ucum(known) ? ratio < units::Rational(Decimal(99, 2)) ||
                                       ratio > units::Rational(Decimal(101, 2))
                                 : !same_meaning(known, own);
    }

    static std::string factor_text(const UnitRule& rule) {
        return rule.divisor == Decimal(1, 0)
                   ? fmt::format("x {}", rule.factor.to_string())
                   : fmt::format("x {} / {}", rule.factor.to_string(), rule.divisor.to_string());
    }

    void add(std::vector<UnitRule>& own, const ListItem& item, UnitRule::Kind kind, Decimal factor,
             Decimal divisor = Decimal(1, 0)) {
        const auto same = [&](const UnitRule& rule) { return rule.spelling == item.text; };
        if (std::any_of(own.begin(), own.end(), same)) {
            file_.error(Code::key_duplicate, item.at,
                        fmt::format("The spelling \"{}\" stands twice.", item.text));
            return;
        }
        const auto listed = analyte_ == nullptr ? std::nullopt : analyte_->units.find(item.text);
        own.push_back({item.text, kind, factor, fmt::format("source-list:{}", item.text), divisor});
        if (listed && listed->kind == UnitRule::Kind::factor && kind == listed->kind &&
            contradicts(*listed, own.back())) {
            file_.warning(Code::unit_overridden, item.at,
                          fmt::format("{} reads \"{}\" as {}; here it is {}.",
                                      is_by_ucum(*listed) ? "UCUM" : "analytes.xml", item.text,
                                      factor_text(*listed), factor_text(own.back())));
        }
    }

    static units::AnalyteUnits in_front_of(const units::AnalyteUnits& list,
                                           std::vector<UnitRule> own) {
        std::vector<std::string> taken;
        taken.reserve(own.size());
        for (const UnitRule& rule : own) {
            taken.push_back(units::fold_unit(rule.spelling));
        }
        for (const UnitRule& rule : list.rules()) {
            if (std::find(taken.begin(), taken.end(), units::fold_unit(rule.spelling)) ==
                taken.end()) {
                own.push_back(rule);
            }
        }
        return units::AnalyteUnits(list.canonical(), std::move(own), list.ucum());
    }

    void check_known(const ListItem& unit) {
        if (!unit.text.empty() && analyte_ != nullptr && !line_.units.find(unit.text)) {
            unknown_unit(unit, line_.units);
        }
    }

    void unknown_unit(const ListItem& unit, const units::AnalyteUnits& list) {
        std::vector<std::string_view> known;
        for (const UnitRule& rule : list.rules()) {
            known.push_back(rule.spelling);
        }
        file_.error(Code::reference_unknown, unit.at,
                    fmt::format("\"{}\" is no unit of {}.{}", unit.text, line_.analyte,
                                did_you_mean(unit.text, known)));
    }

    void read_assay() {
        line_.lloq = element_.decimal("lloq");
        line_.uloq = element_.decimal("uloq");
        line_.assay = element_.text("assay");
        if (line_.lloq && line_.uloq && *line_.lloq >= *line_.uloq) {
            file_.error(Code::attribute_bad, element_.value_at("lloq"), "lloq is not below uloq.");
        }
    }

    void read_validity() {
        line_.valid_from = element_.day("from");
        line_.valid_until = element_.day("until");
        if (line_.valid_from && line_.valid_until && *line_.valid_from > *line_.valid_until) {
            file_.error(Code::attribute_bad, element_.value_at("until"), "until is before from.");
        }
    }

    void append_loinc(const ListItem& code, std::vector<ObservationLine>& lines) {
        if (analyte_ == nullptr) {
            return;
        }
        const auto& own = analyte_->loinc;
        if (std::find(own.begin(), own.end(), code.text) == own.end()) {
            file_.error(
                Code::reference_unknown, code.at,
                fmt::format("{} is no LOINC code of {} in analytes.xml.{}", code.text,
                            line_.analyte, did_you_mean(code.text, {own.begin(), own.end()})));
            return;
        }
        ObservationLine line = line_;
        line.code = code.text;
        line.system = kLoincSystem;
        lines.push_back(std::move(line));
    }

    Element& element_;
    XmlFile& file_;
    const Catalogue& catalogue_;
    const study::Analyte* analyte_ = nullptr;
    ObservationLine line_;
};

}  // namespace

void read_observation(Element& element, const Catalogue& catalogue,
                      std::vector<ObservationLine>& lines) {
    ObservationReader(element, catalogue).read(lines);
}

}  // namespace labrelay::mapping
