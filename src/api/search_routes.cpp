#include "labrelay/api/search_routes.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "labrelay/store/message_list.hpp"
#include "labrelay/store/problem_board.hpp"
#include "labrelay/store/search_query.hpp"
#include "labrelay/views/message_page.hpp"
#include "labrelay/views/problem_page.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using nlohmann::ordered_json;
using security::Permission;

constexpr std::size_t kMostSubjects = 20;
constexpr std::size_t kLongest = 200;

constexpr const char* kSchema = R"({"type":"object","required":["items"],"properties":{"items":{
"type":"array","items":{"type":"object","required":["kind","id","label","detail","href"],
"properties":{"kind":{"enum":["message","subject","specimen","problem","source"]}}}}}})";

ordered_json item(std::string_view kind, std::string id, std::string label, std::string detail,
                  std::string href) {
    return {{"kind", kind},
            {"id", std::move(id)},
            {"label", std::move(label)},
            {"detail", std::move(detail)},
            {"href", std::move(href)}};
}

bool sees_message(store::ReadSession& session, const views::Sight& sight,
                  const store::FoundMessage& message) {
    return sight.everywhere() ||
           sight.sees_message(message.source,
                              store::subjects_of(session, {message.id}).at(message.id));
}

/// What holds a message may be closed to the person.
std::string state_of(store::ReadSession& session, const views::Sight& sight,
                     const store::FoundMessage& message) {
    auto listed = sight.blinded() ? store::listed_message(session, message.id) : std::nullopt;
    if (!listed) {
        return message.state;
    }
    const auto lines = store::analyte_counts(session, {message.id});
    views::keep_open(*listed, lines.at(message.id), sight);
    return std::string(study::to_string(listed->state));
}

void add_messages(store::ReadSession& session, const views::Sight& sight, std::string_view text,
                  ordered_json& items) {
    for (const store::FoundMessage& message : store::search_messages(session, text)) {
        if (sees_message(session, sight, message)) {
            const std::string id = to_base32(message.id);
            items.push_back(item("message", id, message.control_id,
                                 message.source + ", " + state_of(session, sight, message) + ", " +
                                     to_iso(message.received),
                                 "/messages/" + id));
        }
    }
    for (const store::FoundSpecimen& specimen : store::search_specimens(session, text)) {
        if (!sees_message(session, sight, specimen.message)) {
            continue;
        }
        const study::Subject* subject =
            specimen.subject ? sight.registry().subject(*specimen.subject) : nullptr;
        const std::string id = to_base32(specimen.message.id);
        items.push_back(
            item("specimen", id, specimen.specimen.empty() ? specimen.order : specimen.specimen,
                 specimen.source + ", " +
                     (subject == nullptr ? std::string("subject not known") : subject->label()),
                 "/messages/" + id));
    }
}

void add_subjects(const views::Sight& sight, std::string_view text, ordered_json& items) {
    std::size_t found = 0;
    for (const study::Subject* subject : sight.registry().all_subjects()) {
        const bool fits = subject->label().find(text) != std::string::npos ||
                          subject->screening_no.find(text) != std::string::npos;
        if (fits && sight.sees(*subject) && found++ < kMostSubjects) {
            const std::string id = std::to_string(subject->id.value);
            items.push_back(item("subject", id, subject->label(),
                                 subject->study + ", " + subject->site, "/subjects/" + id));
        }
    }
}

void add_problem(store::ReadSession& session, const views::Sight& sight, std::string_view text,
                 ordered_json& items) {
    if (text.starts_with('#')) {
        text.remove_prefix(1);
    }
    ProblemId id;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return;
    }
    auto read = store::board_problem(session, id);
    auto problem = read ? views::seen(std::move(*read), sight) : std::nullopt;
    if (problem) {
        items.push_back(item("problem", std::to_string(id.value),
                             views::words_of(*problem, sight).sentence,
                             std::string(store::to_string(problem->state)),
                             "/problems/" + std::to_string(id.value)));
    }
}

Result<Response> search(const Services& services, const Request& request) {
    std::string_view text = request.asked("q");
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    ordered_json items = ordered_json::array();
    if (text.empty() || text.size() > kLongest) {
        return answer({{"items", std::move(items)}});
    }
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    if (request.who.may(Permission::messages_view)) {
        add_messages(**session, sight_of(services, request, Permission::messages_view), text,
                     items);
    }
    if (request.who.may(Permission::results_view)) {
        add_subjects(sight_of(services, request, Permission::results_view), text, items);
    }
    if (request.who.may(Permission::problems_view)) {
        add_problem(**session, sight_of(services, request, Permission::problems_view), text, items);
    }
    for (const mapping::SourceDefinition& source : services.snapshots.configuration()->sources()) {
        if (source.id.find(text) != std::string::npos) {
            items.push_back(
                item("source", source.id, source.id, source.name, "/sources/" + source.id));
        }
    }
    return answer({{"items", std::move(items)}});
}

}  // namespace

void add_search_routes(Router& router, const Services& services) {
    router.add({Method::get,
                "/search",
                Access::within(Permission::traffic_view),
                "By control id, message id, specimen or order number, subject number, problem, "
                "source",
                {{"q", "what to look for", "string", true}},
                {},
                kSchema,
                [services](const Request& request) { return search(services, request); }});
}

}  // namespace labrelay::api
