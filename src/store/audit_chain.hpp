#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "labrelay/core/time.hpp"
#include "sqlite/connection.hpp"

namespace labrelay::store {

/// What is entered into the audit trail. `digest` covers what the entry is about.
struct AuditEntry {
    Instant at;
    std::string_view kind;  ///< ingest, again, registry, purge …
    std::string_view actor;
    std::string_view what;
    std::string_view about;  ///< digested, not kept
};

/// The chain of this life of this node: each row's hash covers the one before it. Used inside the
/// writer's transaction; `saved()` and `restore()` bring it back to where it was before a
/// rolled-back one.
class AuditChain {
public:
    using Hash = std::array<std::uint8_t, 32>;

    /// Begins a new life after the last one in the store.
    AuditChain(Connection& database, std::uint8_t node);

    void append(Connection& database, const AuditEntry& entry);
    const Hash& saved() const { return last_; }
    void restore(const Hash& last) { last_ = last; }
    /// After the database was opened again: the life goes on from its last row there.
    void resume(Connection& database);
    std::int64_t life() const { return life_; }

private:
    std::uint8_t node_;
    std::int64_t life_ = 1;
    Hash last_{};
};

}  // namespace labrelay::store
