#include "labrelay/api/traffic_routes.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "counted_holds.hpp"
#include "event_stream.hpp"
#include "labrelay/store/ledger_query.hpp"
#include "labrelay/store/message_list.hpp"
#include "labrelay/store/problem_board.hpp"
#include "labrelay/views/problem_page.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using nlohmann::ordered_json;
using security::Permission;

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::int64_t kDayUs = 24 * kHourUs;
constexpr std::size_t kHours = 24;

constexpr const char* kTrafficSchema = R"({"type":"object","required":["at","node","sources",
"balance"],"properties":{"at":{"type":"string"},"node":{"type":"object","required":["id","shared"]},
"sources":{"type":"array","items":{"type":"object","required":
["id","name","mode","last_message","silent","silence_minutes","habit_minutes","messages_24h",
"held_24h","hours","ack_p50_ms","ack_p99_ms","ack_answers_24h","clock_skew_s","sequence_gaps",
"new_findings"],"properties":{"hours":{"type":
"array","minItems":24,"maxItems":24}}}},"balance":{"type":"array","items":{"type":"object",
"required":["day","source","messages","received","stored","held","ignored","balanced",
"held_by_rule","ignored_by_rule","duplicates","refused","quarantined"]}}}})";
constexpr const char* kSourceSchema = R"({"type":"object","required":["id","mode","node","file",
"recognise","connections","drift","lines","approvals"],"properties":{"connections":{"type":"array",
"items":{"type":"object","required":["peer","way","tls","since","last_message","messages",
"certificate"]}}}})";

struct Day {
    std::array<store::TrafficHour, kHours> hours;
    std::int64_t messages = 0;
    std::int64_t held = 0;
    std::int64_t gaps = 0;
};

std::map<std::string, Day> last_day(store::ReadSession& session, const views::Sight& sight,
                                    Instant now) {
    const Instant since{now.microseconds - kDayUs};
    std::map<std::string, Day> days;
    std::vector<store::TrafficHour> hours = store::traffic_hours(session, since, now);
    if (sight.blinded()) {
        const auto held = counted_holds(session, sight, since, now, {});
        for (store::TrafficHour& hour : hours) {
            const auto of_source = held.find(hour.source);
            hour.held = of_source == held.end()
                            ? 0
                            : std::ranges::count_if(of_source->second, [&](const auto& one) {
                                  return (one.second.microseconds - since.microseconds) / kHourUs ==
                                         hour.hour;
                              });
        }
    }
    for (const store::TrafficHour& hour : hours) {
        Day& day = days[hour.source];
        if (hour.hour >= 0 && hour.hour < static_cast<std::int64_t>(kHours)) {
            day.hours[static_cast<std::size_t>(hour.hour)] = hour;
        }
        day.messages += hour.messages;
        day.held += hour.held;
        day.gaps += hour.sequence_gaps;
    }
    return days;
}

/// MSH-7 against our clock, where it says enough.
ordered_json skew_json(const mapping::SourceDefinition& source, const store::LastHeard& last) {
    const Result<Timestamp> time = parse_hl7_time(last.message_time);
    if (!time || !time->has_time() || !source.zone) {
        return {};
    }
    const Result<LocalTime> local = source.zone->local(*time);
    if (!local || !local->instant) {
        return {};
    }
    return (local->instant->microseconds - last.received.microseconds) / 1'000'000;
}

/// Causes that were never seen of the source before today.
std::map<std::string, std::set<std::string>> new_today(store::ReadSession& session,
                                                       const views::Sight& sight, Instant now) {
    std::map<std::string, std::set<std::string>> found;
    for (store::BoardProblem& read : store::problem_board(session, store::ProblemState::open)) {
        if (read.first.microseconds >= now.microseconds - kDayUs) {
            const std::string source = read.source;
            if (const auto problem = views::seen(std::move(read), sight)) {
                found[source].insert(std::string(key(problem->rule)));
            }
        }
    }
    return found;
}

/// Tenths are as good as the buckets that they come from.
ordered_json milliseconds_json(const std::optional<double>& time) {
    return time ? ordered_json(std::round(*time * 10) / 10) : ordered_json();
}

/// Latencies and connections are what this node knows: where others share the store they have their
/// own.
ordered_json node_json(const Services& services) {
    return {{"id", std::to_string(services.writer.node())},
            {"shared", services.engine.shares_store()}};
}

ordered_json connections_json(const std::vector<transport::OpenConnection>& open, Instant now) {
    const auto before = [now](std::chrono::milliseconds time) {
        return to_iso(Instant{now.microseconds - std::chrono::microseconds(time).count()});
    };
    ordered_json json = ordered_json::array();
    for (const transport::OpenConnection& one : open) {
        ordered_json certificate;
        if (!one.peer.subject.empty()) {
            certificate = {{"subject", one.peer.subject},
                           {"expires", one.peer.expires ? ordered_json(to_iso(*one.peer.expires))
                                                        : ordered_json()}};
        }
        json.push_back({{"peer", one.peer.address},
                        {"way", one.peer.way},
                        {"tls", one.peer.tls},
                        {"since", before(one.age)},
                        {"last_message", before(one.quiet)},
                        {"messages", one.messages},
                        {"certificate", std::move(certificate)}});
    }
    return json;
}

ordered_json source_json(const mapping::SourceDefinition& source, const Day& day,
                         const std::set<std::string>& news, const LiveSource& live,
                         store::ReadSession& session, Instant now) {
    const auto last = store::last_heard(session, source.id);
    ordered_json json{
        {"id", source.id},
        {"name", source.name},
        {"mode", mapping::to_string(source.mode)},
        {"last_message", last ? ordered_json(to_iso(last->received)) : ordered_json()}};
    std::int64_t silence = 0;
    bool silent = false;
    if (last && source.habit && source.zone) {
        const auto quiet =
            mapping::silence_between(*source.habit, *source.zone, last->received, now);
        silence = quiet.count();
        silent = quiet > source.habit->silence;
    } else if (last) {
        silence = (now.microseconds - last->received.microseconds) / 60'000'000;
    }
    json["silent"] = silent;
    json["silence_minutes"] = last ? ordered_json(silence) : ordered_json();
    json["habit_minutes"] =
        source.habit ? ordered_json(source.habit->silence.count()) : ordered_json();
    json["messages_24h"] = day.messages;
    json["held_24h"] = day.held;
    json["hours"] = ordered_json::array();
    for (const store::TrafficHour& hour : day.hours) {
        json["hours"].push_back({{"messages", hour.messages}, {"held", hour.held}});
    }
    json["ack_p50_ms"] = milliseconds_json(live.ack_p50_ms);
    json["ack_p99_ms"] = milliseconds_json(live.ack_p99_ms);
    json["ack_answers_24h"] = live.answers;
    json["clock_skew_s"] = last ? skew_json(source, *last) : ordered_json();
    json["sequence_gaps"] = day.gaps;
    json["new_findings"] = ordered_json::array();
    for (const std::string& rule : news) {
        const auto code = code_from_key(rule);
        json["new_findings"].push_back(
            {{"rule", rule}, {"sentence", code ? entry(*code).text : std::string_view()}});
    }
    return json;
}

ordered_json rules_json(const std::vector<store::RuleCount>& counts) {
    ordered_json json = ordered_json::array();
    for (const store::RuleCount& count : counts) {
        json.push_back({{"rule", key(count.rule)},
                        {"sentence", entry(count.rule).text},
                        {"count", count.count}});
    }
    return json;
}

/// What is closed to the person is in none of its counts; a day's sum says nothing of a site.
ordered_json balance_json(const store::LedgerRow& row) {
    return {{"day", labrelay::to_string(row.day)},
            {"source", row.source},
            {"messages", row.messages},
            {"received", row.received},
            {"stored", row.stored},
            {"held", row.held},
            {"ignored", row.ignored},
            {"balanced", row.balanced()},
            {"held_by_rule", rules_json(row.held_by_rule)},
            {"ignored_by_rule", rules_json(row.ignored_by_rule)},
            {"duplicates", row.duplicates},
            {"refused", row.refused},
            {"quarantined", row.quarantined}};
}

Result<Response> traffic(const Services& services, const Request& request) {
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::traffic_view);
    const auto days = last_day(**session, sight, request.at);
    const auto news = new_today(**session, sight, request.at);
    ordered_json json{{"at", to_iso(request.at)},
                      {"node", node_json(services)},
                      {"sources", ordered_json::array()}};
    const Day none;
    for (const mapping::SourceDefinition& source : sight.configuration().sources()) {
        const auto day = days.find(source.id);
        const auto fresh = news.find(source.id);
        json["sources"].push_back(
            source_json(source, day == days.end() ? none : day->second,
                        fresh == news.end() ? std::set<std::string>() : fresh->second,
                        services.engine.live_source(source.id), **session, request.at));
    }
    json["balance"] = ordered_json::array();
    store::LedgerFilter filter;
    filter.without = sight.closed_analytes();
    filter.from = Instant{request.at.microseconds / kDayUs * kDayUs};
    if (const auto from = instant_of(request, "day"); from && *from) {
        filter.from = **from;
        filter.until = Instant{(*from)->microseconds + kDayUs};
    }
    for (const store::LedgerRow& row : store::ledger(**session, filter)) {
        json["balance"].push_back(balance_json(row));
    }
    return answer(json);
}

Result<Response> source(const Services& services, const Request& request) {
    const auto configuration = services.snapshots.configuration();
    const mapping::SourceDefinition* known = configuration->source(request.parameter("id"));
    if (known == nullptr) {
        return fail(Code::not_found, Place{"source"});
    }
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const auto counts =
        store::code_counts(**session, known->id, Instant{request.at.microseconds - 30 * kDayUs});
    const views::Sight sight = sight_of(services, request, Permission::traffic_view);
    const auto day = last_day(**session, sight, request.at);
    const auto today = day.find(known->id);
    const auto news = new_today(**session, sight, request.at);
    const auto fresh = news.find(known->id);
    const LiveSource live = services.engine.live_source(known->id);
    ordered_json json = source_json(*known, today == day.end() ? Day{} : today->second,
                                    fresh == news.end() ? std::set<std::string>() : fresh->second,
                                    live, **session, request.at);
    json["node"] = node_json(services);
    json["file"] = known->file;
    json["recognise"] = known->recognise.size();
    json["connections"] = connections_json(live.connections, request.at);
    json["drift"] = ordered_json::array();
    json["lines"] = ordered_json::array();
    for (const mapping::ObservationLine& line : known->observations) {
        if (sight.is_closed(line.analyte)) {
            continue;
        }
        std::int64_t count = 0;
        for (const store::CodeCount& one : counts) {
            if (mapping::closeness(line, one.code, one.system)) {
                count += one.count;
            }
        }
        json["lines"].push_back({{"code", line.code},
                                 {"system", line.system},
                                 {"analyte", line.analyte},
                                 {"unit", line.assume_unit},
                                 {"count_30d", count}});
    }
    // Codes that came and no line takes: what a mapping lacks shows here first.
    for (const store::CodeCount& one : counts) {
        const bool taken = std::ranges::any_of(known->observations, [&](const auto& line) {
            return mapping::closeness(line, one.code, one.system).has_value();
        });
        const bool ignored = std::ranges::any_of(known->ignores, [&](const auto& line) {
            return mapping::closeness(line, one.code, one.system).has_value();
        });
        if (!taken && !ignored && !sight.names_closed(one.code)) {
            json["drift"].push_back(
                {{"code", one.code}, {"system", one.system}, {"count", one.count}});
        }
    }
    json["approvals"] = ordered_json::array();
    if (!known->approved_by.empty()) {
        json["approvals"].push_back(
            {{"by", known->approved_by},
             {"on", known->approved_on ? ordered_json(labrelay::to_string(*known->approved_on))
                                       : ordered_json()}});
    }
    return answer(json);
}

}  // namespace

void add_traffic_routes(Router& router, const Services& services, LiveStreams& streams) {
    const Access view = Access::within(Permission::traffic_view);
    router.add({Method::get,
                "/traffic",
                view,
                "Sources over the last 24 hours, and the balance sheet of a day",
                {{"day", "of the balance, ISO 8601; today where not given"}},
                {},
                kTrafficSchema,
                [services](const Request& request) { return traffic(services, request); }});
    router.add({Method::get,
                "/sources/{id}",
                view,
                "One source: its lines and how often their codes came",
                {},
                {},
                kSourceSchema,
                [services](const Request& request) { return source(services, request); }});
    router.add({Method::get,
                "/traffic/live",
                view,
                "Messages as they come, as server-sent events",
                {},
                {},
                {},
                [services, &streams](const Request& request) -> Result<Response> {
                    return event_stream(services, request, streams, EventNames::none);
                }});
    router.add({Method::get,
                "/events",
                view,
                "What changes, as server-sent events: traffic, engine, problems, job",
                {},
                {},
                {},
                [services, &streams](const Request& request) -> Result<Response> {
                    return event_stream(services, request, streams, EventNames::all);
                }});
}

}  // namespace labrelay::api
