#include "load_criteria.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "suggestion.hpp"

namespace labrelay::mapping {
namespace {

using study::Criterion;
using study::LimitRule;
using study::SerologyRule;
using study::TherapyDate;
using study::TherapyLimitRule;

constexpr std::int64_t kMostMonths = 1200;
constexpr std::int64_t kMostYears = 120;
constexpr std::int64_t kMostResults = 20;

}  // namespace

Criterion CriteriaReader::read(Element& element, Criterion::Sort sort) {
    Criterion criterion;
    criterion.sort = sort;
    criterion.id = element.required("id");
    criterion.text = element.required("text");
    const auto rule = [&](auto read_rule) {
        return
            [this, &criterion, read_rule](Element& e) { add(e, criterion, (this->*read_rule)(e)); };
    };
    element.children({{"site-attests", [&](Element& e) { read_attested(e, criterion); }},
                      {"age", rule(&CriteriaReader::read_age)},
                      {"therapy", rule(&CriteriaReader::read_therapy)},
                      {"suppressed", rule(&CriteriaReader::read_suppression)},
                      {"limit-by-therapy", rule(&CriteriaReader::read_therapy_limit)},
                      {"limit", rule(&CriteriaReader::read_limit)},
                      {"detected", rule(&CriteriaReader::read_detection)},
                      {"positive", rule(&CriteriaReader::read_serology)},
                      {"pregnant", rule(&CriteriaReader::read_pregnancy)}});
    if (criterion.conditions.empty()) {
        file_.error(Code::element_missing, element.at(),
                    "A criterion needs a condition; where no laboratory result can decide it, "
                    "<site-attests/>.");
    }
    return criterion;
}

void CriteriaReader::check_id(Element& element, const std::string& id) {
    if (!id.empty() && std::find(ids_.begin(), ids_.end(), id) != ids_.end()) {
        file_.error(Code::key_duplicate, element.value_at("id"),
                    fmt::format("\"{}\" stands twice.", id));
    }
    ids_.push_back(id);
}

/// Alone in its criterion it needs no name of its own.
void CriteriaReader::read_attested(Element& element, Criterion& criterion) {
    Condition condition;
    condition.id = element.text("id");
    condition.text = element.text("text");
    if (condition.id.empty()) {
        condition.id = criterion.id;
    }
    check_id(element, condition.id);
    criterion.conditions.push_back(std::move(condition));
}

void CriteriaReader::add(Element& element, Criterion& criterion, study::CriterionRule rule) {
    Condition condition;
    condition.id = element.required("id");
    condition.text = element.text("text");
    condition.rule = std::move(rule);
    check_id(element, condition.id);
    criterion.conditions.push_back(std::move(condition));
}

void CriteriaReader::note_analyte(const ListItem& item) {
    if (catalogue_.find(item.text) == nullptr) {
        file_.error(Code::reference_unknown, item.at,
                    fmt::format("\"{}\" is no analyte of analytes.xml.{}", item.text,
                                catalogue_.suggestion(item.text)));
    } else {
        analytes_.push_back(item);
    }
}

std::string CriteriaReader::analyte(Element& element, std::string_view name) {
    std::string key = element.required(name);
    if (!key.empty()) {
        note_analyte({key, element.value_at(name)});
    }
    return key;
}

std::vector<std::string> CriteriaReader::analytes(Element& element, std::string_view name,
                                                  bool required) {
    if (required) {
        element.required(name);
    }
    std::vector<std::string> keys;
    for (const ListItem& item : element.words(name)) {
        if (std::find(keys.begin(), keys.end(), item.text) != keys.end()) {
            file_.error(Code::key_duplicate, item.at,
                        fmt::format("\"{}\" stands twice.", item.text));
        }
        note_analyte(item);
        keys.push_back(item.text);
    }
    return keys;
}

Decimal CriteriaReader::limit(Element& element, std::string_view name) {
    element.required(name);
    return element.decimal(name).value_or(Decimal{});
}

void CriteriaReader::check_unit(Element& element, const std::string& analyte) {
    const std::string unit = element.required("unit");
    const study::Analyte* known = catalogue_.find(analyte);
    if (known != nullptr && !unit.empty() && unit != known->units.canonical()) {
        file_.error(
            Code::attribute_bad, element.value_at("unit"),
            known->units.has_unit()
                ? fmt::format("{} is compared in its own unit, {}.", analyte,
                              known->units.canonical())
                : fmt::format("{} has no unit and cannot be compared with a limit.", analyte));
    }
}

int CriteriaReader::months(Element& element, std::string_view name) {
    element.required(name);
    return static_cast<int>(element.integer(name, 0, kMostMonths).value_or(0));
}

TherapyDate CriteriaReader::since(Element& element) {
    element.required("since");
    return element
        .choice<TherapyDate>("since", {{"art_start", TherapyDate::art_start},
                                       {"regimen_changed", TherapyDate::regimen_changed}})
        .value_or(TherapyDate::art_start);
}

study::AgeRule CriteriaReader::read_age(Element& element) {
    element.required("at-least");
    return {static_cast<int>(element.integer("at-least", 0, kMostYears).value_or(0))};
}

study::TherapyRule CriteriaReader::read_therapy(Element& element) {
    return {since(element), months(element, "at-least-months")};
}

study::SuppressionRule CriteriaReader::read_suppression(Element& element) {
    study::SuppressionRule rule;
    rule.analyte = analyte(element, "analyte");
    rule.not_comparable = analytes(element, "not-comparable", false);
    rule.below = limit(element, "below");
    check_unit(element, rule.analyte);
    element.required("count");
    rule.count = static_cast<int>(element.integer("count", 1, kMostResults).value_or(1));
    rule.months_apart = months(element, "months-apart");
    return rule;
}

TherapyLimitRule::Band CriteriaReader::read_band(Element& element) {
    TherapyLimitRule::Band band;
    band.from_months = months(element, "from-months");
    const auto until = element.integer("until-months", 0, kMostMonths);
    if (until) {
        band.until_months = static_cast<int>(*until);
    }
    if (band.until_months && *band.until_months <= band.from_months) {
        file_.error(Code::attribute_bad, element.value_at("until-months"),
                    "until-months is later than from-months.");
    }
    band.exactly_from_counts =
        element.choice<bool>("exactly-from", {{"counts", true}, {"undecided", false}})
            .value_or(true);
    band.below = limit(element, "below");
    return band;
}

TherapyLimitRule CriteriaReader::read_therapy_limit(Element& element) {
    TherapyLimitRule rule;
    rule.analyte = analyte(element, "analyte");
    check_unit(element, rule.analyte);
    rule.since = since(element);
    element.children({{"band",
                       [&](Element& e) {
                           rule.bands.push_back(read_band(e));
                           check_bands(e, rule);
                       },
                       true}});
    return rule;
}

/// Bands stand in order and share no month.
void CriteriaReader::check_bands(Element& element, const TherapyLimitRule& rule) {
    if (rule.bands.size() < 2) {
        return;
    }
    const TherapyLimitRule::Band& before = rule.bands[rule.bands.size() - 2];
    if (!before.until_months || *before.until_months > rule.bands.back().from_months) {
        file_.error(Code::attribute_bad, element.value_at("from-months"),
                    "A band begins where the one before it has ended.");
    }
}

LimitRule CriteriaReader::read_limit(Element& element) {
    LimitRule rule;
    rule.analyte = analyte(element, "analyte");
    const auto below = element.decimal("below");
    const auto above = element.decimal("above");
    if (element.text("below").empty() == element.text("above").empty()) {
        file_.error(Code::attribute_missing, element.at(),
                    "A limit needs below=\"…\" or above=\"…\", one of them.");
    }
    rule.side = above ? LimitRule::Side::above : LimitRule::Side::below;
    rule.limit = above ? *above : below.value_or(Decimal{});
    check_unit(element, rule.analyte);
    return rule;
}

study::DetectionRule CriteriaReader::read_detection(Element& element) {
    return {analytes(element, "analytes", true)};
}

SerologyRule CriteriaReader::read_serology(Element& element) {
    using Reading = SerologyRule::Reading;
    SerologyRule rule;
    rule.analytes = analytes(element, "analytes", true);
    const auto reading =
        element.choice<Reading>("reading", {{"each-or-limit", Reading::each_or_limit},
                                            {"each-and-limit", Reading::each_and_limit},
                                            {"limit-binds", Reading::limit_binds}});
    std::vector<ListItem> binds;
    element.children({{"limit",
                       [&](Element& e) {
                           rule.limit = read_limit(e);
                           binds = e.words("binds");
                       },
                       false, true}});
    if (rule.limit.has_value() != !element.text("reading").empty()) {
        file_.error(Code::attribute_missing, element.at(),
                    "A <limit> and the reading of the sentence that it stands in belong together.");
    }
    for (const ListItem& item : binds) {
        if (std::find(rule.analytes.begin(), rule.analytes.end(), item.text) ==
            rule.analytes.end()) {
            const std::vector<std::string_view> known(rule.analytes.begin(), rule.analytes.end());
            file_.error(Code::reference_unknown, item.at,
                        fmt::format("\"{}\" is none of the analytes of this condition.{}",
                                    item.text, did_you_mean(item.text, known)));
        }
        rule.binds.push_back(item.text);
    }
    rule.reading = reading.value_or(Reading::each_or_limit);
    if (rule.reading == Reading::limit_binds && rule.limit && rule.binds.empty()) {
        file_.error(Code::attribute_missing, element.at(),
                    "reading=\"limit-binds\" needs a <limit binds=\"…\">.");
    }
    return rule;
}

study::PregnancyRule CriteriaReader::read_pregnancy(Element& element) {
    study::PregnancyRule rule;
    rule.word_analyte = analyte(element, "words");
    rule.number_analyte = analyte(element, "number");
    check_unit(element, rule.number_analyte);
    rule.negative_below = limit(element, "negative-below");
    rule.positive_from = limit(element, "positive-from");
    if (rule.positive_from < rule.negative_below) {
        file_.error(Code::attribute_bad, element.value_at("positive-from"),
                    "positive-from is not below negative-below.");
    }
    return rule;
}

}  // namespace labrelay::mapping
