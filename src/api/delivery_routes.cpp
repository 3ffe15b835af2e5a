#include "labrelay/api/delivery_routes.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <span>

#include "labrelay/store/delivery_query.hpp"
#include "labrelay/views/target_words.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using delivery::DeliveryState;
using nlohmann::ordered_json;
using security::Permission;

constexpr std::int64_t kRateUs = 5LL * 60 * 1'000'000;
/// Pages of rows that one request reads over; what it did not come to is behind its cursor.
constexpr int kMostPages = 20;

constexpr const char* kSchema = R"({"type":"object","required":["targets","items","next"],
"properties":{"targets":{"type":"array","items":{"type":"object","required":["name","state","lag_s",
"waiting","oldest","rate_per_min","last_error"]}},"items":{"type":"array","items":{"type":"object",
"required":["id","target","state","subject","message_id","results","attempts","not_before","closed",
"why"]}},"next":{"type":["string","null"]}}})";

// What still needs somebody or something comes first.
constexpr std::array kAsked{DeliveryState::rejected, DeliveryState::unknown, DeliveryState::sending,
                            DeliveryState::retry, DeliveryState::ready};

ordered_json target_json(const store::TargetStanding& target, const views::Sight& sight,
                         Instant now) {
    const auto lag = target.oldest
                         ? ordered_json(std::max<std::int64_t>(
                               0, (now.microseconds - target.oldest->microseconds) / 1'000'000))
                         : ordered_json(0);
    std::string_view state = "idle";
    if (target.rejected > 0) {
        state = "rejected";
    } else if (target.waiting > 0) {
        state = target.last_error.empty() ? "sending" : "away";
    }
    return {{"name", target.name},
            {"state", state},
            {"lag_s", lag},
            {"waiting", target.waiting},
            {"unknown", target.unknown},
            {"rejected", target.rejected},
            {"oldest", target.oldest ? ordered_json(to_iso(*target.oldest)) : ordered_json()},
            {"rate_per_min", static_cast<double>(target.delivered_since) / 5.0},
            {"last_error", views::target_words(target.last_error, target.last_error_of, sight)}};
}

ordered_json row_json(const store::DeliveryRow& row, const views::Sight& sight) {
    const study::Subject* subject = sight.registry().subject(row.subject);
    const auto time = [](const std::optional<Instant>& at) {
        return at ? ordered_json(to_iso(*at)) : ordered_json();
    };
    return {{"id", std::to_string(row.id)},
            {"target", row.target},
            {"state", delivery::to_string(row.state)},
            {"subject", subject == nullptr
                            ? ordered_json()
                            : ordered_json{{"id", subject->id.value}, {"label", subject->label()}}},
            {"message_id", row.message ? ordered_json(to_base32(*row.message)) : ordered_json()},
            // How many of them there are would tell of what is closed.
            {"results", sight.blinded() ? ordered_json() : ordered_json(row.results)},
            {"attempts", row.attempts},
            {"not_before", time(row.not_before)},
            {"closed", time(row.closed)},
            {"why", views::target_words(row.why, row.subject, sight)}};
}

/// Of what belongs to no subject, a study's lock, whoever sees a whole study.
bool is_seen(const store::DeliveryRow& row, const views::Sight& sight) {
    return row.subject ? sight.sees(row.subject) : sight.sees_unplaced("");
}

/// `state:target:id`: where a page of several states and targets ended.
struct Cursor {
    std::size_t state = 0;
    std::string target;
    std::int64_t after = 0;
};

std::string text_of_cursor(const Cursor& cursor) {
    return std::to_string(cursor.state) + ":" + cursor.target + ":" + std::to_string(cursor.after);
}

std::optional<Cursor> cursor_from(std::string_view text) {
    const std::size_t first = text.find(':');
    const std::size_t last = text.rfind(':');
    if (first == std::string_view::npos || first == last) {
        return std::nullopt;
    }
    Cursor cursor;
    cursor.target = text.substr(first + 1, last - first - 1);
    const auto [a, bad] = std::from_chars(text.data(), text.data() + first, cursor.state);
    const auto [b, error] =
        std::from_chars(text.data() + last + 1, text.data() + text.size(), cursor.after);
    if (bad != std::errc() || error != std::errc()) {
        return std::nullopt;
    }
    return cursor;
}

/// A page of what the person sees, state by state and in each target by target.
struct Listing {
    store::ReadSession& session;
    const views::Sight& sight;
    const std::vector<store::TargetStanding>& targets;
    std::string_view only;  ///< a target's name; empty: all
    std::size_t limit;
    ordered_json items = ordered_json::array();
    int pages_left = kMostPages;

    /// Where to go on; nothing: that was all. Short pages are no end: most rows may be of others.
    std::optional<Cursor> read(std::span<const DeliveryState> states, const Cursor& after) {
        for (std::size_t state = after.state; state < states.size(); ++state) {
            for (const store::TargetStanding& target : targets) {
                const bool here = state == after.state && target.name == after.target;
                const bool passed = state == after.state && target.name < after.target;
                if (passed || (!only.empty() && target.name != only)) {
                    continue;
                }
                Cursor cursor{state, target.name, here ? after.after : 0};
                if (!read_target(states[state], cursor)) {
                    return cursor;
                }
            }
        }
        return std::nullopt;
    }

private:
    /// To the end of one state of one target; false: not to its end, which is behind the cursor.
    bool read_target(DeliveryState state, Cursor& cursor) {
        while (items.size() < limit && pages_left > 0) {
            --pages_left;
            const auto rows =
                store::delivery_page(session, {cursor.target, state, cursor.after, limit});
            for (const store::DeliveryRow& row : rows) {
                if (items.size() == limit) {
                    return false;
                }
                cursor.after = row.id;
                if (is_seen(row, sight)) {
                    items.push_back(row_json(row, sight));
                }
            }
            if (rows.size() < limit) {
                return true;
            }
        }
        return false;
    }
};

Result<Response> list(const Services& services, const Request& request) {
    const Result<std::size_t> limit = request.limit();
    if (!limit) {
        return tl::unexpected(limit.error());
    }
    std::vector<DeliveryState> states(kAsked.begin(), kAsked.end());
    if (const std::string_view asked = request.asked("state"); !asked.empty()) {
        const auto state = delivery::delivery_state_from(asked);
        if (!state) {
            return fail(Code::parameter_bad, Place{"state"});
        }
        states = {*state};
    }
    std::optional<Cursor> after;
    if (!request.asked("after").empty()) {
        after = cursor_from(request.asked("after"));
        if (!after) {
            return fail(Code::parameter_bad, Place{"after"});
        }
    }
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::deliveries_view);
    auto targets = store::target_standings(**session, Instant{request.at.microseconds - kRateUs});
    std::ranges::sort(targets, {}, &store::TargetStanding::name);  // as the cursor compares them
    ordered_json json{{"targets", ordered_json::array()}, {"items", ordered_json::array()}};
    for (const store::TargetStanding& target : targets) {
        json["targets"].push_back(target_json(target, sight, request.at));
    }
    Listing listing{**session, sight, targets, request.asked("target"), *limit};
    const std::optional<Cursor> next = listing.read(states, after.value_or(Cursor{}));
    json["items"] = std::move(listing.items);
    json["next"] = next ? ordered_json(text_of_cursor(*next)) : ordered_json();
    return answer(json);
}

/// A delivery of a subject that the person may send of. Errors: not-found, reason-needed.
Result<Response> resend(const Services& services, const Request& request) {
    const Result<std::int64_t> id = request.number("id");
    if (!id) {
        return tl::unexpected(id.error());
    }
    const Result<nlohmann::json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const store::Act act = request.act(Permission::deliveries_resend, *body);
    if (act.reason.empty()) {
        return fail(Code::reason_needed, Place{"reason"});
    }
    {
        auto session = services.reads.borrow();
        if (!session) {
            return tl::unexpected(session.error());
        }
        const auto row = store::delivery(**session, *id);
        const views::Sight sight = sight_of(services, request, Permission::deliveries_resend);
        if (!row || !is_seen(*row, sight)) {
            return fail(Code::not_found, Place{"delivery"});
        }
    }
    Result<std::string> told = services.engine.resend_delivery(std::to_string(*id), act);
    if (!told) {
        return tl::unexpected(told.error());
    }
    return answer({{"id", *id}, {"told", std::move(*told)}});
}

}  // namespace

void add_delivery_routes(Router& router, const Services& services) {
    router.add({Method::get,
                "/deliveries",
                Access::within(Permission::deliveries_view),
                "What targets were told and are still to be told",
                {{"target", "name of a target"},
                 {"state", "ready, sending, delivered, retry, rejected or unknown"},
                 {"limit", "1 to 500", "integer"},
                 {"after", "cursor"}},
                {},
                kSchema,
                [services](const Request& request) { return list(services, request); }});
    router.add(
        {Method::post,
         "/deliveries/{id}/resend",
         Access::within(Permission::deliveries_resend),
         "Send a rejected delivery again",
         {},
         R"({"type":"object","required":["reason"],"properties":{"reason":{"type":"string"}}})",
         R"({"type":"object","required":["id","told"]})",
         [services](const Request& request) { return resend(services, request); }});
}

}  // namespace labrelay::api
