#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "connection.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/act.hpp"

namespace labrelay::store {

using AuditHash = std::array<std::uint8_t, 32>;
std::string_view bytes_of(const AuditHash& hash);

/// What is entered into the audit trail; what is not known stays empty. `digest` of the row covers
/// `about`, which is not kept; `before` and `after` are, as JSON.
struct AuditEntry {
    Instant at;
    std::string_view kind;  ///< ingest, again, registry, purge …
    std::string_view actor;
    std::string_view what;  ///< a sentence without patient data
    std::string_view about;
    Origin origin = Origin::engine;
    std::string_view role{};
    std::string_view session{};
    std::string_view object_kind{};
    std::string_view object{};
    std::string_view before{};
    std::string_view after{};
    std::string_view reason_code{};
    std::string_view reason{};
    std::string_view config_hash{};  ///< empty: the one that is in force
};

/// Everything of a row that its hash covers: views of the entry or of the row.
struct HashedRow {
    AuditHash previous{};
    std::int64_t node = 0;
    std::int64_t life = 0;
    std::int64_t at_us = 0;
    std::int64_t drift_us = 0;
    std::string_view kind, actor, role, origin, session, what, object_kind, object;
    AuditHash before{};  ///< digests of the texts
    AuditHash after{};
    std::string_view reason_code;
    AuditHash reason{};
    std::string_view version, config_hash, digest;
};
AuditHash hash_of(const HashedRow& row);

/// The chain of this life of this node: each row's hash covers the one before it. Used inside the
/// writer's transaction; `saved()` and `restore()` bring it back to where it was before a
/// rolled-back one. A clock that goes back changes no order: that is the row's number, and the row
/// says how far the clock was behind.
class AuditChain {
public:
    using Hash = AuditHash;

    /// Begins a new life after the last one in the store.
    AuditChain(Connection& database, std::uint8_t node);

    void append(Connection& database, const AuditEntry& entry);
    /// The configuration that is in force from now on.
    void configured(std::string_view hash) { config_hash_ = hash; }
    const Hash& saved() const { return last_; }
    void restore(const Hash& last) { last_ = last; }
    /// After the database was opened again: the life goes on from its last row there.
    void resume(Connection& database);
    std::int64_t life() const { return life_; }

private:
    std::uint8_t node_;
    std::int64_t life_ = 1;
    std::int64_t highest_us_ = 0;
    std::string config_hash_;
    Hash last_{};
};

/// How much earlier than another row's time that of one can be which was entered after it: as far
/// as the clocks of nodes that share a store may be apart and one was behind its highest reading.
std::int64_t clocks_apart_us(Connection& database);

/// The entry of what a person does.
AuditEntry entry_of(Instant at, const Act& act, const AuditedChange& change);

}  // namespace labrelay::store
