#include "labrelay/store/store_writer.hpp"
#include "labrelay/sql/standby.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include "labrelay/crypto/keyed_hash.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "migrations.hpp"
#include "shared_store.hpp"
#include "writer_core.hpp"

namespace labrelay::store {
namespace {

using pipeline::StoreFault;

constexpr std::int64_t kPageBytes = 4096;
/// Ids that a transaction on a shared store takes at once.
constexpr std::int64_t kDeliveryBlock = 4096;

std::int64_t next_delivery_in(Connection& database) {
    auto query = database.prepare("SELECT coalesce(max(delivery_id), 0) + 1 FROM outbox");
    query.step();
    return query.integer(0);
}

// The store remembers a hash made with its key, so that another key is noticed before it seals
// anything.
bool key_fits(Connection& database, const crypto::SecretKey& key) {
    const auto hash = crypto::keyed_hash(key.derive("check"), {"store.key"});
    const std::string_view mine(reinterpret_cast<const char*>(hash.data()), hash.size());
    database.prepare("INSERT INTO meta(name, value) VALUES ('key_check', ?) ON CONFLICT DO NOTHING")
        .bind(Blob{mine})
        .run();
    auto query = database.prepare("SELECT value FROM meta WHERE name = 'key_check'");
    return query.step() && query.blob(0) == mine;
}

}  // namespace

StoreWriter::Core::Core(const DataDirectory& directory, const Clock& clock_in,
                        WriterOptions options_in)
    : place(directory.place()),
      clock(clock_in),
      options(std::move(options_in)),
      names_key(directory.key().derive("names")),
      results_key(directory.key().derive("results")),
      second_factor_key(directory.key().derive("second factors")),
      codec(directory.key(), options.raw) {}

std::int64_t StoreWriter::Core::configuration(std::string_view hash) {
    if (const auto known = configurations.find(hash); known != configurations.end())
        return known->second;
    adder()
        .prepare(
            "INSERT INTO configuration(hash, first_used_us) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(hash, clock.now().microseconds)
        .run();
    auto query = db().prepare("SELECT config_id FROM configuration WHERE hash = ?");
    query.bind(hash);
    query.step();
    return configurations.emplace(hash, query.integer(0)).first->second;
}

void StoreWriter::Core::connect() {
    database.reset();
    auto fresh = open_store(place, sql::Access::write, options.vfs);
    make_sure_of_log(*fresh);
    if (shared() && !dictionary) {
        dictionary = open_store(place, sql::Access::write);
        // What refers to a new text is synced with it.
        dictionary->execute("SET synchronous_commit = off");
    }
    if (audit) {  // opened again within one life
        audit->resume(*fresh);
        next_delivery_ = next_delivery_in(*fresh);
    }
    suspect_ = false;
    database = std::move(fresh);
}

void StoreWriter::Core::disconnect() {
    if (database) {
        database->rollback();
        if (!shared()) carry_at_close(sqlite_of(*database), false);
    }
    database.reset();
    dictionary.reset();
    led_.clear();
    suspect_ = true;
    terms.forget();
    specimens.forget();
    configurations.clear();
}

// A command that runs without a server must tell the targets of the last one.
void StoreWriter::Core::learn_targets() {
    std::set<std::int64_t> wanted;
    for (const std::string& target : options.targets) {
        const std::int64_t id = term(target);
        wanted.insert(id);
        db().prepare("INSERT INTO target(target_id) VALUES (?) ON CONFLICT DO NOTHING")
            .bind(id)
            .run();
    }
    {
        auto query = db().prepare("SELECT target_id FROM target ORDER BY target_id");
        while (query.step()) target_ids.push_back(query.integer(0));
    }
    if (wanted.empty()) return;
    for (const std::int64_t known : target_ids)
        if (!wanted.contains(known))
            db().prepare("DELETE FROM target WHERE target_id = ?").bind(known).run();
    std::erase_if(target_ids, [&](std::int64_t known) { return !wanted.contains(known); });
}

// Also at a start: the process before may have died right after a failed sync.
void StoreWriter::Core::make_sure_of_log(Connection& fresh) {
    if (fresh.engine().dialect() != sql::Dialect::sqlite) {
        if (suspect_) sql::make_sure_of_standby(fresh);
        return;
    }
    sqlite::Database& file = sqlite_of(fresh);
    settle_log(fresh);
    const bool carried = checkpoint(file, Checkpoint::restart);
    if (suspect_ && !carried)
        throw StoreFault("the log cannot be carried into the store yet", false);
    sqlite3_wal_hook(
        file.handle(),
        [](void* core, sqlite3*, const char*, int pages) {
            const auto& self = *static_cast<Core*>(core);
            if (self.checkpointer) self.checkpointer->wal_has(pages * kPageBytes);
            return SQLITE_OK;
        },
        this);
}

void StoreWriter::Core::begin(Durability durability) {
    if (!database) connect();
    database->begin_write(durability);
    audit_before_ = audit->saved();
    next_delivery_before_ = next_delivery_;
    delivery_block_end_ = 0;
    nothing_locked_.reset();
}

bool StoreWriter::Core::nothing_is_locked() {
    if (!nothing_locked_) {
        auto query = db().prepare(
            "SELECT 1 FROM lock_scope WHERE state <> 'open' UNION ALL "
            "SELECT 1 FROM post_lock_item LIMIT 1");
        nothing_locked_ = !query.step();
    }
    return *nothing_locked_;
}

std::int64_t StoreWriter::Core::take_deliveries(std::int64_t count) {
    if (shared() && next_delivery_ + count > delivery_block_end_) {
        auto query = db().prepare("SELECT nextval('delivery_block')");
        query.step();
        next_delivery_ = query.integer(0) * kDeliveryBlock;
        delivery_block_end_ = next_delivery_ + kDeliveryBlock;
    }
    return std::exchange(next_delivery_, next_delivery_ + count);
}

bool StoreWriter::Core::leads(std::string_view work) {
    if (!shared() || led_.contains(work)) return true;
    if (!try_session_lock(db(), work)) return false;
    led_.emplace(work);
    return true;
}

void StoreWriter::Core::commit() {
    database->commit();
}

void StoreWriter::Core::rollback() noexcept {
    if (!database) return;
    database->rollback();
    terms.forget();
    specimens.forget();
    configurations.clear();
    audit->restore(audit_before_);
    next_delivery_ = next_delivery_before_;
}

WriteTransaction::WriteTransaction(StoreWriter::Core& core, Durability durability)
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
    } catch (const StoreFault& fault) {
        if (fault.store_is_well()) {
            core_.rollback();
        } else {
            core_.disconnect();
        }
        throw;
    }
}

StoreWriter::StoreWriter(std::unique_ptr<Core> core) : core_(std::move(core)) {}
std::uint8_t StoreWriter::node() const {
    return core_->options.node;
}

StoreWriter::~StoreWriter() = default;

Result<std::unique_ptr<StoreWriter>> StoreWriter::open(const DataDirectory& directory,
                                                       const Clock& clock, WriterOptions options) {
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
    if (!core->place.shared())  // PostgreSQL has its own
        core->checkpointer = std::make_unique<Checkpointer>(
            core->place.file, core->options.vfs, core->gate,
            Checkpointer::Limits{core->options.checkpoint_bytes,
                                 core->options.checkpoint_restart_bytes});
    return std::unique_ptr<StoreWriter>(new StoreWriter(std::move(core)));
}

}  // namespace labrelay::store
