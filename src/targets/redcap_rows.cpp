#include "labrelay/targets/redcap_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "labrelay/core/time.hpp"

namespace labrelay::targets {
namespace {

using nlohmann::json;

constexpr const char* kComputed = "computed";

std::string column_text(const LabRow& row, std::string_view name) {
    for (const LabColumn& column : lab_columns()) {
        if (column.name != name) {
            continue;
        }
        if (const auto* text = std::get_if<std::string LabRow::*>(&column.member)) {
            return row.**text;
        }
        const auto& number = row.*std::get<std::optional<std::int64_t> LabRow::*>(column.member);
        return number ? std::to_string(*number) : std::string();
    }
    return {};
}

/// `2026-03-01 08:15`, as much of it as the field takes; empty where the time is less precise than
/// that, because nothing is invented.
std::string time_text(const std::string& as_sent, std::string_view validation) {
    auto time = parse_hl7_time(as_sent);
    if (!time) {
        time = parse_iso_time(as_sent);
    }
    if (!time || time->precision < Precision::day) {
        return {};
    }
    const std::string day = to_string(time->day);
    if (validation.starts_with("date_")) {
        return day;
    }
    const bool seconds = validation.starts_with("datetime_seconds_");
    if (time->precision < (seconds ? Precision::second : Precision::minute)) {
        return {};
    }
    const auto total = std::chrono::duration_cast<std::chrono::seconds>(time->time_of_day).count();
    std::string text = fmt::format("{} {:02}:{:02}", day, total / 3600, total / 60 % 60);
    if (seconds) {
        text += fmt::format(":{:02}", total % 60);
    }
    return text;
}

std::string validation_of(const RedcapProject& project, const std::string& field) {
    const auto found = project.fields.find(field);
    return found == project.fields.end() ? std::string() : found->second.validation;
}

std::string text_of(const json& value) {
    return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
}

// REDCap gives line breaks back in its own way.
std::string normalised(std::string text) {
    text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
    return text;
}

void add_place(json& row, const RedcapPlace& place, const study::RedcapMap& map) {
    if (map.longitudinal) {
        row["redcap_event_name"] = place.event;
    }
    if (!place.instrument.empty()) {
        row["redcap_repeat_instrument"] = place.instrument;
        row["redcap_repeat_instance"] = place.instance;
    }
}

}  // namespace

std::string to_text(const RedcapPlace& place, bool computed) {
    json parts = json::array({place.record, place.event, place.instrument, place.instance});
    if (computed) {
        parts.push_back(kComputed);
    }
    return parts.dump();
}

bool is_computed(const std::string& text) {
    const json parsed = json::parse(text, nullptr, false);
    return parsed.is_array() && parsed.size() == 5 && parsed[4] == kComputed;
}

std::string to_text(const RedcapFields& fields) {
    json object = json::object();
    for (const auto& [name, value] : fields) {
        if (!value.empty()) {
            object[name] = value;
        }
    }
    return object.dump();
}

RedcapPlace place_from(const std::string& text) {
    const json parsed = json::parse(text, nullptr, false);
    if (!parsed.is_array() || parsed.size() < 4 || parsed.size() > 5) {
        return {};
    }
    return {text_of(parsed[0]), text_of(parsed[1]), text_of(parsed[2]), text_of(parsed[3])};
}

RedcapFields fields_from(const std::string& text) {
    RedcapFields fields;
    const json parsed = json::parse(text, nullptr, false);
    if (parsed.is_object()) {
        for (const auto& [name, value] : parsed.items()) {
            fields[name] = text_of(value);
        }
    }
    return fields;
}

Result<RedcapFields> redcap_fields(const study::RedcapResult& map, const LabRow& row,
                                   const RedcapProject& project) {
    RedcapFields fields;
    for (const study::RedcapField& field : map.fields) {
        std::string value = column_text(row, field.from);
        const std::string validation = validation_of(project, field.name);
        if (field.from == "collected_at" && validation.starts_with("date")) {
            value = time_text(value, validation);
        }
        if (!value.empty() && !field.choices.empty()) {
            const auto choice =
                std::find_if(field.choices.begin(), field.choices.end(),
                             [&](const study::RedcapChoice& one) { return one.value == value; });
            if (choice == field.choices.end()) {
                return fail(Code::reference_unknown, Place{field.name},
                            fmt::format("The map has no code for this {}.", field.from));
            }
            value = choice->code;
        }
        fields[field.name] = normalised(std::move(value));
    }
    return fields;
}

std::string redcap_data(const std::vector<RedcapRow>& rows, const study::RedcapMap& map,
                        const std::string& record_field) {
    json data = json::array();
    for (const RedcapRow& row : rows) {
        if (map.format == study::RedcapMap::Format::flat) {
            json object = json::object();
            object[record_field] = row.place.record;
            add_place(object, row.place, map);
            for (const auto& [name, value] : row.fields) {
                object[name] = value;
            }
            data.push_back(std::move(object));
            continue;
        }
        for (const auto& [name, value] : row.fields) {
            json object = json::object();
            object["record"] = row.place.record;
            add_place(object, row.place, map);
            object["field_name"] = name;
            object["value"] = value;
            data.push_back(std::move(object));
        }
    }
    return data.dump();
}

Result<std::vector<RedcapRow>> read_redcap_rows(const std::string& body,
                                                const std::string& record_field) {
    const json parsed = json::parse(body, nullptr, false);
    if (!parsed.is_array()) {
        return fail(Code::target_answer_bad, Place{"record"},
                    "The export is cut short or no JSON.");
    }
    std::vector<RedcapRow> rows;
    for (const json& one : parsed) {
        if (!one.is_object()) {
            return fail(Code::target_answer_bad, Place{"record"}, "The export holds no rows.");
        }
        RedcapRow& row = rows.emplace_back();
        for (const auto& [name, value] : one.items()) {
            std::string text = normalised(text_of(value));
            if (name == record_field) {
                row.place.record = std::move(text);
            } else if (name == "redcap_event_name") {
                row.place.event = std::move(text);
            } else if (name == "redcap_repeat_instrument") {
                row.place.instrument = std::move(text);
            } else if (name == "redcap_repeat_instance") {
                row.place.instance = std::move(text);
            } else {
                row.fields[name] = std::move(text);
            }
        }
    }
    return rows;
}

}  // namespace labrelay::targets
