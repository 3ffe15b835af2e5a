#include "labrelay/store/sqlite_writer.hpp"

#include <fmt/format.h>

#include "labrelay/crypto/keyed_hash.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "sqlite/migrations.hpp"
#include "writer_core.hpp"

namespace labrelay::store {
namespace {

using pipeline::StoreFault;

constexpr std::int64_t kPageBytes = 4096;

// The store remembers a hash made with its key, so that another key is noticed before it seals
// anything.
bool key_fits(Connection& database, const crypto::SecretKey& key) {
    const auto hash = crypto::keyed_hash(key.derive("check"), {"store.key"});
    const std::string_view mine(reinterpret_cast<const char*>(hash.data()), hash.size());
    database.prepare("INSERT OR IGNORE INTO meta(name, value) VALUES ('key_check', ?)")
        .bind(Blob{mine})
        .run();
    auto query = database.prepare("SELECT value FROM meta WHERE name = 'key_check'");
    return query.step() && query.blob(0) == mine;
}

}  // namespace

SqliteWriter::Core::Core(const DataDirectory& directory, const Clock& clock_in,
                         WriterOptions options_in)
    : file(directory.store_file()),
      clock(clock_in),
      options(std::move(options_in)),
      names_key(directory.key().derive("names")),
      results_key(directory.key().derive("results")),
      codec(directory.key(), options.raw) {}

std::int64_t SqliteWriter::Core::configuration(std::string_view hash) {
    if (const auto known = configurations.find(hash); known != configurations.end())
        return known->second;
    db().prepare("INSERT OR IGNORE INTO configuration(hash, first_used_us) VALUES (?, ?)")
        .bind(hash, clock.now().microseconds)
        .run();
    auto query = db().prepare("SELECT config_id FROM configuration WHERE hash = ?");
    query.bind(hash);
    query.step();
    return configurations.emplace(hash, query.integer(0)).first->second;
}

void SqliteWriter::Core::connect() {
    database.reset();
    auto fresh = std::make_unique<Connection>(file, Connection::Mode::write, options.vfs);
    // Also at a start: the process before may have died right after a failed sync.
    const bool carried = fresh->checkpoint(Connection::Checkpoint::restart);
    if (suspect_ && !carried)
        throw StoreFault("the log cannot be carried into the store yet", false);
    fresh->on_commit([this](int pages) {
        if (checkpointer) checkpointer->wal_has(pages * kPageBytes);
    });
    if (audit) {  // opened again within one life
        audit->resume(*fresh);
        auto query = fresh->prepare("SELECT coalesce(max(delivery_id), 0) + 1 FROM outbox");
        query.step();
        next_delivery = query.integer(0);
    }
    suspect_ = false;
    durability_ = Durability::full;
    database = std::move(fresh);
}

void SqliteWriter::Core::disconnect() {
    if (database) database->rollback();
    database.reset();
    suspect_ = true;
    terms.forget();
    specimens.forget();
    configurations.clear();
}

// A command that runs without a server must tell the targets of the last one.
void SqliteWriter::Core::learn_targets() {
    if (!options.targets.empty()) {
        db().execute("DELETE FROM target");
        for (const std::string& target : options.targets) {
            const std::int64_t id = term(target);
            db().prepare("INSERT OR IGNORE INTO target(target_id) VALUES (?)").bind(id).run();
        }
    }
    auto query = db().prepare("SELECT target_id FROM target ORDER BY target_id");
    while (query.step()) target_ids.push_back(query.integer(0));
}

void SqliteWriter::Core::set_durability(Durability durability) {
    if (durability == durability_) return;
    database->execute(durability == Durability::full ? "PRAGMA synchronous=FULL"
                                                     : "PRAGMA synchronous=NORMAL");
    durability_ = durability;
}

void SqliteWriter::Core::begin(Durability durability) {
    if (!database) connect();
    set_durability(durability);
    database->begin_write();
    audit_before_ = audit->saved();
    next_delivery_before_ = next_delivery;
}

void SqliteWriter::Core::commit() {
    database->commit();
}

void SqliteWriter::Core::rollback() noexcept {
    if (!database) return;
    database->rollback();
    terms.forget();
    specimens.forget();
    configurations.clear();
    audit->restore(audit_before_);
    next_delivery = next_delivery_before_;
}

WriteTransaction::WriteTransaction(SqliteWriter::Core& core, Durability durability)
    : core_(core), inside_(core.gate) {
    try {
        core_.begin(durability);
    } catch (const StoreFault&) {
        core_.disconnect();
        throw;
    }
    open_ = true;
}

WriteTransaction::~WriteTransaction() {
    if (open_) core_.rollback();
}

void WriteTransaction::commit() {
    open_ = false;
    try {
        core_.commit();
    } catch (const StoreFault&) {
        core_.disconnect();
        throw;
    }
}

SqliteWriter::SqliteWriter(std::unique_ptr<Core> core) : core_(std::move(core)) {}
SqliteWriter::~SqliteWriter() = default;

Result<std::unique_ptr<SqliteWriter>> SqliteWriter::open(const DataDirectory& directory,
                                                         const Clock& clock,
                                                         WriterOptions options) {
    auto core = std::make_unique<Core>(directory, clock, std::move(options));
    try {
        core->connect();
        if (auto migrated = migrate(core->db(), clock.now()); !migrated)
            return tl::unexpected(std::move(migrated.error()));
        if (!key_fits(core->db(), directory.key()))
            return fail(Code::store_key_missing, {directory.key_file().string()},
                        "it is another store's key");
        core->audit.emplace(core->db(), core->options.node);
        core->connect();
        const InsideGate inside(core->gate);
        core->begin();
        core->learn_targets();
        core->commit();
    } catch (const StoreFault& fault) {
        return fail(Code::store_io, {directory.path().string()}, fault.what());
    }
    core->checkpointer = std::make_unique<Checkpointer>(
        core->file, core->options.vfs, core->gate,
        Checkpointer::Limits{core->options.checkpoint_bytes,
                             core->options.checkpoint_restart_bytes});
    return std::unique_ptr<SqliteWriter>(new SqliteWriter(std::move(core)));
}

}  // namespace labrelay::store
