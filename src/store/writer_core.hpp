#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "audit_chain.hpp"
#include "checkpointer.hpp"
#include "connection.hpp"
#include "labrelay/crypto/secret_key.hpp"
#include "labrelay/store/store_writer.hpp"
#include "raw_codec.hpp"
#include "terms.hpp"
#include "writer_gate.hpp"

namespace labrelay::store {

/// What everything that writes to the store shares. All of it but `gate` may be touched only inside
/// the gate.
struct StoreWriter::Core {
    Core(const DataDirectory& directory, const Clock& clock, WriterOptions options);

    StorePlace place;
    const Clock& clock;
    WriterOptions options;
    crypto::SecretKey names_key;    ///< of awaiting and of patients in holds
    crypto::SecretKey results_key;  ///< of result ids
    crypto::SecretKey second_factor_key;
    RawCodec codec;
    WriterGate gate;

    std::unique_ptr<Connection> database;  ///< nothing after a fault until it is opened again
    Terms terms;
    Specimens specimens;
    std::unordered_map<std::string, std::int64_t, TextHash, std::equal_to<>> configurations;
    std::optional<AuditChain> audit;
    std::vector<std::int64_t> target_ids;
    std::unique_ptr<Connection> dictionary;      ///< of a shared store
    std::unique_ptr<Checkpointer> checkpointer;  ///< of SQLite

    Connection& db() { return *database; }
    bool shared() const { return place.shared(); }
    /// Where rows that all transactions refer to are added: on a shared store a connection of its
    /// own that commits each at once, so that batches do not wait for each other's new texts.
    Connection& adder() { return dictionary ? *dictionary : *database; }
    std::int64_t term(std::string_view text) { return terms.id(*database, adder(), text); }
    std::int64_t specimen(std::int64_t source, const study::SpecimenIdentity& specimen) {
        return specimens.id(*database, adder(), source, specimen);
    }
    std::int64_t configuration(std::string_view hash);
    void learn_targets();
    /// Ids of `count` outbox rows, one after the other; the first.
    std::int64_t take_deliveries(std::int64_t count);
    /// No scope is frozen or locked and nothing was ever kept back, as is usual: asked once a
    /// transaction.
    bool nothing_is_locked();
    /// Whether this process is the one that does such work; on a shared store one node is.
    bool leads(std::string_view work);

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
    void make_sure_of_log(Connection& fresh);

    bool suspect_ = false;
    std::optional<bool> nothing_locked_;  ///< of the transaction
    AuditChain::Hash audit_before_{};
    std::int64_t next_delivery_ = 1;
    std::int64_t delivery_block_end_ = 0;  ///< of a shared store, in this transaction
    std::int64_t next_delivery_before_ = 1;
    std::set<std::string, std::less<>> led_;
};

/// A transaction of something other than the committer: waits its turn, rolls back unless
/// committed. A fault of the database itself closes the connection; the next transaction opens it
/// anew.
class WriteTransaction {
public:
    explicit WriteTransaction(StoreWriter::Core& core, Durability durability = Durability::full);
    WriteTransaction(const WriteTransaction&) = delete;
    WriteTransaction& operator=(const WriteTransaction&) = delete;
    ~WriteTransaction();
    void commit();

private:
    StoreWriter::Core& core_;
    InsideGate inside_;
    bool open_ = false;
};

}  // namespace labrelay::store
