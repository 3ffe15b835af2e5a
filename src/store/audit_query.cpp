#include "labrelay/store/audit_query.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <mutex>

#include "audit_chain.hpp"
#include "labrelay/core/error_catalogue.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

constexpr const char* kColumns =
    "SELECT audit_id, node, life, at_us, drift_us, kind, actor, role, origin, session, what, "
    "object_kind, object, before, after, reason_code, reason, version, config_hash, hash, "
    "before_digest IS NOT NULL OR after_digest IS NOT NULL OR reason_digest IS NOT NULL "
    "FROM audit";

/// Rows that one page looks at where a text is searched.
constexpr std::int64_t kSearched = 20'000;

AuditRow read_row(const Query& row) {
    AuditRow read;
    read.id = row.integer(0);
    read.node = row.integer(1);
    read.life = row.integer(2);
    read.at = Instant{row.integer(3)};
    read.drift_us = row.integer(4);
    read.kind = row.string(5);
    read.actor = row.string(6);
    read.role = row.string(7);
    read.origin = row.string(8);
    read.session = row.string(9);
    read.what = row.string(10);
    read.object_kind = row.string(11);
    read.object = row.string(12);
    read.before = row.string(13);
    read.after = row.string(14);
    read.reason_code = row.string(15);
    read.reason = row.string(16);
    read.version = row.string(17);
    read.config_hash = row.string(18);
    const std::string_view hash = row.blob(19);
    std::copy_n(hash.begin(), std::min(hash.size(), read.hash.size()), read.hash.begin());
    read.erased = row.flag(20);
    return read;
}

enum Part : unsigned { kActor = 1, kKind = 2, kObjectKind = 4, kObject = 8, kNoIngest = 16 };
constexpr unsigned kParts = 32;

// One statement for each set of filters, so that each has its index.
const char* statement(unsigned parts) {
    static const std::array<std::string, kParts> kStatements = [] {
        std::array<std::string, kParts> made;
        for (unsigned set = 0; set < kParts; ++set) {
            std::string sql = kColumns;
            sql += " WHERE audit_id < ? AND audit_id > ? AND at_us >= ? AND at_us < ?";
            // What was asked for by kind or by another fact is never found by walking the batches.
            if ((set & kNoIngest) != 0) sql += " AND kind <> 'ingest'";
            if ((set & kActor) != 0) sql += " AND actor = ?";
            if ((set & kKind) != 0) sql += " AND kind = ?";
            if ((set & kObjectKind) != 0) sql += " AND object_kind = ?";
            if ((set & kObject) != 0) sql += " AND object = ?";
            sql += " ORDER BY audit_id DESC LIMIT ?";
            made[set] = std::move(sql);
        }
        return made;
    }();
    return kStatements.at(parts).c_str();
}

unsigned parts_of(const AuditFilter& filter) {
    unsigned parts = 0;
    if (!filter.actor.empty()) parts |= kActor;
    if (!filter.kind.empty()) parts |= kKind;
    if (!filter.object_kind.empty()) parts |= kObjectKind;
    if (!filter.object.empty()) parts |= kObject;
    if (filter.kind != "ingest" && (parts != 0 || !filter.text.empty())) parts |= kNoIngest;
    return parts;
}

char folded(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool contains(std::string_view text, std::string_view wanted) {
    return std::ranges::search(text, wanted, [](char a, char b) {
               return folded(a) == folded(b);
           }).begin() != text.end();
}

struct Bounds {
    std::int64_t above = 0;
    std::int64_t below = std::numeric_limits<std::int64_t>::max();
};

// Rows stand in the order in which they were entered, and a clock was never further behind its
// highest reading than the trail says: a row earlier than that stands before everything of the
// period, a row later than that after it.
Bounds bounds_of(Connection& database, const AuditFilter& filter) {
    Bounds bounds;
    if (!filter.from && !filter.until) return bounds;
    const std::int64_t drift = clocks_apart_us(database);
    if (filter.from) {
        auto query = database.prepare(
            "SELECT audit_id FROM audit WHERE at_us < ? ORDER BY at_us DESC LIMIT 1");
        query.bind(filter.from->microseconds - drift);
        if (query.step()) bounds.above = query.integer(0);
    }
    if (filter.until) {
        auto query =
            database.prepare("SELECT audit_id FROM audit WHERE at_us >= ? ORDER BY at_us LIMIT 1");
        query.bind(filter.until->microseconds + drift);
        if (query.step()) bounds.below = query.integer(0);
    }
    return bounds;
}

}  // namespace

bool says(const AuditRow& row, std::string_view text) {
    return text.empty() || contains(row.what, text) || contains(row.reason, text) ||
           contains(row.object, text) || contains(row.actor, text);
}

AuditPage audit_rows(ReadSession& session, const AuditFilter& filter, std::int64_t before,
                     std::size_t limit) {
    // Batches are the engine's and about no object; to look for others would walk all of them.
    const bool of_person = !filter.actor.empty() && filter.actor != "engine";
    if (filter.kind == "ingest" && (of_person || !filter.object_kind.empty())) return {};
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    const Bounds bounds = bounds_of(database, filter);
    const std::int64_t below = before == 0 ? bounds.below : std::min(before, bounds.below);
    const std::int64_t from = filter.from ? filter.from->microseconds : 0;
    const std::int64_t until =
        filter.until ? filter.until->microseconds : std::numeric_limits<std::int64_t>::max();
    const std::string_view text =
        filter.text_later ? std::string_view() : std::string_view(filter.text);
    const std::int64_t looked_at = text.empty() ? static_cast<std::int64_t>(limit) + 1 : kSearched;
    auto query = database.prepare(statement(parts_of(filter)));
    query.bind(below, bounds.above, from, until);
    for (const std::string* word :
         {&filter.actor, &filter.kind, &filter.object_kind, &filter.object})
        if (!word->empty()) query.bind(*word);
    query.bind(looked_at);
    AuditPage page;
    std::int64_t seen = 0;
    std::int64_t last = 0;
    while (query.step()) {
        AuditRow row = read_row(query);
        if (page.rows.size() == limit) {
            page.next = last;
            return page;
        }
        ++seen;
        last = row.id;
        if (says(row, text)) page.rows.push_back(std::move(row));
    }
    if (!text.empty() && seen == looked_at) page.next = last;
    return page;
}

std::optional<AuditRow> audit_row(ReadSession& session, std::int64_t id) {
    static const std::string sql = std::string(kColumns) + " WHERE audit_id = ?";
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    auto query = database.prepare(sql.c_str());
    query.bind(id);
    if (!query.step()) return std::nullopt;
    return read_row(query);
}

std::vector<AuditReview> audit_reviews(ReadSession& session, std::int64_t before,
                                       std::size_t limit) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    auto query = database.prepare(
        "SELECT review_id, from_us, until_us, filter, finding, actor, r.at_us, r.signature_id, "
        "coalesce(s.name, ''), coalesce(s.meaning, '') FROM audit_review r "
        "LEFT JOIN signature s ON s.signature_id = r.signature_id "
        "WHERE review_id < ? ORDER BY review_id DESC LIMIT ?");
    query.bind(before == 0 ? std::numeric_limits<std::int64_t>::max() : before,
               static_cast<std::int64_t>(limit));
    std::vector<AuditReview> reviews;
    while (query.step())
        reviews.push_back({query.integer(0), Instant{query.integer(1)}, Instant{query.integer(2)},
                           query.string(3), query.string(4), query.string(5),
                           Instant{query.integer(6)}, query.integer(7), query.string(8),
                           query.string(9)});
    return reviews;
}

}  // namespace labrelay::store
