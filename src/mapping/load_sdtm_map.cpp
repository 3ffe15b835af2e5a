#include "load_sdtm_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "suggestion.hpp"

namespace labrelay::mapping {
namespace {

using study::SdtmDomain;
using study::SdtmMap;
using study::SdtmTerm;

// SDTM implementation guide 3.4, section 2.2 and 4.1: names of tests and lengths of texts.
constexpr std::size_t kLongestTestCode = 8;
constexpr std::size_t kLongestTestName = 40;
constexpr std::size_t kLongestText = 200;
constexpr std::int64_t kLastVisit = 9999;

bool is_test_code(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && letter(text.front()) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || digit(c); });
}

bool is_guide_version(std::string_view text) {
    const std::size_t point = text.find('.');
    const auto digits = [](std::string_view part) {
        return !part.empty() &&
               std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    return point != std::string_view::npos && digits(text.substr(0, point)) &&
           digits(text.substr(point + 1));
}

}  // namespace

void SdtmReader::read(Element& element) {
    map_.emplace();
    at_ = element.at();
    map_->guide = element.required("ig");
    if (!map_->guide.empty() && !is_guide_version(map_->guide)) {
        file_.error(Code::attribute_bad, element.value_at("ig"),
                    "ig is the version of the SDTM implementation guide, such as 3.4.");
    }
    map_->terminology = element.required("ct");
    element.day("ct");
    map_->study = ascii(element, "studyid", true, kLongestText);
    map_->epoch_before_dose = ascii(element, "epoch-before", true, kLongestText);
    map_->epoch_after_dose = ascii(element, "epoch-after", true, kLongestText);
    element.children({{"term", [this](Element& e) { read_term(e); }, true},
                      {"omit", [this](Element& e) { read_omitted(e); }},
                      {"visit", [this](Element& e) { read_visit(e); }},
                      {"word", [this](Element& e) { read_word(e); }}});
}

std::string SdtmReader::ascii(Element& element, std::string_view name, bool required,
                              std::size_t longest) {
    const std::string text = required ? element.required(name) : element.text(name);
    const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
    if (!std::all_of(text.begin(), text.end(), printable)) {
        file_.error(Code::attribute_bad, element.value_at(name),
                    fmt::format("{} is submitted and holds ASCII characters only.", name));
    } else if (text.size() > longest) {
        file_.error(
            Code::attribute_bad, element.value_at(name),
            fmt::format("{} has {} characters, SDTM allows {}.", name, text.size(), longest));
    }
    return text;
}

std::string SdtmReader::analyte(Element& element) {
    const std::string key = element.required("analyte");
    if (key.empty()) {
        return key;
    }
    const std::size_t at = element.value_at("analyte");
    if (catalogue_.find(key) == nullptr) {
        file_.error(Code::reference_unknown, at,
                    fmt::format("\"{}\" is no analyte of analytes.xml.{}", key,
                                catalogue_.suggestion(key)));
    } else {
        analytes_named_.push_back({key, at});
    }
    if (map_->term(key) != nullptr || map_->omits(key)) {
        file_.error(Code::key_duplicate, at, fmt::format("{} has a line already.", key));
    }
    return key;
}

void SdtmReader::read_term(Element& element) {
    SdtmTerm term;
    term.analyte = analyte(element);
    element.required("domain");
    term.domain = element
                      .choice<SdtmDomain>("domain", {{"LB", SdtmDomain::lb},
                                                     {"CP", SdtmDomain::cp},
                                                     {"MB", SdtmDomain::mb},
                                                     {"IS", SdtmDomain::is}})
                      .value_or(SdtmDomain::lb);
    term.testcd = ascii(element, "testcd", true, kLongestTestCode);
    if (!term.testcd.empty() && term.testcd.size() <= kLongestTestCode &&
        !is_test_code(term.testcd)) {
        file_.error(Code::attribute_bad, element.value_at("testcd"),
                    "testcd holds capital letters, digits and _, and begins with no digit.");
    }
    term.test = ascii(element, "test", true, kLongestTestName);
    term.category = ascii(element, "category", true, kLongestText);
    term.specimen = ascii(element, "specimen", false, kLongestText);
    term.method = ascii(element, "method", false, kLongestText);
    term.loinc = ascii(element, "loinc", false, kLongestText);
    term.unit = ascii(element, "unit", false, kLongestText);
    term.agent = ascii(element, "agent", false, kLongestText);
    if (term.domain == SdtmDomain::is && term.agent.empty()) {
        element.missing_attribute("agent");
    }
    if (term.domain != SdtmDomain::is && !term.agent.empty()) {
        file_.error(Code::attribute_bad, element.value_at("agent"),
                    "agent is what an antibody binds; only the domain IS has it.");
    }
    check_unit(element, term);
    check_twins(element, term);
    map_->terms.push_back(std::move(term));
}

/// The number is not converted, so that the unit must be the analyte's own in another spelling.
void SdtmReader::check_unit(Element& element, const SdtmTerm& term) {
    const study::Analyte* analyte = catalogue_.find(term.analyte);
    if (analyte == nullptr) {
        return;
    }
    if (!analyte->units.has_unit()) {
        if (!term.unit.empty()) {
            file_.error(Code::attribute_bad, element.value_at("unit"),
                        fmt::format("{} is reported in words and has no unit.", term.analyte));
        }
        return;
    }
    if (term.unit.empty()) {
        element.missing_attribute("unit");
        return;
    }
    const std::optional<units::UnitRule> rule = analyte->units.find_listed(term.unit);
    const Decimal one(1, 0);
    if (rule && (rule->kind != units::UnitRule::Kind::factor ||
                 !(rule->factor == one && rule->divisor == one))) {
        file_.error(Code::attribute_bad, element.value_at("unit"),
                    fmt::format("\"{}\" is another unit than {}, in which {} is kept; numbers are "
                                "not converted here.",
                                term.unit, analyte->units.canonical(), term.analyte));
    }
}

/// Two analytes may share a code where another variable tells their rows apart.
void SdtmReader::check_twins(Element& element, const SdtmTerm& term) {
    for (const SdtmTerm& other : map_->terms) {
        if (other.domain != term.domain || other.testcd != term.testcd || term.testcd.empty()) {
            continue;
        }
        if (other.test != term.test) {
            file_.error(Code::attribute_bad, element.value_at("test"),
                        fmt::format("{} is \"{}\" at {}; one code has one name.", term.testcd,
                                    other.test, other.analyte));
        }
        if (other.agent == term.agent && other.unit == term.unit &&
            other.specimen == term.specimen && other.method == term.method) {
            file_.error(Code::key_duplicate, element.value_at("testcd"),
                        fmt::format("{} is {}'s already; nothing would tell their rows apart.",
                                    term.testcd, other.analyte));
        }
    }
}

void SdtmReader::read_omitted(Element& element) {
    map_->omitted.push_back(analyte(element));
}

void SdtmReader::read_visit(Element& element) {
    study::SdtmVisit visit;
    visit.visit = element.required("id");
    element.required("number");
    visit.number = element.integer("number", 1, kLastVisit).value_or(0);
    visit.epoch = ascii(element, "epoch", false, kLongestText);
    for (const study::SdtmVisit& other : map_->visits) {
        if (other.visit == visit.visit || other.number == visit.number) {
            file_.error(Code::key_duplicate,
                        element.value_at(other.visit == visit.visit ? "id" : "number"),
                        fmt::format("{} is {} already.", other.visit, other.number));
        }
    }
    visits_named_.push_back({visit.visit, element.value_at("id")});
    map_->visits.push_back(std::move(visit));
}

void SdtmReader::read_word(Element& element) {
    study::SdtmWord word;
    word.word = element.required("text");
    word.submitted = ascii(element, "as", true, kLongestText);
    const auto same = [&](const study::SdtmWord& other) { return other.word == word.word; };
    if (std::any_of(map_->words.begin(), map_->words.end(), same)) {
        file_.error(Code::key_duplicate, element.value_at("text"),
                    fmt::format("\"{}\" stands twice.", word.word));
    }
    map_->words.push_back(std::move(word));
}

void SdtmReader::check_references(const study::StudyDefinition& study) {
    for (const ListItem& item : analytes_named_) {
        if (study.panel_of(item.text) == nullptr) {
            file_.error(Code::reference_unknown, item.at,
                        fmt::format("{} stands in no panel of this study.", item.text));
        }
    }
    std::vector<std::string_view> known;
    for (const study::Visit& visit : study.visits) {
        known.push_back(visit.id);
    }
    for (const ListItem& item : visits_named_) {
        if (!item.text.empty() && study.visit(item.text) == nullptr) {
            file_.error(Code::reference_unknown, item.at,
                        fmt::format("\"{}\" is no visit of this study.{}", item.text,
                                    did_you_mean(item.text, known)));
        }
    }
}

std::optional<SdtmMap> SdtmReader::finish(const study::StudyDefinition& study) {
    if (!map_) {
        return std::nullopt;
    }
    check_references(study);
    for (const study::Panel& panel : study.panels) {
        for (const std::string& analyte : panel.analytes) {
            if (map_->term(analyte) == nullptr && !map_->omits(analyte)) {
                file_.error(Code::element_missing, at_,
                            fmt::format("{} needs a <term>, or an <omit>.", analyte));
            }
        }
    }
    for (const study::Visit& visit : study.visits) {
        if (map_->visit(visit.id) == nullptr) {
            file_.error(Code::element_missing, at_,
                        fmt::format("The visit {} needs a <visit> with its number.", visit.id));
        }
    }
    return std::move(map_);
}

}  // namespace labrelay::mapping
