// Results that meet in a field: which of them it holds, and which are sent together.
#include <algorithm>

#include "labrelay/targets/redcap_plan.hpp"
#include "redcap_standing.hpp"

namespace labrelay::targets {
namespace {

using delivery::Standing;

/// A field that a standing holds too; empty: none.
std::string shared_field(const Standing& standing, const RedcapFields& fields) {
    const RedcapFields content = fields_from(standing.content);
    const auto found = std::find_if(content.begin(), content.end(), [&](const auto& field) {
        return fields.contains(field.first);
    });
    return found == content.end() ? std::string() : found->first;
}

}  // namespace

std::vector<const Standing*> RedcapPlanner::others_at(const RedcapPlace& place,
                                                      const std::string& subject,
                                                      std::int64_t number,
                                                      const Standings& standings) const {
    std::vector<const Standing*> others;
    for (const Standing& one : standings.written) {
        const auto given = given_.find({subject, one.number});
        const bool there = given != given_.end() ? given->second == place
                                                 : !gone_.contains({subject, one.number}) &&
                                                       place_from(one.place) == place;
        if (one.number != number && there) {
            others.push_back(&one);
        }
    }
    return others;
}

const RedcapWanted* RedcapPlanner::in_batch(const ResultKey& key) const {
    for (const Told& told : batch_) {
        for (const RedcapWanted& wanted : told.wanted) {
            if (wanted.row.subject == key.first && wanted.result->number == key.second) {
                return &wanted;
            }
        }
    }
    return nullptr;
}

/// A value that we computed never stands where the laboratory's own of the analyte does, whichever
/// came first.
bool RedcapPlanner::gives_way(const RedcapWanted& wanted, const RedcapPlace& place,
                              const RedcapFields& fields, const Standings& standings) const {
    if (!wanted.is_computed()) {
        return false;
    }
    for (const Told& told : batch_) {
        for (const RedcapWanted& other : told.wanted) {
            if (other.row.analyte == wanted.row.analyte && !other.is_computed() &&
                stays_at(other, place, told.standings())) {
                return true;
            }
        }
    }
    const std::vector<const Standing*> others =
        others_at(place, wanted.row.subject, wanted.result->number, standings);
    return std::any_of(others.begin(), others.end(), [&](const Standing* other) {
        return in_batch({wanted.row.subject, other->number}) == nullptr &&
               !is_computed(other->place) && !shared_field(*other, fields).empty();
    });
}

RedcapPlanner::Rivals RedcapPlanner::rivals_of(const RedcapWanted& wanted, const RedcapPlace& place,
                                               const RedcapFields& fields,
                                               const Standings& standings) const {
    const std::int64_t number = wanted.result->number;
    Rivals rivals;
    for (const auto& [name, value] : fields) {
        const auto claimed = claimed_.find({place, name});
        if (claimed != claimed_.end() && claimed->second != number) {
            rivals.field = name;
            return rivals;
        }
    }
    for (const Standing* other : others_at(place, wanted.row.subject, number, standings)) {
        const std::string shared = shared_field(*other, fields);
        const RedcapWanted* planned = in_batch({wanted.row.subject, other->number});
        if (shared.empty() || (planned != nullptr && !stays_at(*planned, place, standings))) {
            continue;
        }
        if (wanted.is_computed() ||
            !(planned != nullptr ? planned->is_computed() : is_computed(other->place))) {
            rivals.field = shared;
            return rivals;
        }
        if (planned == nullptr) {
            rivals.displaced.push_back({other->number, other->place, {}});
        } else if (planned->row.analyte != wanted.row.analyte) {
            rivals.field = shared;
            return rivals;
        }
    }
    return rivals;
}

void RedcapPlanner::make_parts() {
    std::map<ResultKey, ResultKey> leaders;
    const auto leader_of = [&](ResultKey key) {
        auto next = leaders.find(key);
        while (next != leaders.end() && next->second != key) {
            key = next->second;
            next = leaders.find(key);
        }
        return key;
    };
    for (const auto& [place, fields] : changes_) {
        for (const auto& [name, change] : fields) {
            for (const ResultKey& key : change.of) {
                if (change.ties) {
                    leaders.insert_or_assign(leader_of(key), leader_of(*change.of.begin()));
                }
            }
        }
    }
    std::map<ResultKey, std::size_t> part_of;
    for (const auto& [place, fields] : changes_) {
        for (const auto& [name, change] : fields) {
            for (const ResultKey& key : change.of) {
                const std::size_t part =
                    part_of.try_emplace(leader_of(key), part_of.size()).first->second;
                plan_.parts.resize(part_of.size());
                std::vector<RedcapRow>& rows = plan_.parts[part].rows;
                if (rows.empty() || rows.back().place != place) {
                    rows.push_back({place, {}});
                }
                rows.back().fields[name] = change.value;
            }
        }
    }
    for (Told& told : batch_) {
        for (const RedcapWanted& wanted : told.wanted) {
            const auto sent = told.sent.find(wanted.result->number);
            if (sent != told.sent.end()) {
                sent->second.part =
                    part_of.at(leader_of({wanted.row.subject, wanted.result->number}));
            }
        }
    }
}

}  // namespace labrelay::targets
