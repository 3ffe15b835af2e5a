#include "labrelay/targets/redcap_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace labrelay::targets {
namespace {

using delivery::Standing;

const Standing* standing_of(const std::vector<Standing>& standings, std::int64_t number) {
    const auto found = std::find_if(standings.begin(), standings.end(),
                                    [&](const Standing& one) { return one.number == number; });
    return found == standings.end() ? nullptr : &*found;
}

std::string value_in(const RedcapFields& fields, std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
}

std::int64_t instance_number(const std::string& text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::string words_of(const RedcapPlace& place, std::string_view instrument) {
    std::string words = fmt::format("instrument {}", instrument);
    if (!place.event.empty()) {
        words += fmt::format(" at {}", place.event);
    }
    if (!place.instance.empty()) {
        words += fmt::format(", instance {}", place.instance);
    }
    return words;
}

const std::string& visit_of(const LabRow& row) {
    return row.visit.empty() ? row.visit_kind : row.visit;
}

}  // namespace

void RedcapPlanner::add(const delivery::Delivery& delivery,
                        const std::vector<RedcapWanted>& wanted) {
    Each& each = plan_.each.emplace_back();
    for (const RedcapWanted& one : wanted) {
        place(one, delivery.standings, each);
    }
}

void RedcapPlanner::place(const RedcapWanted& wanted, const Standings& standings, Each& each) {
    const LabRow& row = wanted.row;
    const bool told = standing_of(standings.written, wanted.result->number) != nullptr;
    const study::RedcapResult* map = map_.result_of(row.analyte);
    // Another draw stands for the visit in fields that there are only once.
    const bool additional = map != nullptr && !map->repeats && row.role != "chosen";
    if (map == nullptr || map_.leaves_out(visit_of(row)) || additional) {
        if (told) {
            vacate(wanted, standings, each);
        }
        return;
    }
    if (!wanted.forwarded && !told) {
        return;
    }
    std::string event;
    if (map_.longitudinal) {
        const study::RedcapEvent* found = map_.event_of(visit_of(row));
        if (found == nullptr) {
            refuse(wanted, Code::delivery_rejected,
                   fmt::format("{}: the map names no event for the visit {}", row.analyte,
                               visit_of(row)),
                   each);
            return;
        }
        event = found->name;
    }
    if (!map_.new_records && !there_.known.contains(row.subject)) {
        refuse(wanted, Code::delivery_rejected,
               fmt::format("{}: the project has no record of this subject", row.analyte), each);
        return;
    }
    Result<RedcapFields> fields = redcap_fields(*map, row, project_);
    if (!fields) {
        refuse(wanted, Code::delivery_rejected,
               fmt::format("field {}: {}", fields.error().place.text, fields.error().detail), each);
        return;
    }
    write(*map, wanted, place_of(*map, wanted, event, standings), std::move(*fields), standings,
          each);
}

RedcapPlace RedcapPlanner::place_of(const study::RedcapResult& map, const RedcapWanted& wanted,
                                    const std::string& event, const Standings& standings) const {
    RedcapPlace place{wanted.row.subject, event, {}, {}};
    if (!map.repeats) {
        return place;
    }
    place.instrument = map.instrument;
    const auto beside = [&](const RedcapPlace& other) {
        return other.record == place.record && other.event == event &&
               other.instrument == place.instrument;
    };
    const auto given = given_.find({wanted.row.subject, wanted.result->number});
    if (given != given_.end() && beside(given->second)) {
        return given->second;
    }
    std::int64_t newest = 0;
    for (const auto* list : {&standings.written, &standings.sending}) {
        for (const Standing& one : *list) {
            const RedcapPlace other = place_from(one.place);
            if (beside(other)) {
                if (one.number == wanted.result->number) {
                    return other;
                }
                newest = std::max(newest, instance_number(other.instance));
            }
        }
    }
    const study::RedcapField* id = map.field_from("result_id");
    for (const auto& [other, fields] : there_.rows) {
        if (beside(other)) {
            if (id != nullptr && value_in(fields, id->name) == wanted.row.result_id) {
                return other;
            }
            newest = std::max(newest, instance_number(other.instance));
        }
    }
    place.instance = std::to_string(newest + 1);
    return place;
}

void RedcapPlanner::write(const study::RedcapResult& map, const RedcapWanted& wanted,
                          const RedcapPlace& place, RedcapFields fields, const Standings& standings,
                          Each& each) {
    const std::int64_t number = wanted.result->number;
    const Standing* before = standing_of(standings.written, number);
    const bool moved = before != nullptr && place_from(before->place) != place;
    // In fields that there are once, what another result of ours wrote is ours too.
    RedcapFields ours;
    for (const Standing& one : standings.written) {
        if (place_from(one.place) == place && (one.number == number || !map.repeats)) {
            ours.merge(fields_from(one.content));
        }
    }
    std::vector<std::pair<std::string, std::string>> changed;
    for (const auto& [name, value] : fields) {
        const std::string there = here(place, name);
        if (there == value) {
            continue;
        }
        const auto changing = changes_.find(place);
        const bool just_written = changing != changes_.end() && changing->second.contains(name);
        if (!just_written && there != value_in(ours, name)) {
            refuse(wanted, Code::target_value_edited,
                   fmt::format("field {} of {}: {}", name, words_of(place, map.instrument),
                               there.empty() ? "erased at the site since labrelay wrote it"
                               : value_in(ours, name).empty()
                                   ? "filled in at the site"
                                   : "changed at the site since labrelay wrote it"),
                   each);
            return;
        }
        changed.emplace_back(name, value);
    }
    if (moved && !vacate(wanted, standings, each)) {
        return;
    }
    for (const auto& [name, value] : changed) {
        change(place, name, value);
    }
    if (!changed.empty() && !map.complete.empty()) {
        change(place, map.instrument + "_complete", map.complete);
    }
    bool pending = moved || !changed.empty();
    for (const auto& [name, value] : fields) {
        const auto change_here = changes_.find(place);
        pending = pending || (change_here != changes_.end() && change_here->second.contains(name));
        claimed_[{place, name}] = number;
    }
    given_[{place.record, number}] = place;
    for (auto* list : {&each.sending, &each.stands}) {
        std::erase_if(*list, [&](const Standing& one) { return one.number == number; });
    }
    (pending ? each.sending : each.stands).push_back({number, to_text(place), to_text(fields)});
}

/// Takes a result from where it stood. False where the site edited it there.
bool RedcapPlanner::vacate(const RedcapWanted& wanted, const Standings& standings, Each& each) {
    const std::int64_t number = wanted.result->number;
    const Standing& before = *standing_of(standings.written, number);
    const RedcapPlace place = place_from(before.place);
    const RedcapFields content = fields_from(before.content);
    bool changed = false;
    for (const auto& [name, value] : content) {
        const bool taken = claimed_.contains({place, name}) ||
                           std::any_of(standings.written.begin(), standings.written.end(),
                                       [&, field = std::string_view(name)](const Standing& other) {
                                           return other.number != number &&
                                                  place_from(other.place) == place &&
                                                  fields_from(other.content).contains(field);
                                       });
        const std::string there = here(place, name);
        if (taken || there.empty()) {
            continue;
        }
        if (there != value) {
            refuse(wanted, Code::target_value_edited,
                   fmt::format("field {} at {}: changed at the site since labrelay wrote it, and "
                               "the result no longer belongs there",
                               name, place.event.empty() ? "its instance" : place.event),
                   each);
            return false;
        }
        change(place, name, {});
        changed = true;
    }
    const study::RedcapResult* map = map_.result_of(wanted.row.analyte);
    if (changed && map != nullptr && !map->complete.empty() && !place.instrument.empty()) {
        change(place, place.instrument + "_complete", "0");
    }
    (changed ? each.sending : each.stands).push_back({number, before.place, {}});
    return true;
}

void RedcapPlanner::change(const RedcapPlace& place, const std::string& field,
                           const std::string& value) {
    const std::string there = here(place, field);
    if (there == value) {
        return;
    }
    plan_.blanks = plan_.blanks || (value.empty() && !there.empty());
    changes_[place][field] = value;
    there_.rows[place][field] = value;
}

std::string RedcapPlanner::here(const RedcapPlace& place, const std::string& field) const {
    const auto found = there_.rows.find(place);
    return found == there_.rows.end() ? std::string() : value_in(found->second, field);
}

void RedcapPlanner::refuse(const RedcapWanted& wanted, Code rule, std::string why, Each& each) {
    each.refusals.push_back({wanted.result->number, rule, std::move(why)});
}

RedcapPlan RedcapPlanner::finish() {
    for (auto& [place, fields] : changes_) {
        plan_.rows.push_back({place, std::move(fields)});
    }
    return std::move(plan_);
}

}  // namespace labrelay::targets
