#include "audit_chain.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "labrelay/crypto/digest.hpp"
#include "labrelay/store/audit_query.hpp"
#include "shared_store.hpp"

namespace labrelay::store {
namespace {

constexpr std::string_view kVersion = LABRELAY_VERSION;

constexpr std::array<std::string_view, 30> kKinds{
    "access-review", "account",       "again",    "alarm",     "approval",  "audit-review",
    "comment",       "configuration", "critical", "export",    "four-eyes", "identity",
    "ingest",        "lock",          "overlay",  "placed",    "post-lock", "problem",
    "purge",         "quarantine",    "query",    "reconcile", "registry",  "repair",
    "resend",        "role",          "sign-in",  "signature", "tombstone", "view"};

// Length before content: no two different rows have one text.
void add(std::string& text, std::string_view part) {
    text += std::to_string(part.size());
    text += ':';
    text += part;
}

AuditHash digest_of(std::string_view text) {
    static const AuditHash kOfNothing = crypto::sha256({});
    return text.empty() ? kOfNothing : crypto::sha256(text);
}

}  // namespace

std::string_view bytes_of(const AuditHash& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

AuditHash hash_of(const HashedRow& row) {
    std::string text;
    add(text, bytes_of(row.previous));
    for (const std::int64_t number : {row.node, row.life, row.at_us, row.drift_us})
        add(text, std::to_string(number));
    for (const std::string_view part : {row.kind, row.actor, row.role, row.origin, row.session,
                                        row.what, row.object_kind, row.object})
        add(text, part);
    add(text, bytes_of(row.before));
    add(text, bytes_of(row.after));
    add(text, row.reason_code);
    add(text, bytes_of(row.reason));
    for (const std::string_view part : {row.version, row.config_hash, row.digest}) add(text, part);
    return crypto::sha256(text);
}

AuditChain::AuditChain(Connection& database, std::uint8_t node) : node_(node) {
    {
        auto query = database.prepare("SELECT coalesce(max(at_us), 0) FROM audit");
        if (query.step()) highest_us_ = query.integer(0);
    }
    // On a shared store two writers may begin at once; a sequence gives no number twice.
    if (is_shared(database)) {
        auto query = database.prepare("SELECT nextval('audit_life')");
        if (query.step()) life_ = query.integer(0);
        return;
    }
    auto query = database.prepare("SELECT coalesce(max(life), 0) + 1 FROM audit WHERE node = ?");
    query.bind(std::int64_t{node});
    if (query.step()) life_ = query.integer(0);
}

std::span<const std::string_view> audit_kinds() {
    return kKinds;
}

void AuditChain::append(Connection& database, const AuditEntry& entry) {
    if (std::ranges::find(kKinds, entry.kind) == kKinds.end()) {
        throw std::logic_error("no kind of audit row: " + std::string(entry.kind));
    }
    const Hash about = digest_of(entry.about);
    highest_us_ = std::max(highest_us_, entry.at.microseconds);
    HashedRow row;
    row.previous = last_;
    row.node = node_;
    row.life = life_;
    row.at_us = entry.at.microseconds;
    row.drift_us = highest_us_ - entry.at.microseconds;
    row.kind = entry.kind;
    row.actor = entry.actor;
    row.role = entry.role;
    row.origin = to_string(entry.origin);
    row.session = entry.session;
    row.what = entry.what;
    row.object_kind = entry.object_kind;
    row.object = entry.object;
    row.before = digest_of(entry.before);
    row.after = digest_of(entry.after);
    row.reason_code = entry.reason_code;
    row.reason = digest_of(entry.reason);
    row.version = kVersion;
    row.config_hash =
        entry.config_hash.empty() ? std::string_view(config_hash_) : entry.config_hash;
    row.digest = bytes_of(about);
    const Hash hash = hash_of(row);
    database
        .prepare(
            "INSERT INTO audit(node, life, at_us, drift_us, kind, actor, role, origin, session, "
            "what, object_kind, object, before, after, reason_code, reason, version, config_hash, "
            "digest, previous, hash) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(row.node, row.life, row.at_us, row.drift_us, row.kind, row.actor, row.role,
              row.origin, row.session, row.what, row.object_kind, row.object, entry.before,
              entry.after, row.reason_code, entry.reason, row.version, row.config_hash,
              Blob{row.digest}, Blob{bytes_of(last_)}, Blob{bytes_of(hash)})
        .run();
    last_ = hash;
}

void AuditChain::resume(Connection& database) {
    last_ = {};
    auto query = database.prepare(
        "SELECT hash FROM audit WHERE node = ? AND life = ? ORDER BY audit_id DESC LIMIT 1");
    query.bind(std::int64_t{node_}, life_);
    if (!query.step()) return;
    const std::string_view hash = query.blob(0);
    std::copy_n(hash.begin(), std::min(hash.size(), last_.size()), last_.begin());
}

std::int64_t clocks_apart_us(Connection& database) {
    constexpr std::int64_t kNodesApartUs = 3'600'000'000;
    auto query =
        database.prepare("SELECT coalesce(max(drift_us), 0) FROM audit WHERE drift_us > 0");
    return kNodesApartUs + (query.step() ? query.integer(0) : 0);
}

AuditEntry entry_of(Instant at, const Act& act, const AuditedChange& change) {
    AuditEntry entry;
    entry.at = at;
    entry.kind = change.kind;
    entry.actor = act.actor;
    entry.what = change.what;
    entry.origin = act.origin;
    entry.role = act.role;
    entry.session = act.session;
    entry.object_kind = change.object_kind;
    entry.object = change.object;
    entry.before = change.before;
    entry.after = change.after;
    entry.reason_code = act.reason_code;
    entry.reason = act.reason;
    return entry;
}

}  // namespace labrelay::store
