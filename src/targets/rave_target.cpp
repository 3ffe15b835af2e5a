#include "labrelay/targets/rave_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "labrelay/targets/redcap_answer.hpp"
#include "labrelay/targets/secret_file.hpp"
#include "rave_standing.hpp"

namespace labrelay::targets {
namespace {

using delivery::Delivery;
using delivery::DeliveryAnswer;
using delivery::Preparation;
using delivery::Standing;
using delivery::TargetAnswer;
using Kind = RaveAnswer::Kind;

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8U | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            text += k <= count ? kDigits[group >> (18U - 6U * k) & 0x3FU] : '=';
        }
    }
    return text;
}

std::string url_part(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '(' ||
                           c == ')';
        encoded +=
            plain ? std::string(1, c)
                  : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    return encoded;
}

std::string value_in(const RaveItems& items, const RaveItem& item) {
    const auto found = items.find(item);
    return found == items.end() ? std::string() : found->second;
}

RaveItem key_of(const OdmSubjectEvent& event, const OdmItem& item) {
    return {event.event_oid,     event.event_repeat_key, item.form_oid,
            item.item_group_oid, item.group_repeat_key,  item.item_oid};
}

}  // namespace

RaveTarget::RaveTarget(RaveTargetSettings settings, ItemsOf items_of, AnalyteNames names,
                       std::vector<study::GradeScale> scales, const Clock& clock,
                       RateLimiter::Wait wait)
    : settings_(std::move(settings)),
      items_of_(std::move(items_of)),
      names_(std::move(names)),
      scales_(std::move(scales)),
      clock_(clock),
      http_(settings_.http),
      limiter_(clock, settings_.requests_per_minute, std::move(wait)) {}

RaveAnswer RaveTarget::ask(const HttpRequest& given) {
    RaveAnswer answer;
    const Result<std::string> password = read_secret(settings_.password_file);
    if (!password) {
        answer.kind = Kind::stopped;
        answer.why = describe(password.error());
        return answer;
    }
    if (!limiter_.acquire()) {
        answer.kind = Kind::away;
        answer.why = "the limit of requests a minute is used up";
        return answer;
    }
    HttpRequest request = given;
    request.headers.emplace_back("Authorization", "Basic " + base64(*password));
    return read_rave_answer(http_.send(request));
}

RaveAnswer RaveTarget::read_forms(const std::string& subject, const std::set<std::string>& forms,
                                  std::map<std::string, Stands>& stands) {
    RaveAnswer answer;
    answer.kind = Kind::accepted;
    Stands& there = stands[subject];
    for (const std::string& form : forms) {
        if (there.forms.contains(form)) {
            continue;
        }
        HttpRequest request;
        request.method = "GET";
        request.path =
            fmt::format("/RaveWebServices/studies/{}({})/subjects/{}/datasets/regular/{}",
                        url_part(settings_.project), url_part(settings_.environment),
                        url_part(subject), url_part(form));
        answer = ask(request);
        if (answer.kind == Kind::refused && answer.absent) {
            there.forms.insert(form);  // posting says whether that is wrong
            answer.kind = Kind::accepted;
            continue;
        }
        if (answer.kind == Kind::refused) {
            // A page of a proxy, a study of another name: it does not say that nothing stands
            // there.
            answer.kind = Kind::stopped;
            answer.why = without(fmt::format("reading form {}: {}", form, answer.why), {subject});
        }
        if (answer.kind != Kind::accepted) {
            return answer;
        }
        Result<RaveItems> items = read_rave_dataset(answer.body);
        if (!items) {
            answer.kind = Kind::lost;
            answer.why = describe(items.error());
            return answer;
        }
        for (auto& [item, value] : *items) {
            there.items[item] = std::move(value);
        }
        there.forms.insert(form);
    }
    return answer;
}

Preparation RaveTarget::prepare(const std::vector<Delivery>& deliveries) {
    changes_.clear();
    already_.clear();
    Preparation prepared;
    std::map<std::string, Stands> stands;
    std::map<SubjectId, RaveKeys> keys;
    for (const Delivery& delivery : deliveries) {
        RaveKeys& of_subject = keys[delivery.subject];
        of_subject.learn(delivery.standings.written);
        of_subject.learn(delivery.standings.sending);
        const RaveAnswer answer = plan(delivery, prepared.each.emplace_back(), stands, of_subject);
        if (answer.kind != Kind::accepted) {
            prepared.kind = answer.kind == Kind::stopped ? Preparation::Kind::stopped
                                                         : Preparation::Kind::retry;
            prepared.why = answer.why;
            return prepared;
        }
        already_[delivery.id] = prepared.each.back().stands;
    }
    return prepared;
}

RaveAnswer RaveTarget::plan(const Delivery& delivery, Preparation::Each& each,
                            std::map<std::string, Stands>& stands, RaveKeys& keys) {
    RaveAnswer answer;
    answer.kind = Kind::accepted;
    std::vector<Wanted> wanted;
    std::set<std::string> forms;
    for (const delivery::DeliveredResult& result : delivery.results) {
        const Standing before = standing_in(delivery.standings.written, result.number);
        const bool told = !before.content.empty();
        const Result<LabRows> rows = lab_rows(result, names_, scales_);
        if (result.study != settings_.study || (rows && !rows->forwarded && !told)) {
            continue;
        }
        Result<OdmSubjectEvent> event =
            rows ? items_of_(rows->current)
                 : Result<OdmSubjectEvent>(fail(rows.error().code, rows.error().place));
        if (!event) {
            each.refusals.push_back(
                {result.number, Code::delivery_rejected, describe(event.error())});
            continue;
        }
        for (const OdmItem& item : event->items) {
            forms.insert(item.form_oid);
        }
        for (const auto& [item, value] : items_from(before.content)) {
            forms.insert(item.form);
        }
        std::string draw = keys.number(*event, result.number);
        wanted.push_back({result, std::move(*event), std::move(draw)});
    }
    if (wanted.empty()) {
        return answer;
    }
    const std::string& subject = wanted.front().event.subject_key;
    answer = read_forms(subject, forms, stands);
    if (answer.kind == Kind::accepted) {
        Stands& there = stands[subject];
        std::vector<Change>& changes = changes_[delivery.id];
        for (const Wanted& one : wanted) {
            compare(one, delivery, there, each, changes);
        }
        for (const Change& change : changes) {
            for (const auto& [item, value] : change.wanted) {
                there.changed.insert(item);
            }
        }
    }
    return answer;
}

void RaveTarget::compare(const Wanted& one_result, const Delivery& delivery, Stands& there,
                         Preparation::Each& each, std::vector<Change>& changes) {
    const delivery::DeliveredResult& result = one_result.result;
    const OdmSubjectEvent& event = one_result.event;
    const RaveItems ours =
        items_from(standing_in(delivery.standings.written, result.number).content);
    RaveItems wanted;
    std::map<RaveItem, OdmItem> items;
    for (const OdmItem& item : event.items) {
        const RaveItem key = key_of(event, item);
        wanted[key] = item.remove ? std::string() : item.value;
        items[key] = item;
    }
    RaveItems all = wanted;
    all.insert(ours.begin(), ours.end());  // where it stood before it moved
    Change change;
    for (const auto& [key, ignored] : all) {
        const std::string now = value_in(there.items, key);
        const std::string value = value_in(wanted, key);
        // What an earlier delivery is about to write does not stand there yet: it is sent again.
        if (now == value && !there.changed.contains(key)) {
            continue;
        }
        if (now != value && now != value_in(ours, key)) {
            each.refusals.push_back(
                {result.number, Code::target_value_edited,
                 words_of(key) + ": changed at the site since labrelay wrote it"});
            return;
        }
        OdmSubjectEvent one{event.subject_key, event.site_oid, key.event, key.event_repeat, {}};
        OdmItem item = event.items.empty() ? OdmItem{} : event.items.front();
        if (const auto found = items.find(key); found != items.end()) {
            item = found->second;
        } else {
            item.form_oid = key.form;
            item.item_group_oid = key.group;
            item.group_repeat_key = key.group_repeat;
            item.item_oid = key.item;
            item.remove = true;
        }
        one.items.push_back(std::move(item));
        change.events.push_back(std::move(one));
        change.wanted[key] = value;
    }
    for (const auto& [key, value] : change.wanted) {
        there.items[key] = value;
    }
    const Standing standing{result.number, place_text(event, one_result.draw), to_text(wanted)};
    if (change.events.empty()) {
        each.stands.push_back(standing);
        return;
    }
    each.sending.push_back(standing);
    change.standing = standing;
    changes.push_back(std::move(change));
}

RaveAnswer RaveTarget::post(const std::vector<Change>& changes) {
    OdmHeader header = settings_.header;
    header.file_type = OdmFileType::transactional;
    header.created = clock_.now();
    header.file_oid = fmt::format("urn:labrelay:{}:{}", header.created.microseconds, ++documents_);
    std::vector<OdmSubjectEvent> events;
    for (const Change& change : changes) {
        events.insert(events.end(), change.events.begin(), change.events.end());
    }
    HttpRequest request;
    request.path = "/RaveWebServices/webservice.aspx?PostODMClinicalData";
    request.content_type = "text/xml; charset=utf-8";
    request.body = odm_transaction(header, events, OdmProfile::rave);
    RaveAnswer answer = ask(request);
    std::vector<std::string> secrets;
    for (const OdmSubjectEvent& event : events) {
        secrets.push_back(event.subject_key);
        for (const OdmItem& item : event.items) {
            secrets.push_back(item.value);
        }
    }
    answer.why = without(std::move(answer.why), secrets);
    return answer;
}

TargetAnswer RaveTarget::deliver(const std::vector<Delivery>& deliveries) {
    TargetAnswer answer{TargetAnswer::Kind::each, {}, false, {}};
    bool stopped = false;
    bool went_on = true;
    bool anything_sent = false;
    for (const Delivery& delivery : deliveries) {
        if (!went_on) {
            answer.each.push_back({DeliveryAnswer::Kind::retry, answer.why, {}, {}});
            continue;
        }
        DeliveryAnswer given = deliver_one(delivery, stopped);
        const std::vector<Standing>& already = already_[delivery.id];
        given.stands.insert(given.stands.end(), already.begin(), already.end());
        went_on = given.kind == DeliveryAnswer::Kind::delivered ||
                  given.kind == DeliveryAnswer::Kind::rejected;
        anything_sent = anything_sent || given.kind != DeliveryAnswer::Kind::retry;
        if (!went_on) {
            answer.why = given.why;
        }
        answer.each.push_back(std::move(given));
    }
    if (!anything_sent && !deliveries.empty()) {
        return {stopped ? TargetAnswer::Kind::stopped : TargetAnswer::Kind::retry,
                answer.why,
                false,
                {}};
    }
    return answer;
}

DeliveryAnswer RaveTarget::deliver_one(const Delivery& delivery, bool& stopped) {
    DeliveryAnswer given;
    const std::vector<Change>& changes = changes_[delivery.id];
    const RaveAnswer answer = post(changes);
    if (answer.kind != Kind::refused || changes.size() == 1) {
        take(changes, answer, given, stopped);
        return given;
    }
    // Refused as a whole: one by one, so that only what Rave refuses stays behind.
    for (const Change& change : changes) {
        take({change}, post({change}), given, stopped);
        if (given.kind == DeliveryAnswer::Kind::retry && !given.stands.empty()) {
            given.kind = DeliveryAnswer::Kind::unknown;  // told apart by reading back
        }
        if (given.kind == DeliveryAnswer::Kind::retry ||
            given.kind == DeliveryAnswer::Kind::unknown) {
            return given;
        }
    }
    if (!given.refusals.empty()) {
        given.kind = DeliveryAnswer::Kind::rejected;
    }
    return given;
}

void RaveTarget::take(const std::vector<Change>& changes, const RaveAnswer& answer,
                      DeliveryAnswer& given, bool& stopped) {
    given.why = answer.why;
    switch (answer.kind) {
        case Kind::stopped:
            stopped = true;
            [[fallthrough]];
        case Kind::away:
            given.kind = DeliveryAnswer::Kind::retry;
            return;
        case Kind::lost:
            given.kind = DeliveryAnswer::Kind::unknown;
            return;
        case Kind::refused:
            for (const Change& change : changes) {
                given.refusals.push_back(
                    {change.standing.number, Code::delivery_rejected,
                     words_of(change.wanted.begin()->first) + ": " + answer.why});
            }
            given.kind = DeliveryAnswer::Kind::rejected;
            return;
        case Kind::accepted:
            break;
    }
    std::size_t sent = 0;
    for (const Change& change : changes) {
        sent += change.wanted.size();
    }
    if (static_cast<std::size_t>(answer.fields) != sent) {
        given.why = fmt::format("{} items were sent and {} touched", sent, answer.fields);
        prove(changes, given);
        return;
    }
    for (const Change& change : changes) {
        given.stands.push_back(change.standing);
    }
}

}  // namespace labrelay::targets
