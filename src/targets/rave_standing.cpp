#include "rave_standing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace labrelay::targets {

using nlohmann::json;

std::string to_text(const RaveItems& items) {
    json rows = json::array();
    for (const auto& [item, value] : items) {
        if (!value.empty()) {
            rows.push_back({item.event, item.event_repeat, item.form, item.group, item.group_repeat,
                            item.item, value});
        }
    }
    return rows.dump();
}

RaveItems items_from(const std::string& text) {
    RaveItems items;
    const json rows = json::parse(text, nullptr, false);
    if (!rows.is_array()) {
        return items;
    }
    for (const json& row : rows) {
        if (row.is_array() && row.size() == 7) {
            const auto part = [&](std::size_t index) { return row[index].get<std::string>(); };
            items[{part(0), part(1), part(2), part(3), part(4), part(5)}] = part(6);
        }
    }
    return items;
}

std::string place_text(const OdmSubjectEvent& event, std::string_view draw) {
    return json::array({event.subject_key, event.event_oid, event.event_repeat_key, draw}).dump();
}

std::string subject_from(const std::string& place) {
    const json parts = json::parse(place, nullptr, false);
    return parts.is_array() && parts.size() == 4 ? parts[0].get<std::string>() : std::string();
}

std::string words_of(const RaveItem& item) {
    return fmt::format("item {} of {} at {}{}", item.item, item.form, item.event,
                       item.event_repeat.empty() ? "" : "[" + item.event_repeat + "]");
}

delivery::Standing standing_in(const std::vector<delivery::Standing>& standings,
                               std::int64_t number) {
    const auto found =
        std::find_if(standings.begin(), standings.end(),
                     [&](const delivery::Standing& one) { return one.number == number; });
    return found == standings.end() ? delivery::Standing{} : *found;
}

void RaveKeys::learn(const std::vector<delivery::Standing>& standings) {
    for (const delivery::Standing& one : standings) {
        const json parts = json::parse(one.place, nullptr, false);
        if (parts.is_array() && parts.size() == 4 &&
            !parts[3].get_ref<const std::string&>().empty()) {
            repeats_.try_emplace({parts[1].get<std::string>(), parts[3].get<std::string>()},
                                 parts[2].get<std::string>());
        }
    }
}

std::string RaveKeys::number(OdmSubjectEvent& event, std::int64_t result) {
    for (OdmItem& item : event.items) {
        if (!item.group_repeat_key.empty()) {
            item.group_repeat_key = std::to_string(result);
        }
    }
    std::string draw = std::move(event.event_repeat_key);
    event.event_repeat_key =
        draw.empty() ? std::string() : repeat_of({event.event_oid, draw}, result);
    return draw;
}

std::string RaveKeys::repeat_of(const EventDraw& draw, std::int64_t result) {
    if (const auto known = repeats_.find(draw); known != repeats_.end()) {
        return known->second;
    }
    // A result that moved to another draw has left its number with the old one.
    const auto taken = [&](const std::string& number) {
        return std::any_of(repeats_.begin(), repeats_.end(), [&](const auto& one) {
            return one.first.first == draw.first && one.second == number;
        });
    };
    while (taken(std::to_string(result))) {
        ++result;
    }
    return repeats_.emplace(draw, std::to_string(result)).first->second;
}

}  // namespace labrelay::targets
