#include "labrelay/views/configuration.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "labrelay/mapping/vocabulary.hpp"

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;

ordered_json fate_json(const ObservationFate& fate) {
    return {{"disposition", fate.disposition},
            {"rule", fate.rule == Code::none ? "" : std::string(key(fate.rule))},
            {"text", fate.text}};
}

/// `sources/facs.xml:12:5`; a place without line and column is the whole file.
struct FilePlace {
    std::string file;
    std::int64_t line = 0;
    std::int64_t column = 0;
};
FilePlace split(const std::string& place) {
    FilePlace found{place, 0, 0};
    for (std::int64_t* const number : {&found.column, &found.line}) {
        const std::size_t colon = found.file.rfind(':');
        if (colon == std::string::npos) {
            return {place, 0, 0};
        }
        const char* const end = found.file.data() + found.file.size();
        const auto read = std::from_chars(found.file.data() + colon + 1, end, *number);
        if (read.ec != std::errc{} || read.ptr != end) {
            return {place, 0, 0};
        }
        found.file.resize(colon);
    }
    return found;
}

/// An observation of explain_json() under the names of GET /messages/{id}.
ordered_json observation_json(const ordered_json& told) {
    ordered_json json;
    json["ordinal"] = told.at("observation");
    json["place"] = told.at("place");
    json["disposition"] = told.at("disposition");
    json["rule"] = told.at("rule");
    const std::optional<Code> rule = code_from_key(told.at("rule").get<std::string>());
    json["sentence"] = rule ? std::string(entry(*rule).text) : std::string();
    json["code"] = told.at("code");
    json["code_system"] = told.at("system");
    json["code_text"] = "";
    json["analyte"] = told.at("analyte");
    json["value_reported"] = told.at("value_reported");
    json["unit_reported"] = told.at("unit_reported");
    const ordered_json& results = told.at("results");
    const ordered_json result = results.empty() ? ordered_json::object() : results.front();
    json["subject"] = result.contains("subject") ? result["subject"] : ordered_json();
    for (const char* name : {"visit", "value_text", "value_num", "unit", "range_flag"}) {
        json[name] = result.contains(name) ? result[name] : ordered_json();
    }
    json["result_id"] = nullptr;
    json["decisions"] = told.at("decisions");
    json["lineage"] = told.at("lineage");
    json["findings"] = told.at("findings");
    return json;
}

}  // namespace

std::string difference_text(const std::vector<mapping::ConfigurationChange>& changes) {
    std::string text;
    for (const mapping::ConfigurationChange& change : changes) {
        text += fmt::format("{:<8} {}\n         at {}\n", mapping::to_string(change.kind),
                            change.sentence, change.where.text);
    }
    return text;
}

ordered_json configuration_json(const store::ConfigurationRow& row) {
    ordered_json json;
    json["id"] = row.id;
    json["hash"] = row.hash;
    json["parent"] = row.parent ? ordered_json(*row.parent) : ordered_json();
    json["author"] = row.author;
    json["at"] = to_iso(row.at);
    json["reason"] = row.reason;
    json["origin"] = std::string(store::to_string(row.origin));
    json["state"] = std::string(store::to_string(row.state));
    json["etag"] = fmt::format("{}", row.id);
    return json;
}

ordered_json activation_json(const store::ConfigurationRow& row,
                             const store::ConfigurationActivation& activation) {
    return {
        {"id", row.id},
        {"hash", row.hash},
        {"activated_at", to_iso(activation.at)},
        {"activated_by", activation.actor},
        {"author", row.author},
        {"reason", activation.reason},
        {"signature", activation.signature ? ordered_json(*activation.signature) : ordered_json()}};
}

ordered_json changes_json(const std::vector<mapping::ConfigurationChange>& changes) {
    ordered_json json = ordered_json::array();
    for (const mapping::ConfigurationChange& change : changes) {
        json.push_back({{"kind", std::string(mapping::to_string(change.kind))},
                        {"what", change.what},
                        {"where", change.where.text},
                        {"before", change.before},
                        {"after", change.after},
                        {"sentence", change.sentence}});
    }
    return json;
}

ordered_json file_finding_json(const Finding& finding) {
    const FilePlace place = split(finding.place.text);
    return {{"place", place.file},
            {"line", place.line},
            {"column", place.column},
            {"code", std::string(key(finding.code))},
            {"sentence", fmt::format("{}{}{}", entry(finding.code).text,
                                     finding.detail.empty() ? "" : " ", finding.detail)},
            {"advice", std::string(entry(finding.code).advice)}};
}

ordered_json effect_json(const ConfigurationEffect& effect) {
    ordered_json json;
    json["total"] = effect.total;
    json["sampled"] = effect.sampled;
    json["would_store"] = effect.would_store;
    json["still_held"] = effect.still_held;
    json["ignored"] = effect.ignored;
    json["placed_again"] = {
        {"subjects", effect.subjects}, {"tried", effect.subjects_tried}, {"moved", effect.moved}};
    json["changes_delivered"] = effect.delivered_changes.size();
    json["examples"] = ordered_json::array();
    for (const ConfigurationEffect::Example& example : effect.examples) {
        json["examples"].push_back(
            {{"observation", fmt::format("{}.{}", to_base32(example.observation.message),
                                         example.observation.ordinal)},
             {"control_id", example.control_id},
             {"before", fate_json(example.before)},
             {"after", fate_json(example.after)}});
    }
    json["still"] = ordered_json::array();
    for (const auto& [rule, count] : effect.still) {
        json["still"].push_back({{"rule", std::string(key(rule))},
                                 {"sentence", std::string(entry(rule).text)},
                                 {"count", count}});
    }
    json["delivered_changes"] = ordered_json::array();
    for (const ConfigurationEffect::Delivered& change : effect.delivered_changes) {
        json["delivered_changes"].push_back({{"result_id", change.result_id},
                                             {"subject", change.subject},
                                             {"visit", change.visit},
                                             {"analyte", change.analyte},
                                             {"from", change.from},
                                             {"to", change.to}});
    }
    return json;
}

ordered_json vocabulary_json(const mapping::Configuration& configuration) {
    ordered_json json;
    std::set<std::string> units;
    json["analytes"] = ordered_json::array();
    for (const study::Analyte& analyte : configuration.rules().analytes) {
        json["analytes"].push_back({{"key", analyte.key},
                                    {"name", analyte.name},
                                    {"unit", analyte.units.canonical()},
                                    {"loinc", analyte.loinc}});
        for (const units::UnitRule& rule : analyte.units.rules()) {
            units.insert(rule.spelling);
        }
    }
    json["units"] = units;
    json["elements"] = ordered_json::object();
    for (const mapping::VocabularyElement& element : mapping::mapping_vocabulary()) {
        ordered_json attributes = ordered_json::array();
        for (const mapping::VocabularyElement::Attribute& attribute : element.attributes) {
            ordered_json told = {{"name", attribute.name}};
            if (!attribute.values.empty()) {
                told["values"] = attribute.values;
            }
            attributes.push_back(std::move(told));
        }
        json["elements"][element.name] = {
            {"attributes", std::move(attributes)}, {"children", element.children}, {"text", ""}};
    }
    return json;
}

ordered_json explained_json(const std::vector<ExplainedMessage>& messages) {
    ordered_json json;
    std::string text;
    std::string answer;
    study::Counts counts;
    ordered_json findings = ordered_json::array();
    ordered_json observations = ordered_json::array();
    ordered_json before;
    for (const ExplainedMessage& message : messages) {
        text += message.text;
        answer += message.answer;
        counts.received += message.counts.received;
        counts.stored += message.counts.stored;
        counts.held += message.counts.held;
        counts.ignored += message.counts.ignored;
        const ordered_json told = ordered_json::parse(message.json, nullptr, false);
        if (!told.is_object()) {
            continue;
        }
        for (const ordered_json& observation : told.value("observations", ordered_json::array())) {
            observations.push_back(observation_json(observation));
        }
        for (const ordered_json& finding : told.value("findings", ordered_json::array())) {
            findings.push_back(finding);
        }
        if (before.is_null()) {
            before = told.value("came_before_as", ordered_json());
        }
    }
    json["text"] = text;
    json["message"] = {{"came_before_as", std::move(before)},
                       {"observations", std::move(observations)},
                       {"findings", std::move(findings)}};
    json["answer"] = answer;
    json["balance"] = {{"received", counts.received},
                       {"stored", counts.stored},
                       {"held", counts.held},
                       {"ignored", counts.ignored}};
    return json;
}

}  // namespace labrelay::views
