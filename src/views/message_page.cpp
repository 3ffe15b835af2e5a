#include "labrelay/views/message_page.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "labrelay/core/sentences.hpp"
#include "said_json.hpp"

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;

std::string_view word_of(study::Disposition disposition) {
    return study::to_string(disposition);
}

std::string rule_key(Code rule) {
    return rule == Code::none ? std::string() : std::string(key(rule));
}

std::string rule_sentence(Code rule) {
    return rule == Code::none ? std::string() : std::string(entry(rule).text);
}

/// What is closed to the person counts in no message.
void count_open(study::Counts& counts, std::span<const store::AnalyteCount> lines,
                const Sight& sight) {
    for (const store::AnalyteCount& line : lines) {
        if (sight.counts(line.analyte)) {
            continue;
        }
        const auto count = static_cast<std::int32_t>(line.count);
        counts.received -= count;
        switch (line.disposition) {
            case study::Disposition::stored:
                counts.stored -= count;
                break;
            case study::Disposition::held:
                counts.held -= count;
                break;
            case study::Disposition::ignored:
                counts.ignored -= count;
                break;
        }
    }
}

/// What holds the message is closed to the person: that it is held would tell of it.
bool held_unseen(study::MessageState state, const study::Counts& all, const study::Counts& open) {
    return state == study::MessageState::held && all.held > 0 && open.held == 0;
}

}  // namespace

void keep_open(store::LedgerMessage& message, std::span<const store::AnalyteCount> lines,
               const Sight& sight) {
    const study::Counts all = message.counts;
    count_open(message.counts, lines, sight);
    if (held_unseen(message.state, all, message.counts)) {
        message.state = study::MessageState::processed;
        message.rule = Code::none;
    }
}

ordered_json step_json(const study::LineageStep& step, const ShownMessage& message,
                       const Sight& sight) {
    if (sight.names_closed(step.said.text())) {
        const Said instead = say(Sentence::not_for_you);
        return {{"rule", step.rule},
                {"text", instead.text()},
                {"sentences", said_json(instead)},
                {"read", ordered_json::array()}};
    }
    ordered_json read = ordered_json::array();
    for (const Place& place : step.read) {
        read.push_back(message.place_json(place));
    }
    return {{"rule", step.rule},
            {"text", step.said.text()},
            {"sentences", said_json(step.said)},
            {"read", std::move(read)}};
}

ordered_json message_json(const store::LedgerMessage& message) {
    return {{"message_id", to_base32(message.id)},
            {"control_id", message.control_id},
            {"source", message.source},
            {"state", study::to_string(message.state)},
            {"rule", rule_key(message.rule)},
            {"received_at", to_iso(message.received_at)},
            {"counts",
             {{"received", message.counts.received},
              {"stored", message.counts.stored},
              {"held", message.counts.held},
              {"ignored", message.counts.ignored}}},
            {"duplicate_of", message.duplicate_of ? ordered_json(to_base32(*message.duplicate_of))
                                                  : ordered_json()}};
}

namespace {

ordered_json finding_json(const Finding& finding, const ShownMessage& shown) {
    const bool placed = finding.place.offset != Place::kNoOffset;
    const auto offset = placed ? shown.original(finding.place.offset) : std::nullopt;
    return {
        {"code", key(finding.code)},
        {"severity", to_string(finding.severity)},
        {"place", finding.place.text},
        {"offset", offset ? ordered_json(*offset) : ordered_json()},
        {"length", offset ? ordered_json(shown.length_at(finding.place.offset)) : ordered_json()},
        {"sentence", finding.detail.empty()
                         ? std::string(entry(finding.code).text)
                         : std::string(entry(finding.code).text) + " " + finding.detail}};
}

const store::LineageRecord::Observation* lineage_of(const store::LineageRecord& record,
                                                    std::int32_t ordinal) {
    const auto found = std::ranges::find(record.observations, ordinal,
                                         &store::LineageRecord::Observation::ordinal);
    return found == record.observations.end() ? nullptr : &*found;
}

/// As it was said the last time.
const store::LineageRecord& newest(const store::MessageDetail& detail) {
    return detail.again.empty() ? detail.lineage : detail.again.back().lineage;
}

bool closed_line(const store::ObservationLine& line, const Sight& sight) {
    return sight.blinded() && sight.is_closed(line.version.analyte);
}

ordered_json observation_json(const store::MessageDetail& detail,
                              const store::ObservationLine& line, const ShownMessage& shown,
                              const Sight& sight) {
    const study::ResultValue& value = line.version.value;
    const study::Subject* subject =
        line.subject ? sight.registry().subject(*line.subject) : nullptr;
    const bool closed = closed_line(line, sight);
    // What is closed is there as a line of the message and says nothing else: neither what it is
    // nor what became of it, which may tell of its value.
    const bool nameless = closed && !sight.counts(line.version.analyte);
    ordered_json json{
        {"ordinal", line.ordinal},
        {"place", line.place.text},
        {"disposition", nameless ? std::string_view("withheld") : word_of(line.disposition)},
        {"rule", nameless ? std::string() : rule_key(line.rule)},
        {"sentence", nameless ? std::string() : rule_sentence(line.rule)},
        {"code", nameless ? std::string() : line.code},
        {"code_system", nameless ? std::string() : line.code_system},
        {"code_text", nameless ? std::string() : line.code_text}};
    json["closed"] = closed;
    json["analyte"] = closed ? std::string() : line.version.analyte;
    json["subject"] = subject == nullptr
                          ? ordered_json()
                          : ordered_json{{"id", subject->id.value}, {"label", subject->label()}};
    json["visit"] = line.version.registered_visit;
    json["value_reported"] = closed ? std::string() : value.value_reported;
    json["unit_reported"] = closed ? std::string() : value.unit_reported;
    json["value_text"] = closed ? std::string() : value.value_text;
    json["value_num"] =
        closed || !value.value_num ? ordered_json() : ordered_json(value.value_num->to_string());
    json["unit"] = closed ? std::string() : value.unit;
    json["range_flag"] = closed ? std::string() : value.range_flag;
    json["result_id"] =
        line.result && line.subject
            ? ordered_json(std::to_string(line.subject->value) + "-" + std::to_string(*line.result))
            : ordered_json();
    if (closed) {
        json["result_id"] = nullptr;
    }
    json["lineage"] = ordered_json::array();
    const auto* lineage = lineage_of(newest(detail), line.ordinal);
    if (lineage == nullptr) {
        lineage = lineage_of(detail.lineage, line.ordinal);
    }
    if (lineage != nullptr && !closed) {
        for (const study::LineageStep& step : lineage->steps) {
            json["lineage"].push_back(step_json(step, shown, sight));
        }
    }
    return json;
}

ordered_json findings_json(const store::MessageDetail& detail, const ShownMessage& shown,
                           const Sight& sight) {
    ordered_json findings = ordered_json::array();
    const store::LineageRecord& record = newest(detail);
    // What was found in a closed line or in a note tells of what is in it and names nothing.
    const auto may_show = [&](const Finding& finding) {
        return !shown.keeps_back(finding.place) && !sight.names_closed(finding.detail);
    };
    for (const Finding& finding : record.findings) {
        if (may_show(finding)) {
            findings.push_back(finding_json(finding, shown));
        }
    }
    for (const store::ObservationLine& line : detail.observations) {
        const auto* lineage = lineage_of(record, line.ordinal);
        if (lineage == nullptr || closed_line(line, sight)) {
            continue;
        }
        for (const Finding& finding : lineage->findings) {
            if (may_show(finding)) {
                findings.push_back(finding_json(finding, shown));
            }
        }
    }
    return findings;
}

ordered_json ids_json(const std::vector<MessageId>& ids) {
    ordered_json json = ordered_json::array();
    for (const MessageId id : ids) {
        json.push_back(to_base32(id));
    }
    return json;
}

}  // namespace

ordered_json message_json(const store::MessageDetail& detail, const ShownMessage& shown,
                          const Sight& sight) {
    study::Counts counts = detail.counts;
    for (const store::ObservationLine& line : detail.observations) {
        const store::AnalyteCount one{line.version.analyte, line.disposition, 1};
        count_open(counts, {&one, 1}, sight);
    }
    const bool unseen = held_unseen(detail.state, detail.counts, counts);
    const study::MessageState state = unseen ? study::MessageState::processed : detail.state;
    const Code rule = unseen ? Code::none : detail.rule;
    ordered_json json{{"message_id", to_base32(detail.arrival.message_id)},
                      {"control_id", detail.control_id},
                      {"source", detail.source},
                      {"message_type", detail.message_type},
                      {"state", study::to_string(state)},
                      {"rule", rule_key(rule)},
                      {"sentence", rule_sentence(rule)},
                      {"received_at", to_iso(detail.arrival.received_at)},
                      {"message_time", detail.message_time},
                      {"peer", detail.arrival.peer},
                      {"size", shown.keeps_back() ? ordered_json() : ordered_json(detail.size)},
                      {"sha256", shown.keeps_back() ? std::string() : detail.sha256},
                      // Reading them compared the bytes with their digest just now.
                      {"sha256_proven", detail.bytes.has_value()}};
    json["answer"] = {{"code", detail.answer.silent ? "" : hl7::to_string(detail.answer.code)},
                      {"text", rule_sentence(rule)}};
    json["counts"] = {{"received", counts.received},
                      {"stored", counts.stored},
                      {"held", counts.held},
                      {"ignored", counts.ignored}};
    json["config_hash"] = detail.config_hash;
    json["registry_version"] = detail.registry_version;
    json["duplicates"] = ids_json(detail.duplicates);
    json["duplicate_of"] =
        detail.duplicate_of ? ordered_json(to_base32(*detail.duplicate_of)) : ordered_json();
    json["members"] = ids_json(detail.members);
    json["batch"] = detail.arrival.batch ? ordered_json(to_base32(detail.arrival.batch->message_id))
                                         : ordered_json();
    json["masked"] = !shown.is_open();
    json["segments"] = shown.segments();
    json["findings"] = findings_json(detail, shown, sight);
    json["observations"] = ordered_json::array();
    for (const store::ObservationLine& line : detail.observations) {
        json["observations"].push_back(observation_json(detail, line, shown, sight));
    }
    json["again"] = ordered_json::array();
    for (const store::ProcessedAgain& again : detail.again) {
        json["again"].push_back({{"at", to_iso(again.at)},
                                 {"config_hash", again.config_hash},
                                 {"moves", sight.blinded() ? std::string() : again.moves}});
    }
    return json;
}

}  // namespace labrelay::views
