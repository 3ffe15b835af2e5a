#include "labrelay/views/result_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "labrelay/core/sentences.hpp"
#include "labrelay/study/placement.hpp"
#include "labrelay/views/message_page.hpp"
#include "said_json.hpp"
#include "study_words.hpp"

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;

ordered_json number_json(const std::optional<Decimal>& number) {
    return number ? ordered_json(number->to_string()) : ordered_json();
}

ordered_json day_number(const std::optional<int>& day) {
    return day ? ordered_json(*day) : ordered_json();
}

ordered_json versions_json(const delivery::DeliveredResult& result) {
    ordered_json versions = ordered_json::array();
    for (std::size_t index = 0; index < result.record.versions.size(); ++index) {
        const study::StoredVersion& version = result.record.versions[index];
        versions.push_back(
            {{"version", index + 1},
             {"value_text", version.value.value_text},
             {"unit", version.value.unit},
             {"value_reported", version.value.value_reported},
             {"unit_reported", version.value.unit_reported},
             {"status", study::to_string(version.status)},
             {"reported_at", version.reported_at},
             {"received_at",
              index < result.received_at.size() ? result.received_at[index] : std::string()},
             {"config_hash",
              index < result.config_hash.size() ? result.config_hash[index] : std::string()},
             {"message_id", to_base32(version.id.message)},
             {"ordinal", version.id.ordinal},
             {"current", index == result.record.current}});
    }
    return versions;
}

std::string visit_kind(const study::Placement& placement) {
    return std::string(study::to_string(placement.kind));
}

/// What a chart can plot: a number where there is one, the limit where the value lies beyond it.
std::optional<Decimal> plotted(const study::ResultValue& value) {
    switch (value.state) {
        case units::ResultState::quantified:
            return value.value_num;
        case units::ResultState::below_lloq:
        case units::ResultState::not_detected:
            return value.lloq;
        case units::ResultState::above_uloq:
            return value.uloq;
        case units::ResultState::qualitative:
        case units::ResultState::no_result:
        case units::ResultState::not_done:
        case units::ResultState::withdrawn:
            return std::nullopt;
    }
    return std::nullopt;
}

/// Limits of the study's criteria for the analyte.
ordered_json thresholds_of(const study::StudyDefinition& study, std::string_view analyte) {
    ordered_json thresholds = ordered_json::array();
    for (const study::Criterion& criterion : study.criteria) {
        for (const study::Condition& condition : criterion.conditions) {
            if (const auto* rule = std::get_if<study::SuppressionRule>(&condition.rule);
                rule != nullptr && rule->analyte == analyte) {
                thresholds.push_back({{"value", rule->below.to_string()}, {"text", condition.id}});
            } else if (const auto* bands = std::get_if<study::TherapyLimitRule>(&condition.rule);
                       bands != nullptr && bands->analyte == analyte) {
                for (const auto& band : bands->bands) {
                    thresholds.push_back(
                        {{"value", band.below.to_string()}, {"text", condition.id}});
                }
            } else if (const auto* limit = std::get_if<study::LimitRule>(&condition.rule);
                       limit != nullptr && limit->analyte == analyte) {
                thresholds.push_back({{"value", limit->limit.to_string()}, {"text", condition.id}});
            }
        }
    }
    return thresholds;
}

bool spans_decades(std::string_view unit) {
    return unit.find("copies") != std::string_view::npos || unit.find("IU") == 1;
}

ordered_json point_json(const store::PageResult& result, const study::Subject& subject,
                        const study::SubjectCalendar& calendar) {
    const study::ResultRecord& record = result.result.record;
    const study::StoredVersion& version = record.current_version();
    const study::Draw draw = calendar.draw_of(version);
    // Before the first infusion there is no study day; a chart then counts from screening.
    std::optional<int> day = record.placement.study_day;
    return {{"day", day_number(day)},
            {"at", moment_text(draw.collected)},
            {"value", number_json(version.value.value_num)},
            {"plotted", number_json(plotted(version.value))},
            {"value_text", version.value.value_text},
            {"comparator", units::to_string(version.value.comparator)},
            {"visit", record.placement.visit},
            {"kind", visit_kind(record.placement)},
            {"role", study::to_string(record.placement.role)},
            {"state", units::to_string(version.value.state)},
            {"derived", !record.key.derived.empty()},
            {"result_id", result_name(subject.id, record.number)}};
}

}  // namespace

std::string result_name(SubjectId subject, std::int64_t number) {
    return fmt::format("{}-{}", subject.value, number);
}

std::optional<ResultName> result_name_from(std::string_view text) {
    ResultName name;
    const char* const end = text.data() + text.size();
    const auto [dash, bad] = std::from_chars(text.data(), end, name.subject.value);
    if (bad != std::errc() || dash == end || *dash != '-') {
        return std::nullopt;
    }
    const auto [rest, error] = std::from_chars(dash + 1, end, name.number);
    if (error != std::errc() || rest != end) {
        return std::nullopt;
    }
    return name;
}

ordered_json result_json(const store::PageResult& shown, const Sight& sight) {
    const delivery::DeliveredResult& result = shown.result;
    const study::ResultRecord& record = result.record;
    const study::StoredVersion& version = record.current_version();
    const study::ResultValue& value = version.value;
    const study::Analyte* analyte = sight.configuration().rules().analyte(version.analyte);
    ordered_json json{
        {"result_id", result_name(record.key.subject, record.number)},
        {"delivered_as", result.result_id},
        {"observation", to_base32(version.id.message) + "." + std::to_string(version.id.ordinal)},
        {"visit", record.placement.visit},
        {"visit_kind", visit_kind(record.placement)},
        {"role", study::to_string(record.placement.role)},
        {"study_day", day_number(record.placement.study_day)},
        {"analyte", version.analyte},
        {"analyte_name", analyte == nullptr ? version.analyte : analyte->name},
        {"value_reported", value.value_reported},
        {"unit_reported", value.unit_reported},
        {"comparator", units::to_string(value.comparator)},
        {"value_text", value.value_text},
        {"value_num", number_json(value.value_num)},
        {"unit", value.unit},
        {"ref_low", number_json(value.ref_low)},
        {"ref_high", number_json(value.ref_high)},
        {"range_flag", value.range_flag},
        {"grade", value.grade},
        {"lloq", number_json(value.lloq)},
        {"uloq", number_json(value.uloq)},
        {"result_state", units::to_string(value.state)},
        {"status", study::to_string(version.status)},
        {"version", record.current + 1}};
    json["versions"] = versions_json(result);
    json["derived_from"] = ordered_json::array();
    for (const ObservationId& input : version.inputs) {
        json["derived_from"].push_back(to_base32(input.message) + "." +
                                       std::to_string(input.ordinal));
    }
    const bool instant = version.collected_local && version.collected_local->instant;
    json["collected_at"] = version.collected ? version.collected->text : std::string();
    json["collected_utc"] =
        instant ? ordered_json(to_iso(*version.collected_local->instant)) : ordered_json();
    json["laboratory"] = version.laboratory;
    json["method"] = version.method;
    json["reported_at"] = version.reported_at;
    json["received_at"] = record.current < result.received_at.size()
                              ? result.received_at[record.current]
                              : std::string();
    json["source"] = record.key.source;
    json["specimen"] = result.specimen;
    json["delivery"] = shown.delivery;
    json["lineage_id"] = to_string(version.id);
    return json;
}

ordered_json series_json(const study::Subject& subject, const store::SubjectPage& page,
                         std::span<const std::string> analytes, const Sight& sight) {
    const study::StudyDefinition& study = *sight.configuration().rules().study(subject.study);
    const study::SubjectCalendar calendar(subject, study);
    ordered_json json{{"visits", ordered_json::array()},
                      {"doses", ordered_json::array()},
                      {"series", ordered_json::array()}};
    for (const study::Visit& visit : study.visits) {
        const auto window = calendar.window(visit);
        json["visits"].push_back(
            {{"id", visit.id},
             {"open", window ? ordered_json(to_string(window->from)) : ordered_json()},
             {"close", window ? ordered_json(to_string(window->until)) : ordered_json()},
             {"target", visit.target}});
    }
    const std::pair<std::string_view, const std::optional<Timestamp>*> doses[] = {
        {"first", &subject.first_infusion},
        {"second", &subject.second_infusion},
        {"third", &subject.third_infusion}};
    for (const auto& [name, at] : doses) {
        if (const auto known = calendar.known(*at)) {
            json["doses"].push_back({{"name", name}, {"at", moment_text(*known)}});
        }
    }
    for (const std::string& key : analytes) {
        const study::Analyte* analyte = sight.configuration().rules().analyte(key);
        if (analyte == nullptr || sight.is_closed(subject.study, key)) {
            continue;
        }
        std::vector<ordered_json> points;
        std::string unit;
        std::optional<Decimal> lloq;
        for (const store::PageResult& result : page.results) {
            const study::StoredVersion& version = result.result.record.current_version();
            if (version.analyte != key || version.value.state == units::ResultState::withdrawn) {
                continue;
            }
            unit = version.value.unit.empty() ? unit : version.value.unit;
            lloq = version.value.lloq ? version.value.lloq : lloq;
            points.push_back(point_json(result, subject, calendar));
        }
        std::ranges::stable_sort(points, std::less<>{}, [](const ordered_json& point) {
            return point["at"].get<std::string>();
        });
        json["series"].push_back({{"analyte", key},
                                  {"name", analyte->name},
                                  {"unit", unit},
                                  {"log", spans_decades(unit)},
                                  {"lloq", number_json(lloq)},
                                  {"thresholds", thresholds_of(study, key)},
                                  {"points", std::move(points)}});
    }
    return json;
}

namespace {

struct Strip {
    ordered_json steps = ordered_json::array();

    ordered_json& add(std::string_view kind, const Said& title, const Said& text) {
        steps.push_back({{"kind", kind},
                         {"title", title.text()},
                         {"title_sentences", said_json(title)},
                         {"text", text.text()},
                         {"sentences", said_json(text)},
                         {"rule", ""},
                         {"version", nullptr},
                         {"at", nullptr},
                         {"config_hash", ""},
                         {"message_id", nullptr},
                         {"read", ordered_json::array()},
                         {"place", ""},
                         {"offset", nullptr},
                         {"length", nullptr}});
        return steps.back();
    }
};

/// What a step read; the first of it is where a page begins.
void add_read(ordered_json& step, ordered_json read) {
    if (!read.empty()) {
        for (const char* const part : {"place", "offset", "length"}) {
            step[part] = read.front()[part];
        }
    }
    step["read"] = std::move(read);
}

/// What was said of the observation when it became what it is: the newest time that says anything.
const store::LineageRecord::Observation* said_of(const store::MessageDetail& detail,
                                                 std::int32_t ordinal, std::string& config_hash) {
    const auto in = [&](const store::LineageRecord& record) {
        const auto found = std::ranges::find(record.observations, ordinal,
                                             &store::LineageRecord::Observation::ordinal);
        return found == record.observations.end() || found->steps.empty() ? nullptr : &*found;
    };
    for (auto again = detail.again.rbegin(); again != detail.again.rend(); ++again) {
        if (const auto* found = in(again->lineage)) {
            config_hash = again->config_hash;
            return found;
        }
    }
    config_hash = detail.config_hash;
    return in(detail.lineage);
}

bool is_decision(std::string_view rule) {
    return rule.starts_with("visit") || rule.starts_with("version") || rule.starts_with("place") ||
           rule.starts_with("decide") || rule.starts_with("check");
}

}  // namespace

namespace {

/// The segment of the observation and every rule that had a say in it.
void add_observation(Strip& strip, const store::MessageDetail& detail,
                     const store::ObservationLine& line, const ShownMessage& shown,
                     const Sight& sight) {
    const std::string message = to_base32(detail.arrival.message_id);
    ordered_json& segment = strip.add(
        "segment", plain(line.place.text),
        line.code_system.empty() ? say(Sentence::segment_code_alone, line.code)
                                 : say(Sentence::segment_code, line.code, line.code_system));
    segment["message_id"] = message;
    add_read(segment, ordered_json::array({shown.place_json(line.place)}));
    std::string config_hash;
    const auto* const said = said_of(detail, line.ordinal, config_hash);
    if (said == nullptr) {
        return;
    }
    for (const study::LineageStep& step : said->steps) {
        ordered_json shown_step = step_json(step, shown, sight);
        ordered_json& rule =
            strip.add(is_decision(step.rule) ? "decision" : "rule", plain(step.rule), {});
        rule["text"] = shown_step["text"];
        rule["sentences"] = std::move(shown_step["sentences"]);
        rule["rule"] = step.rule;
        rule["config_hash"] = config_hash;
        rule["message_id"] = message;
        add_read(rule, std::move(shown_step["read"]));
    }
}

void add_versions(Strip& strip, const store::PageResult& shown) {
    const study::ResultRecord& record = shown.result.record;
    for (std::size_t index = 0; index < record.versions.size(); ++index) {
        const study::StoredVersion& one = record.versions[index];
        ordered_json& step = strip.add(
            "version", say(Sentence::version_title, index + 1),
            say(index == record.current ? Sentence::version_said_current : Sentence::version_said,
                fmt::format("{}{}{}", one.value.value_text, one.value.unit.empty() ? "" : " ",
                            one.value.unit),
                study::to_string(one.status)));
        step["version"] = index + 1;
        step["message_id"] = to_base32(one.id.message);
        if (index < shown.result.received_at.size()) {
            step["at"] = shown.result.received_at[index];
        }
        if (index < shown.result.config_hash.size()) {
            step["config_hash"] = shown.result.config_hash[index];
        }
    }
}

}  // namespace

ordered_json lineage_json(const store::PageResult& shown, const store::MessageDetail& detail,
                          const ShownMessage& bytes_shown,
                          const std::vector<store::ResultDelivery>& deliveries,
                          const Sight& sight) {
    const study::ResultRecord& record = shown.result.record;
    const study::StoredVersion& version = record.current_version();
    const std::string message = to_base32(detail.arrival.message_id);
    Strip strip;
    ordered_json& bytes =
        strip.add("bytes", say(Sentence::bytes_title),
                  bytes_shown.keeps_back()
                      ? say(Sentence::bytes_kept_back, detail.source)
                      : say(Sentence::bytes_received, detail.size, detail.source, detail.sha256));
    bytes["at"] = to_iso(detail.arrival.received_at);
    bytes["message_id"] = message;
    const auto line = std::ranges::find(detail.observations, version.id.ordinal,
                                        &store::ObservationLine::ordinal);
    if (line != detail.observations.end() &&
        !(sight.blinded() && sight.is_closed(line->version.analyte))) {
        add_observation(strip, detail, *line, bytes_shown, sight);
    }
    if (!version.inputs.empty()) {
        strip.add("rule", say(Sentence::derived_title),
                  say(Sentence::derived_from, version.analyte, version.inputs.size()));
    }
    add_versions(strip, shown);
    const study::Placement& placement = record.placement;
    const std::string kind = visit_kind(placement);
    const std::string_view role = study::to_string(placement.role);
    ordered_json& place = strip.add(
        "placement",
        placement.visit.empty() ? say(Sentence::visit_kind, kind) : plain(placement.visit),
        placement.study_day ? say(Sentence::placed_on_day, kind, role, *placement.study_day)
                            : say(Sentence::placed_as, kind, role));
    place["version"] = record.placement_version;
    for (const store::ResultDelivery& delivery : deliveries) {
        Said text = say(Sentence::delivery_state, delivery.state);
        if (!delivery.why.empty() && !sight.names_closed(delivery.why)) {
            text += plain(": " + delivery.why);
        }
        ordered_json& step = strip.add("delivery", plain(delivery.target), text);
        step["version"] = record.current + 1;
        if (delivery.closed) {
            step["at"] = to_iso(*delivery.closed);
        }
    }
    return {{"result_id", result_name(record.key.subject, record.number)},
            {"steps", std::move(strip.steps)},
            {"message_id", message}};
}

}  // namespace labrelay::views
