#include "database.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::store::sqlite {
namespace {

using pipeline::StoreFault;

bool refuses_row(int status) {
    switch (status & 0xff) {
        case SQLITE_CONSTRAINT:
        case SQLITE_TOOBIG:
        case SQLITE_MISMATCH:
        case SQLITE_RANGE:
            return true;
        default:
            return false;
    }
}

// sqlite3_errmsg() names tables and columns, never values.
[[noreturn]] void raise(sqlite3* handle, int status) {
    const char* message = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(status);
    throw StoreFault(fmt::format("SQLite {}: {}", status, message), refuses_row(status));
}

// Made here so that it is 0600 from its first instant; SQLite gives WAL and SHM the same mode.
void create_file(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) throw StoreFault("cannot create " + path.string(), false);
    ::close(file);
}

constexpr int kBusyTimeoutMs = 2000;

}  // namespace

Statement::~Statement() {
    if (statement_ == nullptr) return;
    sqlite3_reset(statement_);
    if (bound_ > 0) sqlite3_clear_bindings(statement_);
}

void Statement::check(int status) const {
    if (status != SQLITE_OK) raise(database_, status);
}

bool Statement::step() {
    const int status = sqlite3_step(statement_);
    if (status == SQLITE_ROW) return true;
    if (status == SQLITE_DONE) return false;
    raise(database_, status);
}

void Statement::run() {
    while (step()) {
    }
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
    bound_ = 0;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
    if (is_null(column)) return std::nullopt;
    return integer(column);
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::string_view Statement::text(int column) const {
    const unsigned char* bytes = sqlite3_column_text(statement_, column);
    if (bytes == nullptr) return {};
    return {reinterpret_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Statement::blob(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    if (bytes == nullptr) return {};
    return {static_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Statement::bind_one(std::int64_t value) {
    check(sqlite3_bind_int64(statement_, ++bound_, value));
}

void Statement::bind_one(std::string_view value) {
    const char* bytes = value.data() == nullptr ? "" : value.data();
    check(sqlite3_bind_text64(statement_, ++bound_, bytes, value.size(), SQLITE_STATIC,
                              SQLITE_UTF8));
}

void Statement::bind_one(Blob value) {
    const char* bytes = value.bytes.data() == nullptr ? "" : value.bytes.data();
    check(sqlite3_bind_blob64(statement_, ++bound_, bytes, value.bytes.size(), SQLITE_STATIC));
}

void Database::Closer::operator()(sqlite3* handle) const {
    sqlite3_close_v2(handle);
}

void Database::Finalizer::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Database::Database(const std::filesystem::path& path, Mode mode, const std::string& vfs) {
    if (mode == Mode::write && !std::filesystem::exists(path)) create_file(path);
    sqlite3* handle = nullptr;
    const int access = mode == Mode::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    const int status = sqlite3_open_v2(path.c_str(), &handle, access | SQLITE_OPEN_NOMUTEX,
                                       vfs.empty() ? nullptr : vfs.c_str());
    handle_.reset(handle);
    if (status != SQLITE_OK) raise(handle, status);
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, kBusyTimeoutMs);
    if (mode == Mode::read) return;
    execute(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        "PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY");
}

Statement Database::prepare(const char* sql) {
    auto& slot = statements_[sql];
    if (!slot) {
        sqlite3_stmt* statement = nullptr;
        const int status = sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                              &statement, nullptr);
        if (status != SQLITE_OK) {
            statements_.erase(sql);
            raise(handle_.get(), status);
        }
        slot.reset(statement);
    }
    return {handle_.get(), slot.get()};
}

void Database::execute(const std::string& script) {
    const int status = sqlite3_exec(handle_.get(), script.c_str(), nullptr, nullptr, nullptr);
    if (status != SQLITE_OK) raise(handle_.get(), status);
}

void Database::rollback() noexcept {
    if (in_transaction()) sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

bool Database::in_transaction() const {
    return sqlite3_get_autocommit(handle_.get()) == 0;
}

int Database::changes() const {
    return sqlite3_changes(handle_.get());
}

bool Database::checkpoint(Checkpoint mode) {
    const int how =
        mode == Checkpoint::passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
    const int status =
        sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, how, nullptr, nullptr);
    if (status == SQLITE_OK) return true;
    if ((status & 0xff) == SQLITE_BUSY) return false;
    raise(handle_.get(), status);
}

void Database::on_commit(std::function<void(int)> callback) {
    on_commit_ = std::make_unique<std::function<void(int)>>(std::move(callback));
    sqlite3_wal_hook(
        handle_.get(),
        [](void* target, sqlite3*, const char*, int pages) {
            (*static_cast<std::function<void(int)>*>(target))(pages);
            return SQLITE_OK;
        },
        on_commit_.get());
}

}  // namespace labrelay::store::sqlite
