#include "registry_json.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::store {
namespace {

using Json = nlohmann::ordered_json;
using study::Subject;

struct TimeField {
    const char* name;
    std::optional<Timestamp> Subject::*field;
};

constexpr std::array kTimeFields{
    TimeField{"birth_date", &Subject::birth_date},
    TimeField{"consent_date", &Subject::consent_date},
    TimeField{"screening_from", &Subject::screening_from},
    TimeField{"first_infusion", &Subject::first_infusion},
    TimeField{"second_infusion", &Subject::second_infusion},
    TimeField{"third_infusion", &Subject::third_infusion},
    TimeField{"randomised_at", &Subject::randomised_at},
    TimeField{"withdrawn_at", &Subject::withdrawn_at},
    TimeField{"screen_failed_at", &Subject::screen_failed_at},
    TimeField{"art_start", &Subject::art_start},
    TimeField{"regimen_changed", &Subject::regimen_changed},
};

struct TextField {
    const char* name;
    std::string Subject::*field;
};

constexpr std::array kTextFields{
    TextField{"study", &Subject::study},
    TextField{"site", &Subject::site},
    TextField{"screening_no", &Subject::screening_no},
    TextField{"subject_no", &Subject::subject_no},
};

// What is not UTF-8 cannot be JSON; the registry refuses it.
std::string text_of(const Json& json) {
    try {
        return json.dump();
    } catch (const Json::exception&) {
        throw pipeline::StoreFault("a text of the registry is not UTF-8", true);
    }
}

Json identifiers_json(const std::vector<study::Identifier>& identifiers) {
    Json list = Json::array();
    for (const study::Identifier& identifier : identifiers)
        list.push_back({{"authority", identifier.authority}, {"value", identifier.value}});
    return list;
}

void read_people_fields(const Json& json, Subject& subject) {
    for (const Json& identifier : json.value("identifiers", Json::array()))
        subject.identifiers.push_back({identifier.at("authority").get<std::string>(),
                                       identifier.at("value").get<std::string>()});
    if (const std::string sex = json.value("sex", std::string()); !sex.empty())
        subject.sex = sex == "F" ? study::Sex::female : study::Sex::male;
    if (json.contains("child_bearing"))
        subject.child_bearing = json.at("child_bearing").get<bool>();
}

}  // namespace

std::optional<Timestamp> registry_time(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const bool iso = text.size() >= 10 && text[4] == '-' && text[7] == '-';
    auto time = iso ? parse_iso_time(text) : parse_hl7_time(text);
    // A year or month alone is written alike in both.
    if (!time) time = iso ? parse_hl7_time(text) : parse_iso_time(text);
    if (!time) throw pipeline::StoreFault("a time of the registry cannot be read", true);
    return *time;
}

std::string to_json(const Subject& subject) {
    Json json = Json::object();
    for (const TextField& text : kTextFields)
        if (!(subject.*text.field).empty()) json[text.name] = subject.*text.field;
    if (!subject.identifiers.empty()) json["identifiers"] = identifiers_json(subject.identifiers);
    if (subject.sex) json["sex"] = *subject.sex == study::Sex::female ? "F" : "M";
    if (subject.child_bearing) json["child_bearing"] = *subject.child_bearing;
    for (const TimeField& time : kTimeFields)
        if (const auto& value = subject.*time.field) json[time.name] = value->text;
    return text_of(json);
}

Subject subject_from_json(std::string_view text) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) throw pipeline::StoreFault("a subject cannot be read", false);
    Subject subject;
    for (const TextField& field : kTextFields)
        subject.*field.field = json.value(field.name, std::string());
    for (const TimeField& field : kTimeFields)
        subject.*field.field = registry_time(json.value(field.name, std::string()));
    read_people_fields(json, subject);
    return subject;
}

std::string json_difference(std::string_view before, std::string_view after) {
    const Json from = before.empty() ? Json::object() : Json::parse(before);
    const Json into = Json::parse(after);
    Json difference = Json::object();
    for (const auto& [name, value] : into.items())
        if (!from.contains(name) || from.at(name) != value) difference[name] = value;
    for (const auto& [name, value] : from.items())
        if (!into.contains(name)) difference[name] = nullptr;
    return difference.empty() ? std::string() : text_of(difference);
}

std::string to_json(const study::RegisteredSpecimen& specimen) {
    Json json = Json::object();
    if (specimen.patient)
        json["patient"] = {{"authority", specimen.patient->authority},
                           {"value", specimen.patient->value}};
    if (!specimen.subject_no.empty()) json["subject_no"] = specimen.subject_no;
    if (specimen.collected_at) json["collected_at"] = specimen.collected_at->text;
    if (!specimen.visit.empty()) json["visit"] = specimen.visit;
    return text_of(json);
}

}  // namespace labrelay::store
