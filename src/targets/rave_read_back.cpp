// Settling a delivery to Rave whose answer was lost, or that touched fewer items than were sent.
#include <algorithm>
#include <set>

#include "labrelay/targets/rave_target.hpp"
#include "rave_standing.hpp"

namespace labrelay::targets {
namespace {

using delivery::Delivery;
using delivery::DeliveryAnswer;
using delivery::ReadBack;
using delivery::Standing;
using Kind = RaveAnswer::Kind;

std::string value_in(const RaveItems& items, const RaveItem& item) {
    const auto found = items.find(item);
    return found == items.end() ? std::string() : found->second;
}

ReadBack compare_with_items(const Delivery& delivery, const RaveItems& there) {
    ReadBack reading;
    bool all_found = true;
    for (const delivery::DeliveredResult& result : delivery.results) {
        const Standing sent = standing_in(delivery.standings.sending, result.number);
        if (sent.place.empty()) {
            continue;
        }
        const RaveItems wanted = items_from(sent.content);
        const RaveItems ours =
            items_from(standing_in(delivery.standings.written, result.number).content);
        RaveItems all = wanted;
        all.insert(ours.begin(), ours.end());
        bool found = true;
        const RaveItem* odd = nullptr;
        for (const auto& [item, ignored] : all) {
            const std::string now = value_in(there, item);
            found = found && now == value_in(wanted, item);
            if (now != value_in(wanted, item) && now != value_in(ours, item)) {
                odd = &item;
            }
        }
        if (found) {
            reading.stands.push_back(sent);
        } else if (odd == nullptr) {
            all_found = false;
        } else {
            reading.refusals.push_back(
                {result.number, Code::target_value_edited,
                 words_of(*odd) +
                     ": the answer was lost, and neither what was sent stands there nor what was "
                     "there before"});
        }
    }
    reading.kind = !all_found                 ? ReadBack::Kind::not_found
                   : reading.refusals.empty() ? ReadBack::Kind::found
                                              : ReadBack::Kind::differs;
    return reading;
}

}  // namespace

/// What was accepted and does not stand there is refused; where it cannot be read it is unknown.
void RaveTarget::prove(const std::vector<Change>& changes, DeliveryAnswer& given) {
    std::set<std::string> forms;
    for (const Change& change : changes) {
        for (const auto& [item, value] : change.wanted) {
            forms.insert(item.form);
        }
    }
    const std::string& subject = changes.front().events.front().subject_key;
    std::map<std::string, Stands> stands;
    if (read_forms(subject, forms, stands).kind != Kind::accepted) {
        given.kind = DeliveryAnswer::Kind::unknown;
        return;
    }
    const RaveItems& there = stands[subject].items;
    for (const Change& change : changes) {
        const auto missing =
            std::find_if(change.wanted.begin(), change.wanted.end(),
                         [&](const auto& one) { return value_in(there, one.first) != one.second; });
        if (missing == change.wanted.end()) {
            given.stands.push_back(change.standing);
            continue;
        }
        given.refusals.push_back(
            {change.standing.number, Code::delivery_rejected,
             words_of(missing->first) + ": was accepted and does not stand there"});
        given.kind = DeliveryAnswer::Kind::rejected;
    }
}

std::vector<ReadBack> RaveTarget::read_back(const std::vector<Delivery>& deliveries) {
    std::vector<ReadBack> all(deliveries.size());
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        std::set<std::string> forms;
        std::string subject;
        for (const auto* list :
             {&deliveries[i].standings.written, &deliveries[i].standings.sending}) {
            for (const Standing& one : *list) {
                subject = subject_from(one.place);
                for (const auto& [item, value] : items_from(one.content)) {
                    forms.insert(item.form);
                }
            }
        }
        std::map<std::string, Stands> stands;
        const RaveAnswer answer = read_forms(subject, forms, stands);
        if (answer.kind == RaveAnswer::Kind::accepted) {
            all[i] = compare_with_items(deliveries[i], stands[subject].items);
            continue;
        }
        for (std::size_t rest = i; rest < all.size(); ++rest) {
            all[rest].kind = answer.kind == RaveAnswer::Kind::stopped ? ReadBack::Kind::stopped
                                                                      : ReadBack::Kind::away;
            all[rest].why = answer.why;
        }
        break;
    }
    return all;
}

}  // namespace labrelay::targets
