#include "connection.hpp"

#include <sqlite3.h>

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::store {
namespace {

// What a fault of SQLite is to the module's callers.
template <class Call>
decltype(auto) translated(const Call& call) {
    try {
        return call();
    } catch (const sqlite::Fault& fault) {
        throw pipeline::StoreFault(fault.what(), fault.kind() == sqlite::FaultKind::refused);
    }
}

constexpr std::chrono::milliseconds kBusyTimeout{2000};

}  // namespace

bool Query::step() {
    return translated([&] { return statement_->step(); });
}

void Query::run() {
    translated([&] { statement_->run(); });
    bound_ = 0;
}

void Query::bind_one(std::int64_t value) {
    translated([&] { statement_->bind(++bound_, value); });
}

void Query::bind_one(std::string_view value) {
    translated([&] { statement_->bind_borrowed(++bound_, value); });
}

void Query::bind_one(Blob value) {
    translated([&] { statement_->bind_blob(++bound_, value.bytes); });
}

Connection::Connection(const std::filesystem::path& file, Mode mode, const std::string& vfs)
    : database_(translated([&] {
          const auto how =
              mode == Mode::write ? sqlite::OpenMode::create : sqlite::OpenMode::read_only;
          return sqlite::Database::open(file, how, kBusyTimeout, vfs);
      })) {
    if (mode == Mode::read) return;
    execute(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
        "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY");
}

Query Connection::prepare(const char* sql) {
    auto found = statements_.find(sql);
    if (found == statements_.end()) {
        found = translated([&] { return statements_.emplace(sql, database_.prepare(sql)).first; });
    }
    return Query(found->second);
}

void Connection::execute(std::string_view script) {
    translated([&] { database_.execute(script); });
}

void Connection::rollback() noexcept {
    if (database_.in_transaction())
        sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

bool Connection::checkpoint(Checkpoint mode) {
    const int how =
        mode == Checkpoint::passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
    const int status =
        sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, how, nullptr, nullptr);
    if (status == SQLITE_OK) return true;
    if ((status & 0xff) == SQLITE_BUSY) return false;
    throw pipeline::StoreFault(sqlite3_errmsg(database_.handle()), false);
}

void Connection::on_commit(std::function<void(int)> callback) {
    on_commit_ = std::make_unique<std::function<void(int)>>(std::move(callback));
    sqlite3_wal_hook(
        database_.handle(),
        [](void* target, sqlite3*, const char*, int pages) {
            (*static_cast<std::function<void(int)>*>(target))(pages);
            return SQLITE_OK;
        },
        on_commit_.get());
}

}  // namespace labrelay::store
