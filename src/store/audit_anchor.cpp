#include <fmt/format.h>

#include <map>

#include "audit_heads.hpp"
#include "labrelay/store/audit_verify.hpp"
#include "writer_core.hpp"

namespace labrelay::store {
namespace {

/// How far back is looked for heads: on a shared store a row may become visible after one with a
/// higher number, by as long as a transaction lasts.
constexpr std::int64_t kLateUs = 600'000'000;
constexpr std::int64_t kDayUs = 86'400'000'000;

struct Last {
    Instant at;
    AuditHash digest{};
};

std::optional<Last> last_anchor(Connection& database) {
    auto query =
        database.prepare("SELECT at_us, digest FROM audit_anchor ORDER BY anchor_id DESC LIMIT 1");
    if (!query.step()) return std::nullopt;
    return Last{Instant{query.integer(0)}, hash_from(query.blob(1))};
}

// The rows from here on may be news: what anchors of the last minutes name, and above.
std::int64_t first_row_to_look_at(Connection& database, Instant now) {
    std::int64_t first = 0;
    auto query =
        database.prepare("SELECT heads, at_us FROM audit_anchor ORDER BY anchor_id DESC LIMIT 30");
    while (query.step()) {
        std::int64_t highest = 0;
        for (const AuditHead& head : heads_from(query.text(0)))
            highest = std::max(highest, head.row);
        first = highest;
        if (query.integer(1) < now.microseconds - kLateUs) break;
    }
    return first;
}

std::map<AuditChainName, AuditHead> heads_above(Connection& database, std::int64_t row) {
    std::map<AuditChainName, AuditHead> heads;
    auto query = database.prepare(
        "SELECT audit_id, node, life, hash FROM audit WHERE audit_id > ? ORDER BY audit_id");
    query.bind(row);
    while (query.step()) {
        AuditHead head;
        head.row = query.integer(0);
        head.chain = {query.integer(1), query.integer(2)};
        head.hash = hash_from(query.blob(3));
        heads[head.chain] = head;
    }
    return heads;
}

// What the last anchors said already is no news.
void drop_known(Connection& database, std::map<AuditChainName, AuditHead>& heads) {
    std::map<AuditChainName, std::int64_t> said;
    auto query =
        database.prepare("SELECT heads FROM audit_anchor ORDER BY anchor_id DESC LIMIT 30");
    while (query.step())
        for (const AuditHead& head : heads_from(query.text(0))) {
            std::int64_t& row = said[head.chain];
            row = std::max(row, head.row);
        }
    std::erase_if(heads, [&](const auto& each) {
        const auto found = said.find(each.first);
        return found != said.end() && each.second.row <= found->second;
    });
}

}  // namespace

std::optional<AuditAnchor> anchor_audit(StoreWriter& writer) {
    StoreWriter::Core& core = writer.core();
    WriteTransaction transaction(core);
    if (!core.leads("house")) return std::nullopt;
    Connection& database = core.db();
    const Instant now = core.clock.now();
    const std::optional<Last> last = last_anchor(database);
    auto found = heads_above(database, first_row_to_look_at(database, now));
    drop_known(database, found);
    if (found.empty()) return std::nullopt;
    std::vector<AuditHead> heads;
    for (const auto& [chain, head] : found) heads.push_back(head);
    const std::string text = heads_text(heads);
    AuditAnchor anchor;
    anchor.at = now;
    anchor.heads = heads.size();
    anchor.digest = anchor_digest(last ? last->digest : AuditHash{}, now.microseconds, text);
    anchor.first_of_day = !last || last->at.microseconds / kDayUs != now.microseconds / kDayUs;
    {
        auto insert = database.prepare(
            "INSERT INTO audit_anchor(at_us, heads, digest) VALUES (?, ?, ?) RETURNING anchor_id");
        insert.bind(now.microseconds, text, Blob{bytes_of(anchor.digest)});
        insert.step();
        anchor.id = insert.integer(0);
        insert.step();
    }
    transaction.commit();
    return anchor;
}

}  // namespace labrelay::store
