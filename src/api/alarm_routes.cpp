#include "labrelay/api/alarm_routes.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/critical_query.hpp"
#include "labrelay/store/incident_desk.hpp"
#include "labrelay/views/repair.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using Json = nlohmann::ordered_json;
using security::Permission;

Json json_of(const store::NoticeRow& notice) {
    return {{"channel", notice.channel},
            {"over", notice.over},
            {"state", std::string(store::to_string(notice.state))},
            {"at", to_iso(notice.at)},
            {"attempts", notice.attempts},
            {"why", notice.why}};
}

Json json_of(const store::IncidentRow& incident) {
    Json notified = Json::array();
    for (const store::NoticeRow& notice : incident.notices) {
        notified.push_back(json_of(notice));
    }
    return {{"id", incident.id},
            {"kind", incident.kind},
            {"object", incident.object},
            {"opened", to_iso(incident.opened)},
            {"closed", incident.closed ? Json(to_iso(*incident.closed)) : Json()},
            {"text", incident.text},
            {"advice", incident.advice},
            {"notified", std::move(notified)}};
}

/// Of a critical value: whoever may see whose it is, and is not blinded to what it is of.
bool is_seen(store::ReadSession& session, const views::Sight& sight,
             const store::IncidentRow& incident) {
    const auto id = views::observation_from(incident.object);
    const auto row = id ? store::critical_value(session, *id) : std::nullopt;
    if (!row) {
        return true;
    }
    const study::Subject* subject =
        row->subject ? sight.registry().subject(*row->subject) : nullptr;
    if (subject == nullptr) {
        return sight.sees_unplaced(row->source) && !sight.is_closed(row->analyte);
    }
    return sight.sees(*subject) && !sight.is_closed(subject->study, row->analyte);
}

Result<Response> list(const Services& services, const AlarmPort& alarms, const Request& request) {
    const Result<PageAsked> asked = request.page_asked();
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    auto reading = services.reads.borrow();
    if (!reading) {
        return tl::unexpected(reading.error());
    }
    const std::vector<store::IncidentRow> rows =
        store::incidents(**reading, asked->after, asked->limit);
    Json items = Json::array();
    const views::Sight sight = sight_of(services, request, Permission::settings_view);
    for (const store::IncidentRow& row : rows) {
        if (is_seen(**reading, sight, row)) {
            items.push_back(json_of(row));
        }
    }
    Json channels = Json::array();
    for (const AlarmChannelView& channel : alarms.channels()) {
        channels.push_back({{"name", channel.name},
                            {"kind", channel.kind},
                            {"where", channel.where},
                            {"about", channel.about},
                            {"study", channel.study}});
    }
    const bool more = rows.size() == asked->limit;
    return answer({{"items", std::move(items)},
                   {"next", more ? Json(std::to_string(rows.back().id)) : Json()},
                   {"total", nullptr},
                   {"channels", std::move(channels)}});
}

Result<Response> test(const Services& services, AlarmPort& alarms, const Request& request) {
    const Result<nlohmann::json> asked = request.json();
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    const auto named = asked->find("channel");
    std::string channel;
    if (named != asked->end() && named->is_string()) {
        channel = named->get<std::string>();
    }
    const std::vector<AlarmTrial> trials = alarms.try_channels(channel);
    if (trials.empty()) {
        return fail(Code::not_found, Place{channel}, "There is no such channel.");
    }
    Json sent = Json::array();
    Json failed = Json::array();
    for (const AlarmTrial& trial : trials) {
        if (trial.why.empty()) {
            sent.push_back(trial.channel);
        } else {
            failed.push_back({{"channel", trial.channel}, {"why", trial.why}});
        }
    }
    const Json outcome = {{"sent", std::move(sent)}, {"failed", std::move(failed)}};
    store::Desk desk(services.writer);
    desk.audit(request.act(Permission::settings_change, *asked),
               {"alarm", "alarm channels tried", "alarm", channel, {}, outcome.dump()});
    desk.commit();
    return answer(outcome);
}

}  // namespace

void add_alarm_routes(Router& router, const Services& services, AlarmPort& alarms) {
    router.add(
        {Method::get,
         "/alarms",
         Access::of(Permission::settings_view),
         "Incidents, the newest first, whom they were told to, and the channels",
         {{"limit", "items of a page", "integer"}, {"after", "the last page's next"}},
         {},
         R"({"type":"object","properties":{"items":{"type":"array"},"next":{},"total":{},)"
         R"("channels":{"type":"array"}}})",
         [services, &alarms](const Request& request) { return list(services, alarms, request); }});
    router.add(
        {Method::post,
         "/alarms/test",
         Access::of(Permission::settings_change),
         "Send a trial notice to one channel or to all",
         {},
         R"({"type":"object","properties":{"channel":{"type":"string"}}})",
         R"({"type":"object","properties":{"sent":{"type":"array"},)"
         R"("failed":{"type":"array"}}})",
         [services, &alarms](const Request& request) { return test(services, alarms, request); }});
}

void add_settings_routes(Router& router, std::vector<SettingView> settings) {
    router.add({Method::get,
                "/settings",
                Access::of(Permission::settings_view),
                "The server's settings as they are in force, secrets left out",
                {},
                {},
                R"({"type":"object","properties":{"items":{"type":"array"}}})",
                [settings = std::move(settings)](const Request&) -> Result<Response> {
                    Json items = Json::array();
                    for (const SettingView& setting : settings) {
                        items.push_back({{"name", setting.name},
                                         {"value", setting.value ? Json(*setting.value) : Json()},
                                         {"meaning", setting.meaning}});
                    }
                    return answer({{"items", std::move(items)}});
                }});
}

}  // namespace labrelay::api
