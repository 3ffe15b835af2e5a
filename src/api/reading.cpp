#include "reading.hpp"

#include <nlohmann/json.hpp>

#include "labrelay/store/desk.hpp"

namespace labrelay::api {
namespace {

constexpr std::int64_t kRevealUs = 15LL * 60 * 1'000'000;

}  // namespace

views::Sight sight_of(const Services& services, const Request& request,
                      security::Permission permission) {
    return {request.who, permission, services.snapshots.configuration(),
            services.snapshots.registry()};
}

bool is_revealed(store::ReadSession& session, const Request& request, std::string_view object) {
    return request.who.command ||
           (request.who.may(security::Permission::identity_reveal) &&
            store::is_revealed(session, request.who.session, object, request.at));
}

Result<Response> reveal(const Services& services, const Request& request, std::string_view object) {
    const Result<nlohmann::json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const store::Act act = request.act(security::Permission::identity_reveal, *body);
    if (act.session.empty()) {
        return fail(Code::forbidden, {}, "a command sees identity without it");
    }
    if (act.reason.empty()) {
        return fail(Code::reason_needed);
    }
    const Instant until{request.at.microseconds + kRevealUs};
    store::Desk desk(services.writer);
    store::reveal(desk, act, object, until);
    desk.commit();
    return answer({{"until", to_iso(until)}});
}

Result<MessageId> message_id_of(const Request& request) {
    const auto id = parse_message_id(request.parameter("id"));
    if (!id) {
        return fail(Code::not_found, Place{"message"});
    }
    return *id;
}

Result<std::optional<Instant>> instant_of(const Request& request, std::string_view name) {
    return instant_from(request.asked(name), name);
}

Result<std::optional<Instant>> instant_from(std::string_view text, std::string_view name) {
    if (text.empty()) {
        return std::optional<Instant>();
    }
    Result<Timestamp> time = parse_iso_time(text);
    const Result<Zone> utc = Zone::find("Etc/UTC");
    if (!time || !utc || time->precision < Precision::day) {
        return fail(Code::parameter_bad, Place{std::string(name)}, "a day or a time is needed");
    }
    if (!time->has_time()) {
        time->precision = Precision::fraction;
    }
    const Result<LocalTime> local = utc->local(*time);
    if (!local || !local->instant) {
        return fail(Code::parameter_bad, Place{std::string(name)}, "a day or a time is needed");
    }
    return local->instant;
}

}  // namespace labrelay::api
