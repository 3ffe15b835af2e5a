#include "audit_chain.hpp"

#include <algorithm>

#include "labrelay/crypto/digest.hpp"

namespace labrelay::store {
namespace {

std::string_view view(const AuditChain::Hash& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

// Length before content: no two different entries have one text.
void add(std::string& text, std::string_view part) {
    text += std::to_string(part.size());
    text += ':';
    text += part;
}

}  // namespace

AuditChain::AuditChain(Connection& database, std::uint8_t node) : node_(node) {
    auto query = database.prepare("SELECT coalesce(max(life), 0) + 1 FROM audit WHERE node = ?");
    query.bind(std::int64_t{node});
    if (query.step()) life_ = query.integer(0);
}

void AuditChain::append(Connection& database, const AuditEntry& entry) {
    const Hash digest = crypto::sha256(entry.about);
    std::string text;
    add(text, view(last_));
    add(text, std::to_string(node_));
    add(text, std::to_string(life_));
    add(text, std::to_string(entry.at.microseconds));
    add(text, entry.kind);
    add(text, entry.actor);
    add(text, entry.what);
    add(text, view(digest));
    const Hash hash = crypto::sha256(text);
    database
        .prepare(
            "INSERT INTO audit(node, life, at_us, kind, actor, what, digest, previous, hash) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(std::int64_t{node_}, life_, entry.at.microseconds, entry.kind, entry.actor,
              entry.what, Blob{view(digest)}, Blob{view(last_)}, Blob{view(hash)})
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

}  // namespace labrelay::store
