#include "load_redcap_map.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "suggestion.hpp"

namespace labrelay::mapping {
namespace {

using Format = study::RedcapMap::Format;

// The two visits that no study lists.
constexpr std::string_view kUnscheduled = "unscheduled";
constexpr std::string_view kHistory = "history";

/// REDCap's own form of names: lower case, digits and `_`, a letter first.
bool is_redcap_name(std::string_view name) {
    return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

std::string redcap_name(Element& element, std::string_view attribute) {
    std::string name = element.required(attribute);
    if (!name.empty() && !is_redcap_name(name)) {
        element.file().error(Code::attribute_bad, element.value_at(attribute),
                             fmt::format("\"{}\" is no name of REDCap's: a-z, 0-9 and _, a letter "
                                         "first.",
                                         name));
    }
    return name;
}

}  // namespace

void RedcapReader::read(Element& element) {
    study::RedcapMap& map = map_.emplace();
    at_ = element.at();
    map.format = element.choice<Format>("format", {{"flat", Format::flat}, {"eav", Format::eav}})
                     .value_or(Format::flat);
    map.longitudinal = element.yes_no("longitudinal", true);
    map.new_records =
        element.choice<bool>("new-records", {{"refuse", false}, {"create", true}}).value_or(false);
    for (const ListItem& item : element.words("leave-out")) {
        map.left_out.push_back(item.text);
        visits_.push_back(item);
    }
    element.children({{"event", [this](Element& e) { read_event(e); }},
                      {"result", [this](Element& e) { read_result(e); }, true}});
    if (map.longitudinal && map.events.empty()) {
        file_.error(Code::element_missing, at_,
                    "A longitudinal project needs an <event> for each visit.");
    }
    if (!map.longitudinal && !map.events.empty()) {
        file_.error(Code::element_unknown, at_,
                    "A project that is not longitudinal has no events; take <event> away or write "
                    "longitudinal=\"yes\".");
    }
}

void RedcapReader::read_event(Element& element) {
    study::RedcapEvent event;
    event.visit = element.required("visit");
    event.name = redcap_name(element, "name");
    const ListItem item{event.visit, element.value_at("visit")};
    const auto same = [&](const ListItem& other) { return other.text == event.visit; };
    if (!event.visit.empty() && std::any_of(visits_.begin(), visits_.end(), same)) {
        file_.error(Code::key_duplicate, item.at, fmt::format("\"{}\" stands twice.", event.visit));
    }
    visits_.push_back(item);
    map_->events.push_back(std::move(event));
}

void RedcapReader::read_result(Element& element) {
    study::RedcapResult result;
    result.instrument = redcap_name(element, "instrument");
    element.required("repeats");
    result.repeats = element.yes_no("repeats", true);
    const auto complete = element.choice<std::string>(
        "complete", {{"incomplete", "0"}, {"unverified", "1"}, {"complete", "2"}});
    result.complete = complete.value_or(std::string());
    element.required("analytes");
    for (const ListItem& item : element.words("analytes")) {
        const auto same = [&](const ListItem& other) { return other.text == item.text; };
        if (std::any_of(analytes_.begin(), analytes_.end(), same)) {
            file_.error(Code::key_duplicate, item.at,
                        fmt::format("{} has a place in the project already.", item.text));
        }
        analytes_.push_back(item);
        result.analytes.push_back(item.text);
    }
    element.children({{"field", [&](Element& e) { read_field(e, result); }, true}});
    check_result(element, result);
    map_->results.push_back(std::move(result));
}

void RedcapReader::read_field(Element& element, study::RedcapResult& result) {
    study::RedcapField field;
    field.name = redcap_name(element, "name");
    field.from = element.required("from");
    if (std::find(names_.begin(), names_.end(), field.name) != names_.end()) {
        file_.error(Code::key_duplicate, element.value_at("name"),
                    fmt::format("The field {} is filled twice.", field.name));
    }
    names_.push_back(field.name);
    const auto& columns = study::kRedcapColumns;
    if (!field.from.empty() &&
        std::find(columns.begin(), columns.end(), field.from) == columns.end()) {
        const std::vector<std::string_view> known(columns.begin(), columns.end());
        file_.error(Code::reference_unknown, element.value_at("from"),
                    fmt::format("\"{}\" is nothing that may leave for a study.{}", field.from,
                                did_you_mean(field.from, known)));
    }
    element.children({{"code", [&](Element& e) { read_code(e, field); }}});
    result.fields.push_back(std::move(field));
}

void RedcapReader::read_code(Element& element, study::RedcapField& field) {
    study::RedcapChoice choice;
    choice.value = element.required("of");
    choice.code = element.required("is");
    const auto same = [&](const study::RedcapChoice& other) { return other.value == choice.value; };
    if (std::any_of(field.choices.begin(), field.choices.end(), same)) {
        file_.error(Code::key_duplicate, element.value_at("of"),
                    fmt::format("\"{}\" stands twice.", choice.value));
    }
    field.choices.push_back(std::move(choice));
}

/// A number without its state says nothing: `<20` has none, and is not nothing.
void RedcapReader::check_result(const Element& element, const study::RedcapResult& result) {
    const auto needs = [&](std::string_view column, std::string_view why) {
        if (result.field_from(column) == nullptr) {
            file_.error(Code::element_missing, element.at(),
                        fmt::format("<result> needs a <field from=\"{}\">: {}", column, why));
        }
    };
    if (result.repeats) {
        needs("result_id", "it says which instance is whose.");
        needs("analyte", "the instances of several analytes stand side by side.");
    }
    if (result.field_from("value_num") != nullptr) {
        needs("result_state", "without it an empty number does not say why it is empty.");
        if (result.field_from("comparator") == nullptr &&
            result.field_from("value_text") == nullptr) {
            needs("comparator",
                  "what is below a limit has no number; <20 is told by comparator "
                  "or value_text.");
        }
    }
}

void RedcapReader::check_visit(const ListItem& item, const std::vector<std::string_view>& known) {
    if (!item.text.empty() && std::find(known.begin(), known.end(), item.text) == known.end()) {
        file_.error(Code::reference_unknown, item.at,
                    fmt::format("\"{}\" is no visit of this study, and neither unscheduled nor "
                                "history.{}",
                                item.text, did_you_mean(item.text, known)));
    }
}

/// Every visit has an event or is left out by name: nothing stays behind by being forgotten.
void RedcapReader::check_visits(const study::StudyDefinition& study) {
    std::vector<std::string_view> known{kUnscheduled, kHistory};
    for (const study::Visit& visit : study.visits) {
        known.push_back(visit.id);
    }
    for (const ListItem& item : visits_) {
        check_visit(item, known);
    }
    if (!map_->longitudinal) {
        return;
    }
    for (const std::string_view visit : known) {
        const auto same = [&](const ListItem& item) { return item.text == visit; };
        if (std::none_of(visits_.begin(), visits_.end(), same)) {
            file_.error(Code::element_missing, at_,
                        fmt::format("There is no <event visit=\"{0}\">, and leave-out does not "
                                    "name {0}.",
                                    visit));
        }
    }
}

void RedcapReader::check_analytes(const study::StudyDefinition& study) {
    std::vector<std::string_view> known;
    for (const study::Panel& panel : study.panels) {
        known.insert(known.end(), panel.analytes.begin(), panel.analytes.end());
    }
    for (const ListItem& item : analytes_) {
        if (std::find(known.begin(), known.end(), item.text) == known.end()) {
            file_.error(Code::reference_unknown, item.at,
                        fmt::format("{} stands in no panel of this study.{}", item.text,
                                    did_you_mean(item.text, known)));
        }
    }
}

std::optional<study::RedcapMap> RedcapReader::finish(const study::StudyDefinition& study) {
    if (map_) {
        check_visits(study);
        check_analytes(study);
    }
    return std::move(map_);
}

}  // namespace labrelay::mapping
