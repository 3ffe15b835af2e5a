#include "labrelay/store/audit_desk.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "desk_open.hpp"
#include "labrelay/crypto/digest.hpp"

namespace labrelay::store {
namespace {

/// The digest of a text that goes; nothing where there is none.
std::optional<AuditHash> digest_to_keep(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return crypto::sha256(text);
}

/// Shorter ones stand within other texts by chance; as a whole text they are erased too.
constexpr std::size_t kLongEnough = 8;
constexpr std::string_view kErased = "(erased)";
/// What one act enters, and its approval, is entered about one time.
constexpr std::int64_t kAboutUs = 600'000'000;

struct Texts {
    std::string before;
    std::string after;
    std::string reason;
    std::int64_t at_us = 0;
    bool empty() const { return before.empty() && after.empty() && reason.empty(); }
};

std::optional<Texts> texts_of(Connection& database, std::int64_t row) {
    auto query =
        database.prepare("SELECT before, after, reason, at_us FROM audit WHERE audit_id = ?");
    query.bind(row);
    if (!query.step()) return std::nullopt;
    return Texts{query.string(0), query.string(1), query.string(2), query.integer(3)};
}

/// What a person wrote there: it may stand elsewhere too.
std::vector<std::string> written_in(const Texts& texts) {
    std::vector<std::string> written;
    if (!texts.reason.empty()) written.push_back(texts.reason);
    for (const std::string* json : {&texts.before, &texts.after}) {
        const nlohmann::json object = nlohmann::json::parse(*json, nullptr, false);
        if (!object.is_object()) continue;
        for (const char* name : {"text", "note", "reason", "finding"}) {
            const auto found = object.find(name);
            if (found != object.end() && found->is_string() && !found->get<std::string>().empty())
                written.push_back(found->get<std::string>());
        }
    }
    return written;
}

/// Where `column` holds the text ?1. One that is long enough (?3) is the same text wherever it
/// stands; a short one where it is the whole reason, behind what was done or before who approved
/// it, about the time of the row (?4 to ?5).
std::string holds(const std::string& column, const std::string& time) {
    return fmt::format(
        "((CAST(?3 AS BIGINT) = 1 AND replace({0}, ?1, '') <> {0}) OR ({1} BETWEEN ?4 AND ?5 AND "
        "({0} = ?1 OR replace({0}, ': ' || CAST(?1 AS TEXT), '') <> {0} OR replace({0}, CAST(?1 AS "
        "TEXT) || ' (approved by ', '') <> {0})))",
        column, time);
}

/// The columns in which reasons, comments and notes of persons are kept.
struct Written {
    const char* table;
    const char* column;
    const char* time;
};
constexpr std::array kWritten{
    Written{"problem_note", "text", "at_us"},
    Written{"repair_job", "reason", "created_us"},
    Written{"overlay", "reason", "at_us"},
    Written{"approval", "reason", "asked_us"},
    Written{"approval", "why", "decided_us"},
    Written{"site_query", "text", "created_us"},
    Written{"site_query_fact", "text", "at_us"},
    Written{"critical_value", "note", "acknowledged_us"},
    Written{"lock_fact", "reason", "at_us"},
    Written{"post_lock_fact", "reason", "at_us"},
    Written{"four_eyes", "reason", "at_us"},
    Written{"account_grant", "reason", "from_us"},
    Written{"account_fact", "reason", "at_us"},
    Written{"configuration_version", "reason", "at_us"},
    Written{"configuration_activation", "reason", "at_us"},
};

const std::vector<std::string>& erasing_statements() {
    static const std::vector<std::string> kStatements = [] {
        std::vector<std::string> made;
        for (const Written& written : kWritten)
            made.push_back(fmt::format("UPDATE {0} SET {1} = replace({1}, ?1, ?2) WHERE {2}",
                                       written.table, written.column,
                                       holds(written.column, written.time)));
        return made;
    }();
    return kStatements;
}

void erase_copies(Connection& database, const std::string& text, std::int64_t at_us) {
    const std::int64_t anywhere = text.size() >= kLongEnough ? 1 : 0;
    for (const std::string& statement : erasing_statements())
        database.prepare(statement.c_str())
            .bind(text, kErased, anywhere, at_us - kAboutUs, at_us + kAboutUs)
            .run();
}

/// Rows of the trail that hold the text too: one reason is entered with everything that one act
/// changed.
std::vector<std::int64_t> rows_with(Connection& database, const std::string& text,
                                    std::int64_t at_us) {
    static const std::string sql =
        "SELECT audit_id FROM audit WHERE kind NOT IN ('ingest', 'tombstone') AND (" +
        holds("reason", "at_us") +
        " OR ((CAST(?3 AS BIGINT) = 1 OR at_us BETWEEN ?4 AND ?5) AND (replace(before, ?2, '') <> "
        "before OR replace(after, ?2, '') <> after OR replace(before, ?6, '') <> before OR "
        "replace(after, ?6, '') <> after))) ORDER BY audit_id";
    const bool anywhere = text.size() >= kLongEnough;
    // Within JSON a short text counts where it is the whole of what was written.
    const std::string quoted =
        nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const std::string escaped = quoted.substr(1, quoted.size() - 2);
    const std::string& in_json = anywhere ? escaped : quoted;
    const std::string at_end = ": " + escaped + "\"";
    std::vector<std::int64_t> rows;
    auto query = database.prepare(sql.c_str());
    query.bind(text, in_json, std::int64_t{anywhere ? 1 : 0}, at_us - kAboutUs, at_us + kAboutUs,
               at_end);
    while (query.step()) rows.push_back(query.integer(0));
    return rows;
}

/// Empties the texts of one row and enters who did it and why.
void erase_row(Desk& desk, const Act& act, std::string_view asked_by, std::int64_t row,
               const Texts& texts) {
    Connection& database = desk.open().db();
    const auto before_digest = digest_to_keep(texts.before);
    const auto after_digest = digest_to_keep(texts.after);
    const auto reason_digest = digest_to_keep(texts.reason);
    if (before_digest)
        database.prepare("UPDATE audit SET before = '', before_digest = ? WHERE audit_id = ?")
            .bind(Blob{bytes_of(*before_digest)}, row)
            .run();
    if (after_digest)
        database.prepare("UPDATE audit SET after = '', after_digest = ? WHERE audit_id = ?")
            .bind(Blob{bytes_of(*after_digest)}, row)
            .run();
    if (reason_digest)
        database.prepare("UPDATE audit SET reason = '', reason_digest = ? WHERE audit_id = ?")
            .bind(Blob{bytes_of(*reason_digest)}, row)
            .run();
    const auto hex = [](const std::optional<AuditHash>& digest) {
        return digest ? nlohmann::ordered_json(crypto::to_hex(*digest)) : nlohmann::ordered_json();
    };
    const nlohmann::ordered_json kept = {{"before_sha256", hex(before_digest)},
                                         {"after_sha256", hex(after_digest)},
                                         {"reason_sha256", hex(reason_digest)},
                                         {"asked_by", std::string(asked_by)}};
    desk.audit(act, {"tombstone",
                     "personal data was erased from a row of the audit trail",
                     "audit",
                     std::to_string(row),
                     {},
                     kept.dump()});
}

/// The comment that the row was about goes with it, also where it was edited since.
void erase_note(Connection& database, const std::string& after) {
    const nlohmann::json json = nlohmann::json::parse(after, nullptr, false);
    if (!json.is_object() || !json.contains("note") || !json["note"].is_number_integer()) return;
    database.prepare("UPDATE problem_note SET text = '(erased)' WHERE note_id = ?")
        .bind(json["note"].get<std::int64_t>())
        .run();
}

}  // namespace

std::int64_t record_audit_review(Desk& desk, const Act& act, const AuditReview& review) {
    std::int64_t id = 0;
    {
        auto insert = desk.open().db().prepare(
            "INSERT INTO audit_review(from_us, until_us, filter, finding, actor, at_us, "
            "signature_id) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING review_id");
        insert.bind(review.from.microseconds, review.until.microseconds, review.filter,
                    review.finding, act.actor, desk.now().microseconds, review.signature);
        insert.step();
        id = insert.integer(0);
        insert.step();
    }
    const nlohmann::ordered_json after = {{"from", to_iso(review.from)},
                                          {"to", to_iso(review.until)},
                                          {"filter", review.filter},
                                          {"signature", review.signature}};
    desk.audit(act, {"audit-review",
                     "the audit trail of a period was reviewed",
                     "audit-review",
                     std::to_string(id),
                     {},
                     after.dump()});
    return id;
}

Result<void> erase_audit_texts(Desk& desk, const Act& act, std::string_view asked_by,
                               std::int64_t row) {
    const Place place{"audit:" + std::to_string(row)};
    if (act.actor == asked_by) return fail(Code::four_eyes_same_person, place);
    if (act.reason.empty()) return fail(Code::reason_needed, place);
    Connection& database = desk.open().db();
    const auto texts = texts_of(database, row);
    if (!texts) return fail(Code::not_found, place);
    if (texts->empty()) return fail(Code::state_change_bad, place, "the row holds no such text");
    const std::vector<std::string> written = written_in(*texts);
    std::set<std::int64_t> others;
    for (const std::string& text : written)
        for (const std::int64_t other : rows_with(database, text, texts->at_us))
            others.insert(other);
    others.erase(row);
    for (const std::int64_t other : others)
        if (const auto copies = texts_of(database, other); copies && !copies->empty())
            erase_row(desk, act, asked_by, other, *copies);
    erase_row(desk, act, asked_by, row, *texts);
    erase_note(database, texts->after);
    for (const std::string& text : written) erase_copies(database, text, texts->at_us);
    return {};
}

void audit_alone(StoreWriter& writer, const Act& act, const AuditedChange& change) {
    Desk desk(writer);
    desk.audit(act, change);
    desk.commit();
}

}  // namespace labrelay::store
