#include "labrelay/views/access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "labrelay/views/file_text.hpp"

namespace labrelay::views {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string object_of(const store::AuditRow& row) {
    return row.object_kind + " " + row.object;
}

std::string reasons_text(const std::map<std::string, std::int64_t>& reasons) {
    std::string text;
    for (const auto& [reason, count] : reasons) {
        text += fmt::format("{}{} ({})", text.empty() ? "" : "; ", reason, count);
    }
    return text;
}

}  // namespace

json access_to_review(const std::vector<store::Account>& accounts) {
    json all = json::array();
    for (const store::Account& account : accounts) {
        json grants = json::array();
        for (const store::AccountGrant& grant : account.grants) {
            if (!grant.until) {
                grants.push_back({{"role", security::to_string(grant.grant.role)},
                                  {"study", grant.grant.study},
                                  {"site", grant.grant.site},
                                  {"training", grant.training},
                                  {"from", to_iso(grant.from)},
                                  {"granted_by", grant.granted_by}});
            }
        }
        all.push_back({{"id", std::to_string(account.id)},
                       {"name", account.name},
                       {"display_name", account.display_name},
                       {"state", to_string(account.state)},
                       {"second_factor", account.second_factor},
                       {"grants", std::move(grants)}});
    }
    return all;
}

ordered_json access_review_json(const store::AccessReview& review) {
    return {{"id", review.id},
            {"at", to_iso(review.at)},
            {"actor", review.actor},
            {"seen_sha256", crypto::to_hex(review.digest)},
            {"finding", review.finding},
            {"signature",
             {{"id", review.signature}, {"name", review.signed_by}, {"meaning", review.meaning}}}};
}

void RevealCount::add(const store::AuditRow& row) {
    Person& person = people_[row.actor];
    ++total_;
    ++person.count;
    person.subjects += row.object_kind == "subject" ? 1 : 0;
    person.messages += row.object_kind == "message" ? 1 : 0;
    const std::string at = to_iso(row.at);
    person.first = person.first.empty() ? at : std::min(person.first, at);
    person.last = std::max(person.last, at);
    ++person.reasons[row.reason];
}

ordered_json RevealCount::json() const {
    ordered_json items = ordered_json::array();
    for (const auto& [name, person] : people_) {
        ordered_json reasons = ordered_json::array();
        for (const auto& [reason, count] : person.reasons) {
            reasons.push_back({{"reason", reason}, {"count", count}});
        }
        items.push_back({{"actor", name},
                         {"count", person.count},
                         {"subjects", person.subjects},
                         {"messages", person.messages},
                         {"first", person.first},
                         {"last", person.last},
                         {"reasons", std::move(reasons)}});
    }
    return items;
}

std::string RevealCount::csv() const {
    std::string text = csv_line({"total", "who", "times", "subjects", "messages", "reasons"});
    for (const auto& [name, person] : people_) {
        text +=
            csv_line({"total", name, std::to_string(person.count), std::to_string(person.subjects),
                      std::to_string(person.messages), reasons_text(person.reasons)});
    }
    return text;
}

std::string RevealCount::html() const {
    std::string text =
        "</tbody></table>\n<h2>By person</h2>\n<table><thead><tr><th>Who</th><th>Times</th>"
        "<th>Subjects</th><th>Messages</th><th>Reasons</th></tr></thead><tbody>\n";
    for (const auto& [name, person] : people_) {
        text += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                            escaped(name), person.count, person.subjects, person.messages,
                            escaped(reasons_text(person.reasons)));
    }
    return text + fmt::format("</tbody></table>\n<p>{} in all.</p>\n</body></html>\n", total_);
}

std::string reveal_csv_head() {
    return csv_line({"at", "who", "role", "session", "object", "reason"});
}

std::string reveal_csv_line(const store::AuditRow& row) {
    return csv_line({to_iso(row.at), row.actor, row.role, row.session, object_of(row), row.reason});
}

std::string reveal_html_head(const std::string& month, const std::string& about) {
    return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Identity "
           "seen, " +
           escaped(month) +
           "</title><style>body{font:14px/1.4 sans-serif;margin:2em}table{border-collapse:collapse}"
           "td,th{border:1px solid #bbb;padding:4px 8px;text-align:left;vertical-align:top}"
           "th{background:#eee}</style></head><body>\n<h1>Identity seen, " +
           escaped(month) + "</h1>\n<p>" + escaped(about) +
           "</p>\n<p>Times are UTC. Newest first.</p>\n<table><thead><tr><th>When</th><th>Who</th>"
           "<th>Role</th><th>Of what</th><th>Why</th></tr></thead><tbody>\n";
}

std::string reveal_html_row(const store::AuditRow& row) {
    return fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                       to_iso(row.at), escaped(row.actor), escaped(row.role),
                       escaped(object_of(row)), escaped(row.reason));
}

}  // namespace labrelay::views
