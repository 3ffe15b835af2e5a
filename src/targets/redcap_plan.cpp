#include "labrelay/targets/redcap_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "redcap_standing.hpp"

namespace labrelay::targets {
namespace {

using delivery::Standing;

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

void RedcapPlanner::add(const delivery::Delivery& delivery, std::vector<RedcapWanted> wanted) {
    batch_.push_back({&delivery, std::move(wanted)});
}

RedcapPlan RedcapPlanner::finish() {
    for (Told& told : batch_) {
        for (const RedcapWanted& wanted : told.wanted) {
            place(wanted, told);
        }
    }
    make_parts();
    for (Told& told : batch_) {
        plan_.each.push_back(std::move(told.each));
        plan_.sent.push_back(std::move(told.sent));
    }
    return std::move(plan_);
}

/// False where the project has no place for it, or another draw stands for the visit in fields that
/// there are only once.
bool RedcapPlanner::belongs(const RedcapWanted& wanted) const {
    const study::RedcapResult* map = map_.result_of(wanted.row.analyte);
    return map != nullptr && !map_.leaves_out(visit_of(wanted.row)) &&
           (map->repeats || wanted.row.role == "chosen");
}

void RedcapPlanner::place(const RedcapWanted& wanted, Told& told) {
    const LabRow& row = wanted.row;
    const bool was_told = standing_of(told.standings().written, wanted.result->number) != nullptr;
    if (!belongs(wanted)) {
        if (was_told) {
            vacate(wanted, told);
        }
        return;
    }
    if (!wanted.forwarded && !was_told) {
        return;
    }
    std::string event;
    if (map_.longitudinal) {
        const study::RedcapEvent* found = map_.event_of(visit_of(row));
        if (found == nullptr) {
            refuse(wanted, Code::delivery_rejected,
                   fmt::format("{}: the map names no event for the visit {}", row.analyte,
                               visit_of(row)),
                   told.each);
            return;
        }
        event = found->name;
    }
    if (!map_.new_records && !there_.known.contains(row.subject)) {
        refuse(wanted, Code::delivery_rejected,
               fmt::format("{}: the project has no record of this subject", row.analyte),
               told.each);
        return;
    }
    const study::RedcapResult& map = *map_.result_of(row.analyte);
    const Result<RedcapFields> fields = redcap_fields(map, row, project_);
    if (!fields) {
        refuse(wanted, Code::delivery_rejected,
               fmt::format("field {}: {}", fields.error().place.text, fields.error().detail),
               told.each);
        return;
    }
    const RedcapPlace place = place_of(map, wanted, event, told.standings());
    if (!map.repeats && gives_way(wanted, place, *fields, told.standings())) {
        if (was_told) {
            vacate(wanted, told);
        }
        return;
    }
    write(map, wanted, place, *fields, told);
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

/// True where a result of the batch is to stand in fields that its event has once, at `place`.
bool RedcapPlanner::stays_at(const RedcapWanted& other, const RedcapPlace& place,
                             const Standings& standings) const {
    const study::RedcapResult* map = map_.result_of(other.row.analyte);
    if (map == nullptr || map->repeats || !belongs(other) || other.row.subject != place.record) {
        return false;
    }
    if (!other.forwarded && standing_of(standings.written, other.result->number) == nullptr) {
        return false;
    }
    const study::RedcapEvent* event = map_.event_of(visit_of(other.row));
    return !map_.longitudinal || (event != nullptr && event->name == place.event);
}

/// Nothing where the site edited one of the fields: then none of them changes.
std::optional<RedcapFields> RedcapPlanner::changed_fields(const study::RedcapResult& map,
                                                          const RedcapWanted& wanted,
                                                          const RedcapPlace& place,
                                                          const RedcapFields& fields, Told& told) {
    const std::int64_t number = wanted.result->number;
    const std::vector<Standing>& written = told.standings().written;
    RedcapFields ours;
    if (const Standing* before = standing_of(written, number);
        before != nullptr && place_from(before->place) == place) {
        ours = fields_from(before->content);
    }
    // In fields that there are once, what another result of ours wrote is ours too.
    for (const Standing& one : written) {
        if (!map.repeats && one.number != number && place_from(one.place) == place) {
            ours.merge(fields_from(one.content));
        }
    }
    RedcapFields changed;
    for (const auto& [name, value] : fields) {
        const std::string there = here(place, name);
        if (there == value) {
            continue;
        }
        if (!is_changing(place, name) && there != value_in(ours, name)) {
            refuse(wanted, Code::target_value_edited,
                   fmt::format("field {} of {}: {}", name, words_of(place, map.instrument),
                               there.empty() ? "erased at the site since labrelay wrote it"
                               : value_in(ours, name).empty()
                                   ? "filled in at the site"
                                   : "changed at the site since labrelay wrote it"),
                   told.each);
            return std::nullopt;
        }
        changed[name] = value;
    }
    return changed;
}

void RedcapPlanner::write(const study::RedcapResult& map, const RedcapWanted& wanted,
                          const RedcapPlace& place, const RedcapFields& fields, Told& told) {
    const std::int64_t number = wanted.result->number;
    const ResultKey key{wanted.row.subject, number};
    const Standings& standings = told.standings();
    Rivals rivals;
    if (!map.repeats) {
        rivals = rivals_of(wanted, place, fields, standings);
    }
    if (!rivals.field.empty()) {
        refuse(wanted, Code::delivery_rejected,
               fmt::format("field {} of {}: another result of labrelay's stands in it, and the "
                           "event has it once",
                           rivals.field, words_of(place, map.instrument)),
               told.each);
        return;
    }
    const std::optional<RedcapFields> changed = changed_fields(map, wanted, place, fields, told);
    if (!changed) {
        return;
    }
    const Standing* before = standing_of(standings.written, number);
    const bool moved = before != nullptr && place_from(before->place) != place;
    const Vacated vacated = moved ? vacate(wanted, told) : Vacated::nothing_to_do;
    if (vacated == Vacated::refused) {
        return;
    }
    for (const auto& [name, value] : *changed) {
        change(key, place, name, value);
    }
    if (!changed->empty() && !map.complete.empty()) {
        complete(key, place, map.instrument, map.complete);
    }
    bool pending = vacated == Vacated::changes;
    for (const auto& [name, value] : fields) {
        pending = join(key, place, name) || pending;
        claimed_[{place, name}] = number;
    }
    given_[key] = place;
    for (auto* list : {&told.each.sending, &told.each.stands}) {
        std::erase_if(*list, [&](const Standing& one) { return one.number == number; });
    }
    const bool computed = !map.repeats && wanted.is_computed();
    Standing standing{number, to_text(place, computed), to_text(fields)};
    if (pending) {
        told.each.sending.push_back(std::move(standing));
        told.sent[number].displaced = std::move(rivals.displaced);
        return;
    }
    told.each.stands.push_back(std::move(standing));
    told.each.stands.insert(told.each.stands.end(), rivals.displaced.begin(),
                            rivals.displaced.end());
}

/// Takes a result from where it stood, or leaves it there whole where the site edited it: every
/// field is judged before one is changed.
RedcapPlanner::Vacated RedcapPlanner::vacate(const RedcapWanted& wanted, Told& told) {
    const std::int64_t number = wanted.result->number;
    const ResultKey key{wanted.row.subject, number};
    const Standings& standings = told.standings();
    const Standing& before = *standing_of(standings.written, number);
    const RedcapPlace place = place_from(before.place);
    const RedcapFields content = fields_from(before.content);
    const std::vector<const Standing*> others = others_at(place, key.first, number, standings);
    std::vector<std::string> blanked;
    for (const auto& [name, value] : content) {
        const bool taken = claimed_.contains({place, name}) ||
                           std::any_of(others.begin(), others.end(),
                                       [field = std::string_view(name)](const Standing* other) {
                                           return fields_from(other->content).contains(field);
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
                   told.each);
            return Vacated::refused;
        }
        blanked.push_back(name);
    }
    for (const std::string& name : blanked) {
        change(key, place, name, {});
    }
    const study::RedcapResult* map = map_.result_of(wanted.row.analyte);
    if (!blanked.empty() && map != nullptr && !map->complete.empty() && !place.instrument.empty()) {
        complete(key, place, place.instrument, "0");
    }
    // What an earlier delivery of the batch blanks or fills is not done before that is sent.
    bool pending = false;
    for (const auto& [name, value] : content) {
        pending = join(key, place, name) || pending;
    }
    gone_.insert(key);
    (pending ? told.each.sending : told.each.stands).push_back({number, before.place, {}});
    if (pending) {
        told.sent.try_emplace(number);
    }
    return pending ? Vacated::changes : Vacated::nothing_to_do;
}

void RedcapPlanner::change(const ResultKey& key, const RedcapPlace& place, const std::string& field,
                           const std::string& value) {
    const std::string there = here(place, field);
    if (there == value) {
        join(key, place, field);
        return;
    }
    plan_.blanks = plan_.blanks || (value.empty() && !there.empty());
    Change& change = changes_[place][field];
    change.value = value;
    change.of.insert(key);
    there_.rows[place][field] = value;
}

/// Results of one form set its completeness alike, each for itself.
void RedcapPlanner::complete(const ResultKey& key, const RedcapPlace& place,
                             const std::string& instrument, const std::string& value) {
    const std::string field = instrument + "_complete";
    const bool first = !is_changing(place, field);
    const bool differs = here(place, field) != value;
    change(key, place, field, value);
    if (is_changing(place, field)) {
        Change& change = changes_[place][field];
        change.ties = !first && (change.ties || differs);
    }
}

bool RedcapPlanner::join(const ResultKey& key, const RedcapPlace& place, const std::string& field) {
    if (!is_changing(place, field)) {
        return false;
    }
    changes_[place][field].of.insert(key);
    return true;
}

bool RedcapPlanner::is_changing(const RedcapPlace& place, const std::string& field) const {
    const auto found = changes_.find(place);
    return found != changes_.end() && found->second.contains(field);
}

std::string RedcapPlanner::here(const RedcapPlace& place, const std::string& field) const {
    const auto found = there_.rows.find(place);
    return found == there_.rows.end() ? std::string() : value_in(found->second, field);
}

void RedcapPlanner::refuse(const RedcapWanted& wanted, Code rule, std::string why, Each& each) {
    each.refusals.push_back({wanted.result->number, rule, std::move(why)});
}

}  // namespace labrelay::targets
