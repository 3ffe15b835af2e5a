// Whether what was sent without an answer stands at the project.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "redcap_fate.hpp"
#include "redcap_standing.hpp"

namespace labrelay::targets {
namespace {

using delivery::Delivery;
using delivery::ReadBack;
using delivery::Standing;

/// A field that a result fills, or leaves.
struct ComparedField {
    RedcapPlace place;
    std::string name;
    std::string wanted;
    std::string before;
};

bool holds(const Standing& standing, const RedcapPlace& place, const std::string& field) {
    return place_from(standing.place) == place && fields_from(standing.content).contains(field);
}

/// In fields that there are once another result may stand before or after this one. An instance is
/// one result's for life.
const Standing* other_in(const std::vector<Standing>& standings, std::int64_t number,
                         const RedcapPlace& place, const std::string& field) {
    if (!place.instance.empty()) {
        return nullptr;
    }
    const auto found = std::find_if(standings.begin(), standings.end(), [&](const Standing& one) {
        return one.number != number && holds(one, place, field);
    });
    return found == standings.end() ? nullptr : &*found;
}

/// All that sending touched: the fields where the result is to stand, and those where it stood.
std::vector<ComparedField> fields_to_compare(const Delivery& delivery, const Standing& sent,
                                             const Standing& before) {
    const auto& [written, sending] = delivery.standings;
    const RedcapPlace place = place_from(sent.place);
    const RedcapPlace old_place = place_from(before.place);
    const RedcapFields wanted = fields_from(sent.content);
    const RedcapFields ours = fields_from(before.content);
    const bool moved = !before.place.empty() && old_place != place;
    const bool left = moved || sent.content.empty();
    std::vector<ComparedField> compared;
    for (const auto& [name, value] : wanted) {
        ComparedField& field = compared.emplace_back(ComparedField{place, name, value, {}});
        if (!moved && ours.contains(name)) {
            field.before = value_in(ours, name);
        } else if (const Standing* holder = other_in(written, sent.number, place, name)) {
            field.before = value_in(fields_from(holder->content), name);
        }
    }
    for (const auto& [name, value] : ours) {
        if (!moved && wanted.contains(name)) {
            continue;
        }
        ComparedField& field = compared.emplace_back(ComparedField{old_place, name, {}, value});
        if (!left) {
            continue;
        }
        if (const Standing* heir = other_in(sending, sent.number, old_place, name)) {
            field.wanted = value_in(fields_from(heir->content), name);
        } else if (const Standing* holder = other_in(written, sent.number, old_place, name);
                   holder != nullptr && standing_of(sending, holder->number) == nullptr) {
            compared.pop_back();  // no longer this result's
        }
    }
    return compared;
}

/// Computed results that are told no more: what was sent took their fields, and they are on no way.
void add_displaced(const Delivery& delivery, const Standing& sent, std::vector<Standing>& stands) {
    const RedcapPlace place = place_from(sent.place);
    const RedcapFields fields = fields_from(sent.content);
    for (const Standing& other : delivery.standings.written) {
        const bool shares = std::any_of(fields.begin(), fields.end(), [&](const auto& field) {
            return holds(other, place, field.first);
        });
        if (other.number != sent.number && is_computed(other.place) && shares &&
            standing_of(delivery.standings.sending, other.number) == nullptr) {
            stands.push_back({other.number, other.place, {}});
        }
    }
}

}  // namespace

ReadBack compare_with_sent(const Delivery& delivery, const RedcapRecords& there) {
    ReadBack reading;
    bool all_found = true;
    for (const delivery::DeliveredResult& result : delivery.results) {
        const Standing* sent = standing_of(delivery.standings.sending, result.number);
        if (sent == nullptr) {
            continue;
        }
        const Standing* written = standing_of(delivery.standings.written, result.number);
        bool found = true;
        bool as_before = true;
        std::optional<ComparedField> odd;
        for (const ComparedField& field :
             fields_to_compare(delivery, *sent, written == nullptr ? Standing{} : *written)) {
            const auto row = there.rows.find(field.place);
            const std::string here =
                row == there.rows.end() ? std::string() : value_in(row->second, field.name);
            found = found && here == field.wanted;
            as_before = as_before && here == field.before;
            if (here != field.wanted && here != field.before) {
                odd = field;
            }
        }
        if (found) {
            reading.stands.push_back(*sent);
            add_displaced(delivery, *sent, reading.stands);
        } else if (as_before || !odd) {
            all_found = false;
        } else {
            reading.refusals.push_back(
                {result.number, Code::target_value_edited,
                 fmt::format("field {}{}: the answer was lost, and neither what was sent stands "
                             "there nor what was there before",
                             odd->name, where_of(odd->place))});
        }
    }
    reading.kind = !all_found                 ? ReadBack::Kind::not_found
                   : reading.refusals.empty() ? ReadBack::Kind::found
                                              : ReadBack::Kind::differs;
    return reading;
}

}  // namespace labrelay::targets
