#include "load_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "suggestion.hpp"

namespace labrelay::mapping {
namespace {

using study::CheckDefinition;
using study::CheckField;
using study::CheckKind;
using study::CheckKindInfo;
using study::CheckTerm;
using study::FieldUse;

struct FieldName {
    CheckField field;
    std::string_view name;
};

constexpr FieldName kNames[] = {
    {CheckField::parts, "parts"},
    {CheckField::percents, "percents"},
    {CheckField::whole, "whole"},
    {CheckField::total, "total"},
    {CheckField::low, "low"},
    {CheckField::high, "high"},
    {CheckField::above, "above"},
    {CheckField::below, "below"},
    {CheckField::times, "times"},
    {CheckField::tolerance, "tolerance"},
    {CheckField::tolerance_percent, "tolerance-percent"},
    {CheckField::within_days, "within-days"},
    {CheckField::equation, "equation"},
    {CheckField::sex, "sex"},
    {CheckField::words, "words"},
    {CheckField::members, "members"},
};

std::string_view name_of(CheckField field) {
    const auto* const found = std::ranges::find(kNames, field, &FieldName::field);
    return found != std::end(kNames) ? found->name : std::string_view();
}

bool takes(const CheckKindInfo& kind, CheckField field) {
    return std::ranges::find(kind.fields, field, &study::CheckFieldUse::field) != kind.fields.end();
}

std::optional<Severity> severity_of(Element& element) {
    element.required("severity");
    return element.choice<Severity>(
        "severity",
        {{"note", Severity::note}, {"flag", Severity::warning}, {"hold", Severity::hold}});
}

/// How many parts a kind needs; nothing: one or more.
struct Parts {
    CheckKind kind;
    std::size_t least;
    std::size_t most;
};

constexpr std::size_t kAny = static_cast<std::size_t>(-1);
constexpr Parts kParts[] = {
    {CheckKind::ascending, 2, kAny}, {CheckKind::ratio, 2, 2},      {CheckKind::log, 1, 1},
    {CheckKind::quotient, 2, 2},     {CheckKind::balance, 2, kAny}, {CheckKind::friedewald, 3, 3},
    {CheckKind::egfr, 1, 1},         {CheckKind::delta_pair, 1, 1},
};

/// Kinds that compare or add the values of several analytes, which must then be in one unit.
constexpr CheckKind kOfOneUnit[] = {CheckKind::sum, CheckKind::at_most, CheckKind::each_at_most,
                                    CheckKind::ascending, CheckKind::share};

}  // namespace

void CheckReader::read(Element& element) {
    CheckDefinition check;
    check.id = element.required("id");
    const auto same = [&](const CheckDefinition& other) { return other.id == check.id; };
    if (!check.id.empty() && std::ranges::any_of(checks_, same)) {
        file_.error(Code::key_duplicate, element.value_at("id"),
                    fmt::format("The check {} stands twice.", check.id));
    }
    const std::string kind = element.required("kind");
    std::vector<std::string_view> known;
    const CheckKindInfo* info = nullptr;
    for (const CheckKindInfo& entry : study::check_kinds()) {
        known.push_back(entry.name);
        info = entry.name == kind ? &entry : info;
    }
    const auto severity = severity_of(element);
    check.sentence = element.text("says");
    check.sources = sources(element, "sources");
    check.except = sources(element, "except");
    if (info == nullptr) {
        if (!kind.empty()) {
            file_.error(
                Code::attribute_bad, element.value_at("kind"),
                fmt::format("\"{}\" is no kind of check.{}", kind, did_you_mean(kind, known)));
        }
        for (const FieldName& field : kNames) {
            element.text(field.name);  // not to be called unknown beside a kind that is
        }
        return;
    }
    check.kind = info->kind;
    if (check.sentence.empty()) {
        check.sentence = info->text;
    }
    check.steps.push_back({severity.value_or(Severity::warning), {}, {}});
    read_fields(element, *info, check);
    read_steps(element, *info, check);
    check_shape(element, check);
    if (std::ranges::find(kOfOneUnit, check.kind) != std::end(kOfOneUnit)) {
        bring_to_one_unit(element, check);
    }
    checks_.push_back(std::move(check));
}

void CheckReader::read_fields(Element& element, const CheckKindInfo& kind, CheckDefinition& check) {
    for (const study::CheckFieldUse& use : kind.fields) {
        if (use.use == FieldUse::required && use.field != CheckField::conditions) {
            element.required(name_of(use.field));
        }
        read_field(element, use.field, check);
    }
}

void CheckReader::read_field(Element& element, CheckField field, CheckDefinition& check) {
    const std::string_view name = name_of(field);
    switch (field) {
        case CheckField::parts:
            check.parts = terms(element, name);
            break;
        case CheckField::percents:
            check.percents = terms(element, name);
            break;
        case CheckField::whole: {
            const std::string analyte = element.text(name);
            if (!analyte.empty()) {
                check.whole = term({analyte, element.value_at(name)});
            }
            break;
        }
        case CheckField::total:
            check.total = element.decimal(name);
            break;
        case CheckField::low:
            check.low = element.decimal(name);
            break;
        case CheckField::high:
            check.high = element.decimal(name);
            break;
        case CheckField::above:
            check.above = element.decimal(name);
            break;
        case CheckField::below:
            check.below = element.decimal(name);
            break;
        case CheckField::times:
            check.times = element.decimal(name);
            break;
        case CheckField::tolerance:
            check.steps.front().tolerance = element.decimal(name);
            break;
        case CheckField::tolerance_percent:
            check.steps.front().percent = element.decimal(name);
            break;
        case CheckField::within_days:
            if (const auto days = element.integer(name, 1, 3660)) {
                check.within_days = static_cast<int>(*days);
            }
            break;
        case CheckField::equation:
            check.equation = element
                                 .choice<study::EgfrEquation>(
                                     name, {{"ckd-epi-2009", study::EgfrEquation::ckd_epi_2009},
                                            {"ckd-epi-2021", study::EgfrEquation::ckd_epi_2021}})
                                 .value_or(study::EgfrEquation::ckd_epi_2021);
            break;
        case CheckField::sex:
            check.sex = element.choice<study::Sex>(
                name, {{"M", study::Sex::male}, {"F", study::Sex::female}});
            break;
        case CheckField::words:
            for (const ListItem& item : element.alternatives(name)) {
                check.words.push_back(item.text);
            }
            break;
        case CheckField::members:
            check.whole_draw =
                element.choice<bool>(name, {{"specimen", false}, {"draw", true}}).value_or(false);
            break;
        case CheckField::conditions:
            break;
    }
}

void CheckReader::read_steps(Element& element, const CheckKindInfo& kind, CheckDefinition& check) {
    const bool tolerances = takes(kind, CheckField::tolerance);
    const auto refuse = [&](Element& child, std::string_view name) {
        file_.error(Code::element_unknown, child.at(),
                    fmt::format("A check of the kind {} takes no <{}>.", kind.name, name));
    };
    element.children({{"step",
                       [&](Element& child) {
                           if (!tolerances) {
                               refuse(child, "step");
                           }
                           read_step(child, tolerances, check);
                       }},
                      {"when",
                       [&](Element& child) {
                           if (!takes(kind, CheckField::conditions)) {
                               refuse(child, "when");
                           }
                           read_condition(child, check);
                       },
                       takes(kind, CheckField::conditions)}});
}

void CheckReader::read_step(Element& element, bool tolerances, CheckDefinition& check) {
    study::CheckStep step;
    step.severity = severity_of(element).value_or(Severity::hold);
    step.tolerance = element.decimal("tolerance");
    step.percent = element.decimal("tolerance-percent");
    if (tolerances && !step.tolerance && !step.percent) {
        file_.error(Code::attribute_missing, element.at(),
                    "Give tolerance=\"…\", tolerance-percent=\"…\" or both.");
    }
    if (step.severity <= check.steps.back().severity) {
        file_.error(Code::attribute_bad, element.value_at("severity"),
                    "Each step is more severe than the one before it: note, flag, hold.");
    }
    const auto& before = check.steps.back();
    if (step.tolerance && before.tolerance && *step.tolerance <= *before.tolerance) {
        file_.error(Code::attribute_bad, element.value_at("tolerance"),
                    "A more severe step allows more than the one before it.");
    }
    if (step.percent && before.percent && *step.percent <= *before.percent) {
        file_.error(Code::attribute_bad, element.value_at("tolerance-percent"),
                    "A more severe step allows more than the one before it.");
    }
    check.steps.push_back(step);
}

void CheckReader::read_condition(Element& element, CheckDefinition& check) {
    study::CheckCondition condition;
    condition.analyte = element.required("analyte");
    if (!condition.analyte.empty()) {
        term({condition.analyte, element.value_at("analyte")});
    }
    condition.above = element.decimal("above");
    condition.below = element.decimal("below");
    if (condition.above.has_value() == condition.below.has_value()) {
        file_.error(Code::attribute_missing, element.at(),
                    "A <when> has either above=\"…\" or below=\"…\".");
    }
    check.conditions.push_back(std::move(condition));
}

std::vector<CheckTerm> CheckReader::terms(Element& element, std::string_view name) {
    std::vector<CheckTerm> all;
    for (const ListItem& item : element.words(name)) {
        const auto same = [&](const CheckTerm& other) { return other.analyte == item.text; };
        if (std::ranges::any_of(all, same)) {
            file_.error(Code::key_duplicate, item.at,
                        fmt::format("The analyte {} stands twice.", item.text));
        }
        all.push_back(term(item));
    }
    return all;
}

std::vector<std::string> CheckReader::sources(Element& element, std::string_view name) {
    std::vector<std::string> all;
    for (const ListItem& item : element.words(name)) {
        all.push_back(item.text);
        sources_named_.push_back({item.text, item.at});
    }
    return all;
}

CheckTerm CheckReader::term(const ListItem& item) {
    if (catalogue_.find(item.text) == nullptr) {
        file_.error(Code::reference_unknown, item.at,
                    fmt::format("\"{}\" is no analyte of analytes.xml.{}", item.text,
                                catalogue_.suggestion(item.text)));
    } else {
        analytes_named_.push_back({item.text, item.at});
    }
    return {item.text, Decimal(1, 0)};
}

void CheckReader::check_shape(const Element& element, const CheckDefinition& check) {
    const CheckKindInfo& kind = study::info(check.kind);
    const auto* const parts = std::ranges::find(kParts, check.kind, &Parts::kind);
    if (parts != std::end(kParts) && !check.parts.empty() &&
        (check.parts.size() < parts->least || check.parts.size() > parts->most)) {
        file_.error(Code::attribute_bad, element.value_at("parts"),
                    fmt::format("A check of the kind {} has {}{} parts.", kind.name,
                                parts->most == kAny ? "at least " : "", parts->least));
    }
    if (takes(kind, CheckField::percents) && check.percents.size() != check.parts.size()) {
        file_.error(Code::attribute_bad, element.value_at("percents"),
                    "There are as many percents as parts, in their order.");
    }
    const bool in_doubt = check.kind == CheckKind::sum
                              ? check.whole.has_value() == check.total.has_value()
                              : !check.whole && !check.total;
    if (takes(kind, CheckField::total) && in_doubt) {
        file_.error(Code::attribute_missing, element.at(),
                    "Give whole=\"…\", an analyte, or total=\"…\", a number.");
    }
    if (takes(kind, CheckField::low) && !check.low && !check.high) {
        file_.error(Code::attribute_missing, element.at(), "Give low=\"…\", high=\"…\" or both.");
    }
    if (check.low && check.high && *check.low > *check.high) {
        file_.error(Code::attribute_bad, element.value_at("low"), "low is above high.");
    }
    if (check.kind == CheckKind::critical && check.steps.front().severity == Severity::hold) {
        file_.error(Code::attribute_bad, element.value_at("severity"),
                    "A critical value is shown and never held: note or flag.");
    }
    const bool needs_change = check.kind == CheckKind::delta;
    if (needs_change && !check.steps.front().tolerance && !check.steps.front().percent) {
        file_.error(Code::attribute_missing, element.at(),
                    "Give tolerance=\"…\", tolerance-percent=\"…\" or both.");
    }
}

/// Every value in the unit of the first part, by that analyte's own list of units.
void CheckReader::bring_to_one_unit(const Element& element, CheckDefinition& check) {
    if (check.parts.empty()) {
        return;
    }
    const std::string first = check.parts.front().analyte;
    for (CheckTerm& part : check.parts) {
        convert(element, first, part);
    }
    if (check.whole) {
        convert(element, first, *check.whole);
    }
}

void CheckReader::convert(const Element& element, const std::string& into, CheckTerm& term) {
    const study::Analyte* to = catalogue_.find(into);
    const study::Analyte* from = catalogue_.find(term.analyte);
    if (to == nullptr || from == nullptr || to->units.canonical() == from->units.canonical()) {
        return;
    }
    const auto rule = to->units.find(from->units.canonical());
    if (rule && rule->kind == units::UnitRule::Kind::factor) {
        term.factor = rule->factor;
        return;
    }
    file_.error(Code::attribute_bad, element.at(),
                fmt::format("{} is in {}, which {} is not read in: give it a <unit> in "
                            "analytes.xml.",
                            term.analyte, from->units.canonical(), into));
}

study::CheckList CheckReader::finish(const study::StudyDefinition& study) {
    for (const Named& named : analytes_named_) {
        if (study.panel_of(named.name) == nullptr) {
            file_.error(Code::reference_unknown, named.at,
                        fmt::format("{} stands in no panel of this study, so that the check "
                                    "could never be decided.",
                                    named.name));
        }
    }
    std::vector<std::string_view> sources(study.sources.begin(), study.sources.end());
    for (const Named& named : sources_named_) {
        if (!study.accepts_source(named.name)) {
            file_.error(Code::reference_unknown, named.at,
                        fmt::format("The study accepts no source \"{}\".{}", named.name,
                                    did_you_mean(named.name, sources)));
        }
    }
    return study::CheckList(std::move(checks_));
}

}  // namespace labrelay::mapping
