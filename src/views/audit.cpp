#include "labrelay/views/audit.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "labrelay/crypto/digest.hpp"
#include "labrelay/views/file_text.hpp"

namespace labrelay::views {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json parsed(const std::string& text) {
    if (text.empty()) {
        return nullptr;
    }
    ordered_json value = ordered_json::parse(text, nullptr, false);
    return value.is_discarded() ? ordered_json(text) : value;
}

std::string value_text(const json& value) {
    if (value.is_null()) {
        return "nothing";
    }
    if (value.is_boolean()) {
        return value.get<bool>() ? "yes" : "no";
    }
    return value.is_string() ? value.get<std::string>()
                             : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string key_text(std::string key) {
    for (char& c : key) {
        c = c == '_' ? ' ' : c;
    }
    return key;
}

std::string origin_text(const store::AuditRow& row) {
    if (row.origin == "page") {
        return row.role.empty() ? "on the page" : "on the page, as " + row.role;
    }
    return row.origin == "command" ? "by a command on the server" : "by itself";
}

constexpr std::array<const char*, 20> kColumns{
    "id",    "at",     "node",        "life",   "clock_behind_us", "kind",       "actor",
    "role",  "origin", "session",     "what",   "object_kind",     "object",     "before",
    "after", "erased", "reason_code", "reason", "version",         "config_hash"};

}  // namespace

ordered_json json_of(const store::AuditRow& row) {
    return {{"id", row.id},
            {"at", to_iso(row.at)},
            {"node", row.node},
            {"life", row.life},
            {"clock_behind_us", row.drift_us},
            {"kind", row.kind},
            {"actor", row.actor},
            {"role", row.role},
            {"origin", row.origin},
            {"what", row.what},
            {"object_kind", row.object_kind},
            {"object", row.object},
            {"before", parsed(row.before)},
            {"after", parsed(row.after)},
            {"erased", row.erased},
            {"reason_code", row.reason_code},
            {"reason", row.reason},
            {"session", row.session},
            {"version", row.version},
            {"config_hash", row.config_hash},
            {"hash", crypto::to_hex(row.hash)}};
}

ordered_json json_of(const store::AuditReview& review) {
    return {{"id", review.id},
            {"from", to_iso(review.from)},
            {"to", to_iso(review.until)},
            {"filter", parsed(review.filter)},
            {"finding", review.finding},
            {"actor", review.actor},
            {"at", to_iso(review.at)},
            {"signature",
             {{"id", review.signature}, {"name", review.signed_by}, {"meaning", review.meaning}}}};
}

ordered_json json_of(const store::AuditVerification& verification) {
    ordered_json made = {{"ok", verification.ok()},
                         {"rows", verification.rows},
                         {"chains", verification.chains},
                         {"anchors", verification.anchors},
                         {"faults", verification.faults},
                         {"first_bad", nullptr},
                         {"not_proven", verification.not_proven}};
    if (verification.first_bad) {
        const store::AuditFault& bad = *verification.first_bad;
        made["first_bad"] = {{"id", bad.row == 0 ? ordered_json() : ordered_json(bad.row)},
                             {"code", std::string(key(bad.code))},
                             {"why", bad.why}};
    }
    return made;
}

std::string text_of(const store::AuditVerification& verification) {
    std::string text =
        fmt::format("{} rows in {} chains, {} anchors: {}\n", verification.rows,
                    verification.chains, verification.anchors,
                    verification.ok() ? "every row fits the row before it and the anchors"
                                      : fmt::format("{} faults", verification.faults));
    if (verification.first_bad) {
        const store::AuditFault& bad = *verification.first_bad;
        text += bad.row == 0 ? fmt::format("first: {}\n", bad.why)
                             : fmt::format("first: row {}: {}\n", bad.row, bad.why);
    }
    text += "Not proven:\n";
    for (const std::string& sentence : verification.not_proven) {
        text += "  " + sentence + "\n";
    }
    return text;
}

std::string audit_csv_head() {
    std::string line;
    for (const char* column : kColumns) {
        line += (line.empty() ? "" : ",") + std::string(column);
    }
    return line + ",hash\r\n";
}

std::string audit_csv_line(const store::AuditRow& row) {
    const std::array<std::string, 20> cells{std::to_string(row.id),
                                            to_iso(row.at),
                                            std::to_string(row.node),
                                            std::to_string(row.life),
                                            std::to_string(row.drift_us),
                                            row.kind,
                                            row.actor,
                                            row.role,
                                            row.origin,
                                            row.session,
                                            row.what,
                                            row.object_kind,
                                            row.object,
                                            row.before,
                                            row.after,
                                            row.erased ? "yes" : "no",
                                            row.reason_code,
                                            row.reason,
                                            row.version,
                                            row.config_hash};
    std::string line;
    for (const std::string& cell : cells) {
        line += (line.empty() ? "" : ",") + csv_cell(cell);
    }
    return line + "," + csv_cell(crypto::to_hex(row.hash)) + "\r\n";
}

std::string audit_html_head(const std::string& period, const std::string& about) {
    return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Audit trail "
           "of labrelay</title><style>body{font:14px/1.4 sans-serif;margin:2em}table{border-"
           "collapse:collapse}td,th{border:1px solid #bbb;padding:4px 8px;text-align:left;"
           "vertical-align:top}th{background:#eee}</style></head><body>\n<h1>Audit trail of "
           "labrelay</h1>\n<p>" +
           escaped(period) + "</p>\n<p>" + escaped(about) +
           "</p>\n<p>Times are UTC. Newest first.</p>\n<table><thead><tr><th>No.</th><th>When"
           "</th><th>Who</th><th>What</th><th>Before and after</th><th>Why</th></tr></thead>"
           "<tbody>\n";
}

std::string audit_html_row(const store::AuditRow& row) {
    const std::string object =
        row.object_kind.empty() ? "" : " (" + row.object_kind + " " + row.object + ")";
    std::string change = change_in_words(row.before, row.after);
    if (row.erased) {
        change += change.empty() ? "" : "; ";
        change += "erased: it held personal data that was entered by mistake";
    }
    return fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}<br>{}</td><td>{}: {}{}</td><td>{}</td><td>{}</td></tr>\n",
        row.id, to_iso(row.at), escaped(row.actor), escaped(origin_text(row)), escaped(row.kind),
        escaped(row.what), escaped(object), escaped(change), escaped(row.reason));
}

std::string audit_html_tail(std::int64_t rows) {
    return fmt::format("</tbody></table>\n<p>{} rows.</p>\n</body></html>\n", rows);
}

std::string change_in_words(const std::string& before, const std::string& after) {
    const json was = json::parse(before.empty() ? "{}" : before, nullptr, false);
    const json is = json::parse(after.empty() ? "{}" : after, nullptr, false);
    if (!was.is_object() || !is.is_object()) {
        return before.empty() ? after : before + " -> " + after;
    }
    std::set<std::string> keys;
    for (const auto& [name, value] : was.items()) {
        keys.insert(name);
    }
    for (const auto& [name, value] : is.items()) {
        keys.insert(name);
    }
    std::string text;
    for (const std::string& name : keys) {
        const json old_value = was.value(name, json());
        const json new_value = is.value(name, json());
        if (old_value == new_value) {
            continue;
        }
        text += text.empty() ? "" : "; ";
        text += key_text(name) + ": ";
        text += was.contains(name) ? value_text(old_value) + " -> " : "";
        text += value_text(new_value);
    }
    return text;
}

}  // namespace labrelay::views
