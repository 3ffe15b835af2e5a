#include "told_state.hpp"

#include <nlohmann/json.hpp>

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::store {
namespace {

using nlohmann::json;

json day_json(const std::optional<int>& day) {
    return day ? json(*day) : json();
}

std::optional<int> day_from(const json& value) {
    return value.is_null() ? std::nullopt : std::optional<int>(value.get<int>());
}

json words_json(const study::ResultWords& words) {
    return {
        {"analyte", words.analyte}, {"value", words.value},    {"unit", words.unit},
        {"state", words.state},     {"status", words.status},  {"visit", words.visit},
        {"kind", words.kind},       {"role", words.role},      {"day", day_json(words.study_day)},
        {"derived", words.derived}, {"lineage", words.lineage}};
}

study::ResultWords words_of(const json& value) {
    study::ResultWords words;
    words.analyte = value.at("analyte");
    words.value = value.at("value");
    words.unit = value.at("unit");
    words.state = value.at("state");
    words.status = value.at("status");
    words.visit = value.at("visit");
    words.kind = value.at("kind");
    words.role = value.at("role");
    words.study_day = day_from(value.at("day"));
    words.derived = value.at("derived");
    words.lineage = value.at("lineage");
    return words;
}

json told_json(const ToldState& told) {
    return {{"derived", told.derived},
            {"versions", told.versions},
            {"current", told.current},
            {"visit", told.placement.visit},
            {"kind", static_cast<int>(told.placement.kind)},
            {"role", static_cast<int>(told.placement.role)},
            {"day", day_json(told.placement.study_day)},
            {"forwarded", told.placement.forwarded},
            {"placement_version", told.placement_version},
            {"words", words_json(told.words)}};
}

ToldState told_from(const json& value) {
    ToldState told;
    told.derived = value.at("derived");
    told.versions = value.at("versions").get<std::vector<std::string>>();
    told.current = value.at("current");
    told.placement.visit = value.at("visit");
    told.placement.kind = static_cast<study::VisitKind>(value.at("kind").get<int>());
    told.placement.role = static_cast<study::Role>(value.at("role").get<int>());
    told.placement.study_day = day_from(value.at("day"));
    told.placement.forwarded = value.at("forwarded");
    told.placement_version = value.at("placement_version");
    told.words = words_of(value.at("words"));
    return told;
}

/// Texts of the store are ours: one that cannot be read is a broken store.
template <class Read>
auto read_or_fault(std::string_view text, const Read& read) {
    try {
        return read(json::parse(text));
    } catch (const json::exception&) {
        throw pipeline::unreadable("what was told of a result cannot be read");
    }
}

}  // namespace

ToldState told_state(const study::ResultRecord& record) {
    ToldState told;
    told.derived = !record.key.derived.empty();
    for (const study::StoredVersion& version : record.versions)
        told.versions.push_back(told.derived ? pack_ids(version.inputs) : pack_ids({version.id}));
    told.current = record.current;
    told.placement = record.placement;
    told.placement_version = record.placement_version;
    told.words = study::words_of(record);
    return told;
}

std::string to_json(const ToldState& told) {
    return told_json(told).dump();
}

ToldState told_state_from_json(std::string_view text) {
    return read_or_fault(text, [](const json& value) { return told_from(value); });
}

bool same(const std::optional<ToldState>& one, const std::optional<ToldState>& other) {
    if (!one || !other) return one.has_value() == other.has_value();
    return one->same_as(*other);
}

std::string to_json(const std::vector<ToldElsewhere>& differs) {
    json text = json::array();
    for (const ToldElsewhere& one : differs)
        text.push_back(
            {{"target", one.target}, {"told", one.told ? told_json(*one.told) : json()}});
    return text.dump();
}

std::vector<ToldElsewhere> told_elsewhere_from_json(std::string_view text) {
    return read_or_fault(text, [](const json& value) {
        std::vector<ToldElsewhere> differs;
        for (const json& one : value) {
            ToldElsewhere& elsewhere = differs.emplace_back();
            elsewhere.target = one.at("target");
            if (!one.at("told").is_null()) elsewhere.told = told_from(one.at("told"));
        }
        return differs;
    });
}

study::ResultRecord as_told(ResultReader& reader, study::ResultRecord record,
                            const ToldState& told) {
    record.versions.clear();
    for (const std::string& ids : told.versions) {
        std::optional<study::StoredVersion> version;
        if (told.derived) {
            version = reader.derived_version(record.key.subject, record.number, ids);
        } else {
            const std::vector<ObservationId> id = unpack_ids(ids);
            if (!id.empty()) version = reader.version(id.front());
        }
        if (!version) throw pipeline::unreadable("a version that was told is missing");
        record.versions.push_back(std::move(*version));
    }
    if (told.current >= record.versions.size())
        throw pipeline::unreadable("a version that was told is missing");
    record.current = told.current;
    record.placement = told.placement;
    record.placement_version = told.placement_version;
    return record;
}

std::string to_json(const study::ResultWords& words) {
    return words_json(words).dump();
}

study::ResultWords words_from_json(std::string_view text) {
    return read_or_fault(text, [](const json& value) { return words_of(value); });
}

}  // namespace labrelay::store
