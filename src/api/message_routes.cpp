#include "labrelay/api/message_routes.hpp"

#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/store/message_list.hpp"
#include "labrelay/store/message_query.hpp"
#include "labrelay/views/message_diff.hpp"
#include "labrelay/views/message_page.hpp"
#include "patient_places.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using nlohmann::ordered_json;
using security::Permission;

constexpr int kMostPages = 20;

constexpr const char* kListSchema = R"({"type":"object","required":["items","next"],"properties":{
"items":{"type":"array","items":{"type":"object","required":["message_id","control_id","source",
"state","rule","received_at","counts"]}},"next":{"type":["string","null"]}}})";
constexpr const char* kMessageSchema = R"({"type":"object","required":["message_id","control_id",
"source","message_type","state","rule","received_at","size","sha256","sha256_proven","answer",
"counts","config_hash","registry_version","duplicates","members","masked","segments","findings",
"observations","again"],"properties":{"sha256_proven":{"type":"boolean"},"masked":{"type":
"boolean"},"segments":{"type":"array","items":{"type":"object","required":["position","id","name",
"text","offset","length","fields"],"properties":{"fields":{"type":"array","items":{"type":"object",
"required":["number","name","text","offset","length","masked","repetitions"]}}}}},"findings":{
"type":"array","items":{"type":"object","required":["code","severity","place","offset","length",
"sentence"]}},"observations":{"type":"array","items":{"type":"object","required":["ordinal","place",
"disposition","rule","sentence","code","analyte","value_reported","unit_reported","lineage"]}}}})";
constexpr const char* kDiffSchema = R"({"type":"object","required":["other","segments"],
"properties":{"segments":{"type":"array","items":{"type":"object","required":["kind","id","left",
"right","fields"],"properties":{"kind":{"enum":["same","changed","added","removed"]}}}}}})";
constexpr const char* kRevealTakes =
    R"({"type":"object","required":["reason"],"properties":{"reason":{"type":"string"}}})";
constexpr const char* kRevealGives =
    R"({"type":"object","required":["until"],"properties":{"until":{"type":"string"}}})";

Result<std::optional<store::MessageCursor>> cursor_of(const Request& request) {
    const std::string_view text = request.asked("after");
    if (text.empty()) {
        return std::optional<store::MessageCursor>();
    }
    store::MessageCursor cursor;
    const char* const end = text.data() + text.size();
    const auto [dot, bad] = std::from_chars(text.data(), end, cursor.received_us);
    if (bad == std::errc() && dot != end && *dot == '.') {
        const auto [rest, error] = std::from_chars(dot + 1, end, cursor.message_id);
        if (error == std::errc() && rest == end) {
            return std::optional(cursor);
        }
    }
    return fail(Code::parameter_bad, Place{"after"});
}

/// Those of a page that are for the person, with what of their counts is, and of these the ones in
/// the state asked for.
std::vector<store::LedgerMessage> seen(store::ReadSession& session,
                                       std::vector<store::LedgerMessage> messages,
                                       const views::Sight& sight,
                                       std::optional<study::MessageState> state) {
    std::vector<MessageId> ids;
    for (const store::LedgerMessage& message : messages) {
        ids.push_back(message.id);
    }
    if (!sight.everywhere()) {
        const auto subjects = store::subjects_of(session, ids);
        std::erase_if(messages, [&](const store::LedgerMessage& message) {
            return !sight.sees_message(message.source, subjects.at(message.id));
        });
    }
    if (sight.blinded()) {
        const auto counts = store::analyte_counts(session, ids);
        for (store::LedgerMessage& message : messages) {
            views::keep_open(message, counts.at(message.id), sight);
        }
    }
    std::erase_if(messages, [&](const store::LedgerMessage& message) {
        return state && message.state != *state;
    });
    return messages;
}

Result<Response> by_control_id(store::ReadSession& session, const Request& request,
                               const store::MessageListFilter& filter, const views::Sight& sight) {
    std::vector<store::LedgerMessage> found;
    for (const MessageId id : store::find_messages(session, request.asked("control_id"))) {
        auto message = store::listed_message(session, id);
        if (message && (!filter.source || message->source == *filter.source) &&
            (!filter.from || message->received_at >= *filter.from) &&
            (!filter.until || message->received_at < *filter.until)) {
            found.push_back(std::move(*message));
        }
    }
    ordered_json items = ordered_json::array();
    for (const store::LedgerMessage& message :
         seen(session, std::move(found), sight, filter.state)) {
        items.push_back(views::message_json(message));
    }
    return page(std::move(items), {});
}

Result<Response> list(const Services& services, const Request& request) {
    store::MessageListFilter filter;
    const Result<std::size_t> limit = request.limit();
    const auto from = instant_of(request, "from");
    const auto until = instant_of(request, "to");
    const auto after = cursor_of(request);
    if (!limit || !from || !until || !after) {
        return tl::unexpected(!limit   ? limit.error()
                              : !from  ? from.error()
                              : !until ? until.error()
                                       : after.error());
    }
    filter.limit = *limit;
    filter.from = *from;
    filter.until = *until;
    filter.after = *after;
    if (!request.asked("source").empty()) {
        filter.source = std::string(request.asked("source"));
    }
    if (!request.asked("state").empty()) {
        filter.state = study::message_state_from(request.asked("state"));
        if (!filter.state) {
            return fail(Code::parameter_bad, Place{"state"});
        }
    }
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::messages_view);
    if (!request.asked("control_id").empty()) {
        return by_control_id(**session, request, filter, sight);
    }
    // What is held by something closed is processed, as the person sees it.
    const std::optional<study::MessageState> state = filter.state;
    if (sight.blinded() && state == study::MessageState::processed) {
        filter.state.reset();
    }
    ordered_json items = ordered_json::array();
    std::string next;
    for (int pages = 0; pages < kMostPages && items.size() < *limit; ++pages) {
        const auto read = store::message_list(**session, filter);
        next.clear();
        if (read.empty()) {
            break;
        }
        const auto cursor_after = [](const store::LedgerMessage& message) {
            return std::to_string(message.received_at.microseconds) + "." +
                   std::to_string(message.id.value);
        };
        bool full = false;
        for (const store::LedgerMessage& message : seen(**session, read, sight, state)) {
            items.push_back(views::message_json(message));
            if (items.size() == *limit) {
                next = cursor_after(message);
                full = true;
                break;
            }
        }
        if (full) {
            break;
        }
        if (read.size() < filter.limit) {
            break;
        }
        next = cursor_after(read.back());
        filter.after =
            store::MessageCursor{read.back().received_at.microseconds, read.back().id.value};
    }
    return page(std::move(items), next);
}

std::vector<SubjectId> subjects_of(const store::MessageDetail& detail) {
    std::vector<SubjectId> subjects;
    for (const store::ObservationLine& line : detail.observations) {
        if (line.subject) {
            subjects.push_back(*line.subject);
        }
    }
    return subjects;
}

/// A message that the person may see. Errors: not-found.
Result<store::MessageDetail> read_message(store::ReadSession& session, MessageId id,
                                          const views::Sight& sight) {
    auto detail = store::message(session, id);
    if (!detail || !sight.sees_message(detail->source, subjects_of(*detail))) {
        return fail(Code::not_found, Place{"message"});
    }
    return std::move(*detail);
}

std::string object_of(const store::MessageDetail& detail) {
    return "message:" + to_base32(detail.arrival.message_id);
}

/// What the pages of messages stand on.
struct Parts {
    Services services;
    std::shared_ptr<PatientPlaces> places = std::make_shared<PatientPlaces>();
};

struct Asked {
    const Parts& parts;
    store::ReadSession& session;
    const Request& request;
    const store::MessageDetail& detail;
    const views::ShownMessage& shown;
    const views::Sight& sight;
};
using Show = Result<Response> (*)(const Asked&);

Result<Response> with_message(const Parts& parts, const Request& request, Show show) {
    const Services& services = parts.services;
    const Result<MessageId> id = message_id_of(request);
    if (!id) {
        return tl::unexpected(id.error());
    }
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::messages_view);
    const Result<store::MessageDetail> detail = read_message(**session, *id, sight);
    if (!detail) {
        return tl::unexpected(detail.error());
    }
    const views::ShownMessage shown(*detail, sight,
                                    is_revealed(**session, request, object_of(*detail)),
                                    parts.places->of(**session, *detail, sight));
    return show({parts, **session, request, *detail, shown, sight});
}

Result<Response> show_page(const Asked& asked) {
    return answer(views::message_json(asked.detail, asked.shown, asked.sight));
}

Result<Response> show_raw(const Asked& asked) {
    Response made;
    made.content_type = "text/plain; charset=utf-8";
    made.body = asked.shown.raw();
    return made;
}

Result<Response> show_bytes(const Asked& asked) {
    Response made;
    made.content_type = "application/octet-stream";
    made.body = asked.shown.bytes();
    return made;
}

Result<Response> diff_against(const Asked& asked, std::optional<MessageId> other) {
    const Result<store::MessageDetail> before =
        other ? read_message(asked.session, *other, asked.sight)
              : fail(Code::not_found, Place{"message"});
    if (!before) {
        return answer({{"other", nullptr}, {"segments", ordered_json::array()}});
    }
    const views::ShownMessage left(*before, asked.sight,
                                   is_revealed(asked.session, asked.request, object_of(*before)),
                                   asked.parts.places->of(asked.session, *before, asked.sight));
    return answer({{"other",
                    {{"message_id", to_base32(before->arrival.message_id)},
                     {"control_id", before->control_id}}},
                   {"segments", views::diff_json(left, asked.shown)}});
}

// Which message the other one is must not tell what is closed in either.

Result<Response> diff_last_good(const Asked& asked) {
    const store::MessageDetail& detail = asked.detail;
    std::vector<std::string> codes;
    for (const store::ObservationLine& line : detail.observations) {
        if (asked.sight.counts(line.version.analyte)) {
            codes.push_back(line.code);
        }
    }
    return diff_against(
        asked, store::last_good(asked.session, detail.source, detail.message_type,
                                detail.arrival.message_id, codes, asked.sight.closed_analytes()));
}

Result<Response> diff_previous(const Asked& asked) {
    return diff_against(asked,
                        store::previous_of_order(asked.session, asked.detail.arrival.message_id,
                                                 asked.sight.closed_analytes()));
}

Result<Response> reveal_message(const Services& services, const Request& request) {
    const Result<MessageId> id = message_id_of(request);
    if (!id) {
        return tl::unexpected(id.error());
    }
    {
        auto session = services.reads.borrow();
        if (!session) {
            return tl::unexpected(session.error());
        }
        const views::Sight sight = sight_of(services, request, Permission::identity_reveal);
        const Result<store::MessageDetail> detail = read_message(**session, *id, sight);
        if (!detail) {
            return tl::unexpected(detail.error());
        }
    }
    return reveal(services, request, "message:" + to_base32(*id));
}

}  // namespace

void add_message_routes(Router& router, const Services& services) {
    const Access view = Access::within(Permission::messages_view);
    const Parts parts{services};
    router.add({Method::get,
                "/messages",
                view,
                "Messages, newest first",
                {{"source", "id of a source"},
                 {"state", "processed, held, duplicate, refused, quarantined, batch"},
                 {"from", "received at or after, ISO 8601"},
                 {"to", "received before, ISO 8601"},
                 {"control_id", "MSH-10, whole"},
                 {"limit", "1 to 500", "integer"},
                 {"after", "cursor"}},
                {},
                kListSchema,
                [services](const Request& request) { return list(services, request); }});
    const auto add = [&](std::string_view path, std::string_view summary, std::string_view gives,
                         Show show) {
        router.add(
            {Method::get,
             path,
             view,
             summary,
             {},
             {},
             gives,
             [parts, show](const Request& request) { return with_message(parts, request, show); }});
    };
    add("/messages/{id}", "What stands of a message, identity masked", kMessageSchema, show_page);
    add("/messages/{id}/raw", "Its text in UTF-8", {}, show_raw);
    add("/messages/{id}/bytes", "Its bytes as received", {}, show_bytes);
    add("/messages/{id}/diff/last-good", "Against the last one that went through", kDiffSchema,
        diff_last_good);
    add("/messages/{id}/diff/previous", "Against the previous message of the same order",
        kDiffSchema, diff_previous);
    router.add({Method::post,
                "/messages/{id}/reveal",
                Access::within(Permission::identity_reveal),
                "See the identity in a message for fifteen minutes",
                {},
                kRevealTakes,
                kRevealGives,
                [services](const Request& request) { return reveal_message(services, request); }});
}

}  // namespace labrelay::api
