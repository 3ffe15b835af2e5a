#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "audit_chain.hpp"
#include "labrelay/crypto/secret_key.hpp"
#include "labrelay/store/sqlite_writer.hpp"
#include "raw_codec.hpp"
#include "sqlite/checkpointer.hpp"
#include "sqlite/connection.hpp"
#include "terms.hpp"
#include "writer_gate.hpp"

namespace labrelay::store {

/// full: on stable storage when commit() returns. relaxed: with the next full one; for what may be
/// done twice without harm.
enum class Durability : std::uint8_t { full, relaxed };

/// What everything that writes to the store shares. All of it but `gate` may be touched only inside
/// the gate.
struct SqliteWriter::Core {
    Core(const DataDirectory& directory, const Clock& clock, WriterOptions options);

    std::filesystem::path file;
    const Clock& clock;
    WriterOptions options;
    crypto::SecretKey names_key;    ///< of awaiting and of patients in holds
    crypto::SecretKey results_key;  ///< of result ids
    RawCodec codec;
    WriterGate gate;

    std::unique_ptr<Connection> database;  ///< nothing after a fault until it is opened again
    Terms terms;
    Specimens specimens;
    std::unordered_map<std::string, std::int64_t, TextHash, std::equal_to<>> configurations;
    std::optional<AuditChain> audit;
    std::vector<std::int64_t> target_ids;
    std::int64_t next_delivery = 1;
    std::unique_ptr<Checkpointer> checkpointer;

    Connection& db() { return *database; }
    std::int64_t term(std::string_view text) { return terms.id(*database, text); }
    std::int64_t configuration(std::string_view hash);
    void learn_targets();

    /// Opens the database. After a fault what is found in the WAL may stand in the page cache only:
    /// it is carried into the database file and synced there before anybody is told that it is
    /// stored.
    void connect();
    /// After a failed sync or write nothing that the handle says may be believed.
    void disconnect();

    void begin(Durability durability = Durability::full);
    void commit();
    void rollback() noexcept;

private:
    void set_durability(Durability durability);

    Durability durability_ = Durability::full;
    bool suspect_ = false;
    AuditChain::Hash audit_before_{};
    std::int64_t next_delivery_before_ = 1;
};

/// A transaction of something other than the committer: waits its turn, rolls back unless
/// committed. A fault of the database itself closes the connection; the next transaction opens it
/// anew.
class WriteTransaction {
public:
    explicit WriteTransaction(SqliteWriter::Core& core, Durability durability = Durability::full);
    WriteTransaction(const WriteTransaction&) = delete;
    WriteTransaction& operator=(const WriteTransaction&) = delete;
    ~WriteTransaction();
    void commit();

private:
    SqliteWriter::Core& core_;
    InsideGate inside_;
    bool open_ = false;
};

}  // namespace labrelay::store
