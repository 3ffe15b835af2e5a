#include "labrelay/views/review.hpp"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;

ordered_json parsed(const std::string& text) {
    if (text.empty()) {
        return nullptr;
    }
    ordered_json value = ordered_json::parse(text, nullptr, false);
    return value.is_discarded() ? ordered_json(text) : value;
}

ordered_json time_or_null(const std::optional<Instant>& at) {
    return at ? ordered_json(to_iso(*at)) : ordered_json();
}

ordered_json person(std::int64_t account, const std::string& name) {
    return account == 0 ? ordered_json() : ordered_json({{"id", account}, {"name", name}});
}

ordered_json number_or_null(std::int64_t number) {
    return number == 0 ? ordered_json() : ordered_json(number);
}

ordered_json change(std::string what, std::string before, std::string after) {
    return {{"what", std::move(what)}, {"before", std::move(before)}, {"after", std::move(after)}};
}

/// `problem 12` is what repairs are about; of nothing else is there a page of its own.
ordered_json href_of(const store::Approval& approval) {
    constexpr std::string_view kProblem = "problem ";
    return approval.object.starts_with(kProblem)
               ? ordered_json("/problems/" + approval.object.substr(kProblem.size()))
               : ordered_json();
}

std::string label_of(const ordered_json& subject, const study::Registry& registry) {
    const study::Subject* known = subject.is_number_integer()
                                      ? registry.subject(SubjectId{subject.get<std::int64_t>()})
                                      : nullptr;
    return known != nullptr ? known->label() : subject.dump();
}

std::string text_of(const std::string& name, const ordered_json& value,
                    const study::Registry& registry) {
    if (name == "subject" || name == "from" || name == "to") {
        return label_of(value, registry);
    }
    return value.is_string() ? value.get<std::string>() : value.dump();
}

/// What would be another afterwards: a specimen's subject, a subject's columns, what a source
/// learns.
ordered_json changes_of(const store::Approval& approval, const study::Registry& registry) {
    ordered_json changes = ordered_json::array();
    const ordered_json content = ordered_json::parse(approval.content, nullptr, false);
    if (content.is_object() && content.contains("undo")) {
        changes.push_back(change("job " + content["undo"].dump(), "done", "taken back"));
        return changes;
    }
    if (content.is_object() && content.contains("row") && content.contains("others")) {
        changes.push_back(change("audit row " + content["row"].dump(), {}, "texts erased"));
        for (const ordered_json& other : content["others"]) {
            changes.push_back(
                change("audit row " + other.dump(), {}, "erased where it holds the same text"));
        }
        return changes;
    }
    const auto repair = content.is_object() ? content.find("repair") : content.end();
    if (repair == content.end() || !repair->is_object()) {
        return changes;
    }
    if (repair->value("kind", "") == "move-specimen") {
        changes.push_back(change(repair->value("specimen", ""),
                                 label_of(repair->value("from", ordered_json()), registry),
                                 label_of(repair->value("to", ordered_json()), registry)));
        return changes;
    }
    for (const auto& [name, value] : repair->items()) {
        const bool empty =
            value.is_null() || (value.is_string() && value.get<std::string>().empty());
        if (empty || name == "kind" || name == "reason" || name == "reason_code" ||
            name == "observations" || name == "signature") {
            continue;
        }
        if (value.is_object()) {
            for (const auto& [column, after] : value.items()) {
                changes.push_back(change(column, {}, text_of(column, after, registry)));
            }
            continue;
        }
        changes.push_back(change(name, {}, text_of(name, value, registry)));
    }
    return changes;
}

/// Earlier versions kept the reason in it too, where no erasing reaches.
ordered_json content_of(const store::Approval& approval) {
    ordered_json content = parsed(approval.content);
    const auto repair = content.is_object() ? content.find("repair") : content.end();
    if (repair != content.end() && repair->is_object()) {
        repair->erase("reason");
    }
    return content;
}

}  // namespace

ordered_json json_of(const store::Approval& approval, const study::Registry& registry,
                     bool may_decide) {
    return {{"id", approval.id},
            {"etag", std::to_string(approval.version)},
            {"action", approval.action},
            {"object", approval.object},
            {"object_href", href_of(approval)},
            {"content", content_of(approval)},
            {"content_sha256", approval.content_sha256},
            {"asked_by", person(approval.asked_by, approval.asker)},
            {"asked_at", to_iso(approval.asked_at)},
            {"reason", approval.reason},
            {"changes", changes_of(approval, registry)},
            {"preview", parsed(approval.preview)},
            {"state", std::string(review::to_string(approval.state))},
            {"decided_by", person(approval.decided_by, approval.decider)},
            {"decided_at", time_or_null(approval.decided_at)},
            {"why", approval.why},
            {"may_decide", may_decide},
            {"signature", number_or_null(approval.signature)}};
}

ordered_json json_of(const store::FourEyes& action) {
    return {{"action", action.action},     {"text", action.text},
            {"required", action.required}, {"always", action.always},
            {"actor", action.actor},       {"at", time_or_null(action.at)},
            {"reason", action.reason},     {"signature", number_or_null(action.signature)}};
}

ordered_json json_of(const store::SiteQuery& query, const Sight& sight) {
    ordered_json events = ordered_json::array();
    for (const store::SiteQueryFact& fact : query.facts) {
        events.push_back({{"at", to_iso(fact.at)},
                          {"actor", fact.actor},
                          {"from", fact.from},
                          {"to", fact.to},
                          {"text", sight.readable(fact.text)}});
    }
    ordered_json subject;
    if (query.subject) {
        const study::Subject* known = sight.registry().subject(query.subject);
        subject = {{"id", query.subject.value},
                   {"label", known == nullptr ? std::string() : known->label()}};
    }
    return {{"id", query.id},
            {"etag", std::to_string(query.version)},
            {"state", std::string(review::to_string(query.state))},
            {"problem", number_or_null(query.problem.value)},
            {"subject", std::move(subject)},
            {"recipient", query.recipient},
            {"text", sight.readable(query.text)},
            {"due", time_or_null(query.due)},
            {"created", to_iso(query.created)},
            {"created_by", query.created_by},
            {"events", std::move(events)}};
}

ordered_json json_of(const store::ProblemNote& note) {
    return {{"id", note.id},
            {"at", to_iso(note.at)},
            {"actor", note.actor},
            {"text", note.text},
            {"kind", note.kind}};
}

ordered_json json_of(const store::ChangedProblem& problem) {
    const store::ProblemWork& work = problem.work;
    return {{"id", work.problem.value},
            {"etag", std::to_string(work.version)},
            {"state", std::string(review::to_string(problem.state))},
            {"assignee", person(work.assignee, work.assignee_name)},
            {"snoozed_until", time_or_null(work.snooze.until)},
            {"snoozed_held",
             work.snooze.until_held ? ordered_json(*work.snooze.until_held) : ordered_json()},
            {"regressed", work.regressed}};
}

}  // namespace labrelay::views
