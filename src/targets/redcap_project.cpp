#include "labrelay/targets/redcap_project.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace labrelay::targets {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) {
        return {};
    }
    return found->is_string() ? found->get<std::string>() : found->dump();
}

/// `1, Male | 2, Female`: what stands before each comma.
std::set<std::string> choice_codes(std::string_view text) {
    std::set<std::string> codes;
    while (!text.empty()) {
        const std::size_t bar = std::min(text.find('|'), text.size());
        std::string_view one = text.substr(0, bar);
        one = one.substr(0, std::min(one.find(','), one.size()));
        const std::size_t begin = one.find_first_not_of(" \t\r\n");
        if (begin != one.npos) {
            codes.emplace(one.substr(begin, one.find_last_not_of(" \t\r\n") - begin + 1));
        }
        text.remove_prefix(std::min(bar + 1, text.size()));
    }
    return codes;
}

Result<json> array_of(const std::string& text, const char* name) {
    json parsed = json::parse(text, nullptr, false);
    if (!parsed.is_array()) {
        return fail(Code::target_answer_bad, Place{name}, "It is no JSON array.");
    }
    for (const json& one : parsed) {
        if (!one.is_object()) {
            return fail(Code::target_answer_bad, Place{name}, "It holds something else than rows.");
        }
    }
    return parsed;
}

Result<void> read_fields(const RedcapProjectAnswers& answers, RedcapProject& project) {
    const Result<json> rows = array_of(answers.metadata, "metadata");
    if (!rows) {
        return tl::unexpected(rows.error());
    }
    for (const json& row : *rows) {
        const std::string name = text_of(row, "field_name");
        if (project.record_field.empty()) {
            project.record_field = name;
        }
        RedcapProjectField& field = project.fields[name];
        field.form = text_of(row, "form_name");
        field.type = text_of(row, "field_type");
        field.validation = text_of(row, "text_validation_type_or_show_slider_number");
        if (field.type == "radio" || field.type == "dropdown" || field.type == "checkbox") {
            field.choices = choice_codes(text_of(row, "select_choices_or_calculations"));
        } else if (field.type == "yesno" || field.type == "truefalse") {
            field.choices = {"0", "1"};
        }
        project.forms.insert(field.form);
    }
    if (project.record_field.empty()) {
        return fail(Code::target_answer_bad, Place{"metadata"}, "It holds no field.");
    }
    return {};
}

Result<void> read_events(const RedcapProjectAnswers& answers, RedcapProject& project) {
    if (!project.longitudinal) {
        return {};
    }
    const Result<json> events = array_of(answers.events, "event");
    const Result<json> designations = array_of(answers.designations, "formEventMapping");
    if (!events || !designations) {
        return tl::unexpected(!events ? events.error() : designations.error());
    }
    for (const json& row : *events) {
        project.events.insert(text_of(row, "unique_event_name"));
    }
    for (const json& row : *designations) {
        project.designated.insert({text_of(row, "unique_event_name"), text_of(row, "form")});
    }
    return {};
}

Result<void> read_repeating(const RedcapProjectAnswers& answers, RedcapProject& project) {
    if (answers.repeating.empty()) {
        return {};
    }
    const Result<json> rows = array_of(answers.repeating, "repeatingFormsEvents");
    if (!rows) {
        return tl::unexpected(rows.error());
    }
    for (const json& row : *rows) {
        project.repeating.insert({text_of(row, "event_name"), text_of(row, "form_name")});
    }
    return {};
}

}  // namespace

Result<RedcapProject> read_redcap_project(const RedcapProjectAnswers& answers) {
    RedcapProject project;
    project.version = answers.version;
    const json about = json::parse(answers.project, nullptr, false);
    if (!about.is_object()) {
        return fail(Code::target_answer_bad, Place{"project"}, "It is no JSON object.");
    }
    project.longitudinal = text_of(about, "is_longitudinal") == "1";
    for (const auto& read : {read_fields, read_events, read_repeating}) {
        if (const Result<void> done = read(answers, project); !done) {
            return tl::unexpected(done.error());
        }
    }
    const Result<json> records = array_of(answers.records, "record");
    if (!records) {
        return tl::unexpected(records.error());
    }
    for (const json& row : *records) {
        const std::string record = text_of(row, project.record_field.c_str());
        project.doubled = project.doubled || record.ends_with("--1") || record.ends_with("--2");
    }
    return project;
}

}  // namespace labrelay::targets
