#include "labrelay/store/audit_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "desk_open.hpp"
#include "labrelay/crypto/digest.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

using nlohmann::json;

/// The digest of a text that goes; nothing where there is none.
std::optional<AuditHash> digest_to_keep(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return crypto::sha256(text);
}

/// Shorter ones are written by others about something else too.
constexpr std::size_t kLongEnough = 8;
constexpr std::string_view kErased = "(erased)";
/// What one act enters, and its approval, is entered about one time.
constexpr std::int64_t kAboutUs = 600'000'000;

/// A row of the trail as far as it may hold what a person wrote.
struct Texts {
    std::int64_t row = 0;
    std::int64_t at_us = 0;
    std::string kind;
    std::string object_kind;
    std::string object;
    std::string before;
    std::string after;
    std::string reason;
    bool empty() const { return before.empty() && after.empty() && reason.empty(); }
};

constexpr const char* kTexts =
    "SELECT audit_id, at_us, kind, object_kind, object, before, after, reason FROM audit WHERE ";

Texts read_texts(const Query& row) {
    return {row.integer(0), row.integer(1), row.string(2), row.string(3),
            row.string(4),  row.string(5),  row.string(6), row.string(7)};
}

std::optional<Texts> texts_of(Connection& database, std::int64_t row) {
    static const std::string sql = std::string(kTexts) + "audit_id = ?";
    auto query = database.prepare(sql.c_str());
    query.bind(row);
    if (!query.step()) return std::nullopt;
    return read_texts(query);
}

/// The same thing, or about one time.
bool of_one_act(const Texts& one, const Texts& other) {
    return std::abs(one.at_us - other.at_us) <= kAboutUs ||
           (!one.object.empty() && one.object_kind == other.object_kind &&
            one.object == other.object);
}

/// The members of a row's JSON in which persons' words stand.
constexpr std::array<std::string_view, 4> kWords{"text", "note", "reason", "finding"};

/// What a person wrote in before or after of a row.
std::vector<std::string> written_in(const Texts& texts, const std::string& field) {
    std::vector<std::string> written;
    // The reason of a decision on an observation is its code.
    if (texts.kind == "overlay") return written;
    const json whole = json::parse(field, nullptr, false);
    std::vector<const json*> left{&whole};
    while (!left.empty()) {
        const json& value = *left.back();
        left.pop_back();
        if (!value.is_structured()) continue;
        for (const auto& [name, member] : value.items()) {
            const bool words = std::ranges::find(kWords, name) != kWords.end();
            if (words && member.is_string() && !member.get_ref<const std::string&>().empty())
                written.push_back(member.get_ref<const std::string&>());
            else
                left.push_back(&member);
        }
    }
    return written;
}

/// What a person wrote there: it may stand elsewhere too.
std::vector<std::string> written_in(const Texts& texts) {
    std::vector<std::string> written = written_in(texts, texts.before);
    const std::vector<std::string> after = written_in(texts, texts.after);
    written.insert(written.end(), after.begin(), after.end());
    if (!texts.reason.empty()) written.push_back(texts.reason);
    return written;
}

/// `value` says `text`. Of another act: as the whole of it, where it is long enough to be the same
/// text. Of the same act: as a part of it too; a short one behind what was done or before who
/// approved it.
bool says(std::string_view value, const std::string& text, bool one_act) {
    const bool long_enough = text.size() >= kLongEnough;
    if (value == text) return one_act || long_enough;
    if (!one_act) return false;
    if (long_enough) return value.find(text) != std::string_view::npos;
    return value.find(": " + text) != std::string_view::npos ||
           value.find(text + " (approved by ") != std::string_view::npos;
}

/// Which texts of a row go.
struct Fields {
    bool before = false;
    bool after = false;
    bool reason = false;
    bool any() const { return before || after || reason; }
};

/// Where `other` holds what a person wrote in a row.
Fields fields_with(const std::vector<std::string>& written, const Texts& other, bool one_act) {
    const auto said = [&](const std::string& value) {
        return std::ranges::any_of(
            written, [&](const std::string& text) { return says(value, text, one_act); });
    };
    return {std::ranges::any_of(written_in(other, other.before), said),
            std::ranges::any_of(written_in(other, other.after), said), said(other.reason)};
}

/// Where `column`, which was written at `time`, holds the text ?1: as says() has it, with ?3 a long
/// one, ?4 a long one that is looked for outside the act too, ?5 to ?6 about the time of the act.
std::string holds(const std::string& column, const std::string& time) {
    return fmt::format(
        "(({1} BETWEEN ?5 AND ?6 AND ({0} = ?1 OR (CAST(?3 AS BIGINT) = 1 AND replace({0}, ?1, '') "
        "<> {0}) OR replace({0}, ': ' || CAST(?1 AS TEXT), '') <> {0} OR replace({0}, CAST(?1 AS "
        "TEXT) || ' (approved by ', '') <> {0})) OR (CAST(?4 AS BIGINT) = 1 AND {0} = ?1))",
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
    Written{"audit_review", "finding", "at_us"},
    Written{"access_review", "finding", "at_us"},
    Written{"reconciliation", "finding",
            "(SELECT s.at_us FROM signature s WHERE s.signature_id = reconciliation.signature_id)"},
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

void erase_copies(Connection& database, const std::string& text, std::int64_t at_us,
                  bool elsewhere) {
    const bool long_enough = text.size() >= kLongEnough;
    for (const std::string& statement : erasing_statements())
        database.prepare(statement.c_str())
            .bind(text, kErased, long_enough, long_enough && elsewhere, at_us - kAboutUs,
                  at_us + kAboutUs)
            .run();
}

/// Rows of the trail that a text is looked for in, and of these the ones that may hold it.
std::string saying(std::string_view among) {
    return std::string(kTexts) + std::string(among) +
           "kind <> 'ingest' AND kind <> 'tombstone' AND (replace(reason, ?1, '') <> reason OR "
           "replace(before, ?2, '') <> before OR replace(after, ?2, '') <> after)";
}

/// Rows of the trail that hold the text too: one reason is entered with everything that one act
/// changed. Of other acts, where the text is looked for there, all or what was entered since.
std::vector<Texts> rows_with(Connection& database, const std::string& text, const Texts& row,
                             bool elsewhere, std::optional<std::int64_t> since_us) {
    static const std::string all = saying("");
    static const std::string since = saying("at_us >= ?3 AND ");
    static const std::string about_time = saying("at_us BETWEEN ?3 AND ?4 AND ");
    static const std::string about_object = saying("object_kind = ?3 AND object = ?4 AND ");
    const std::string quoted = json(text).dump(-1, ' ', false, json::error_handler_t::replace);
    const std::string in_json = quoted.substr(1, quoted.size() - 2);
    std::vector<Texts> rows;
    const auto add = [&](const std::string& sql, const auto&... bounds) {
        auto query = database.prepare(sql.c_str());
        query.bind(text, in_json, bounds...);
        while (query.step()) rows.push_back(read_texts(query));
    };
    if (elsewhere && text.size() >= kLongEnough) {
        if (!since_us) {
            add(all);
            return rows;
        }
        add(since, *since_us);
    }
    add(about_time, row.at_us - kAboutUs, row.at_us + kAboutUs);
    if (!row.object.empty()) add(about_object, row.object_kind, row.object);
    return rows;
}

/// Where the rows that held the text were looked for before: what was entered since, and they.
struct LookedBefore {
    const std::vector<std::int64_t>& rows;
    std::int64_t since_us = 0;
};

Result<AuditErasure> erasure_of(Connection& database, std::int64_t row, bool elsewhere,
                                std::string_view why, const LookedBefore* before) {
    const Place place{"audit:" + std::to_string(row)};
    const auto texts = texts_of(database, row);
    if (!texts) return fail(Code::not_found, place);
    if (texts->empty()) return fail(Code::state_change_bad, place, "the row holds no such text");
    const std::vector<std::string> written = written_in(*texts);
    // It would be entered anew with the very record of its erasure.
    if (std::ranges::any_of(written,
                            [&](const std::string& text) { return says(why, text, true); }))
        return fail(Code::body_bad, Place{"reason"}, "it repeats the text that is to be erased");
    std::set<std::int64_t> others;
    const auto look_at = [&](const Texts& other) {
        const bool one_act = of_one_act(*texts, other);
        if (other.row != row && (elsewhere || one_act) &&
            fields_with(written, other, one_act).any())
            others.insert(other.row);
    };
    const auto since_us = before == nullptr ? std::nullopt : std::optional(before->since_us);
    for (const std::string& text : written)
        for (const Texts& other : rows_with(database, text, *texts, elsewhere, since_us))
            look_at(other);
    if (before != nullptr)
        for (const std::int64_t number : before->rows)
            if (const auto other = texts_of(database, number)) look_at(*other);
    return AuditErasure{row, elsewhere, {others.begin(), others.end()}};
}

/// Empties the texts of one row that go and enters who did it and why.
void erase_row(Desk& desk, const Act& act, std::string_view asked_by, const Texts& texts,
               const Fields& fields) {
    Connection& database = desk.open().db();
    const auto empty = [&](bool goes, const std::string& text, const char* statement) {
        const auto digest = goes ? digest_to_keep(text) : std::nullopt;
        if (digest) database.prepare(statement).bind(Blob{bytes_of(*digest)}, texts.row).run();
        return digest;
    };
    const auto before_digest =
        empty(fields.before, texts.before,
              "UPDATE audit SET before = '', before_digest = ? WHERE audit_id = ?");
    const auto after_digest =
        empty(fields.after, texts.after,
              "UPDATE audit SET after = '', after_digest = ? WHERE audit_id = ?");
    const auto reason_digest =
        empty(fields.reason, texts.reason,
              "UPDATE audit SET reason = '', reason_digest = ? WHERE audit_id = ?");
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
                     std::to_string(texts.row),
                     {},
                     kept.dump()});
}

/// The comment that the row was about goes with it, also where it was edited since.
void erase_note(Connection& database, const std::string& after) {
    const json comment = json::parse(after, nullptr, false);
    if (!comment.is_object() || !comment.contains("note") || !comment["note"].is_number_integer())
        return;
    database.prepare("UPDATE problem_note SET text = ? WHERE note_id = ?")
        .bind(kErased, comment["note"].get<std::int64_t>())
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
                                          {"finding", review.finding},
                                          {"signature", review.signature}};
    desk.audit(act, {"audit-review",
                     "the audit trail of a period was reviewed",
                     "audit-review",
                     std::to_string(id),
                     {},
                     after.dump()});
    return id;
}

Result<AuditErasure> audit_erasure(ReadSession& session, std::int64_t row, bool elsewhere,
                                   std::string_view why) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    return erasure_of(core.database, row, elsewhere, why, nullptr);
}

Result<AuditErasure> audit_erasure_now(Desk& desk, const AuditErasure& asked, Instant asked_at,
                                       std::string_view why) {
    Connection& database = desk.open().db();
    const LookedBefore before{asked.others, asked_at.microseconds - clocks_apart_us(database)};
    return erasure_of(database, asked.row, asked.elsewhere, why, &before);
}

Result<void> erase_audit_texts(Desk& desk, const Act& act, std::string_view asked_by,
                               const AuditErasure& erasure) {
    const Place place{"audit:" + std::to_string(erasure.row)};
    if (act.actor == asked_by) return fail(Code::four_eyes_same_person, place);
    if (act.reason.empty()) return fail(Code::reason_needed, place);
    Connection& database = desk.open().db();
    const auto texts = texts_of(database, erasure.row);
    if (!texts) return fail(Code::not_found, place);
    if (texts->empty()) return fail(Code::state_change_bad, place, "the row holds no such text");
    const std::vector<std::string> written = written_in(*texts);
    std::set<std::int64_t> times{texts->at_us};
    for (const std::int64_t number : erasure.others) {
        const auto other = texts_of(database, number);
        if (!other) continue;
        const bool one_act = of_one_act(*texts, *other);
        const Fields fields = fields_with(written, *other, one_act);
        if (!fields.any()) continue;
        erase_row(desk, act, asked_by, *other, fields);
        if (fields.after) erase_note(database, other->after);
        // What it was entered with holds the text too, whenever that was.
        if (one_act) times.insert(other->at_us);
    }
    erase_row(desk, act, asked_by, *texts, {true, true, true});
    erase_note(database, texts->after);
    for (const std::string& text : written)
        for (const std::int64_t at_us : times)
            erase_copies(database, text, at_us, erasure.elsewhere);
    return {};
}

void audit_alone(StoreWriter& writer, const Act& act, const AuditedChange& change) {
    Desk desk(writer);
    desk.audit(act, change);
    desk.commit();
}

}  // namespace labrelay::store
