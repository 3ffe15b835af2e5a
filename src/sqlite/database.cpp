#include "labrelay/sqlite/database.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace labrelay::sqlite {
namespace {

std::string describe(sqlite3* database, int code) {
    const char* text = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
    return fmt::format("SQLite {}: {}", code, text);
}

// SQLite would create the file with the process's umask; its journals copy the file's mode.
void create_private_file(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file >= 0) {
        ::close(file);
        return;
    }
    if (errno != EEXIST) {
        const int error = errno;
        throw Fault(SQLITE_CANTOPEN,
                    fmt::format("{}: {}", path.string(), std::generic_category().message(error)));
    }
}

int open_flags(OpenMode mode) {
    switch (mode) {
        case OpenMode::read_only:
            return SQLITE_OPEN_READONLY;
        case OpenMode::read_write:
            return SQLITE_OPEN_READWRITE;
        case OpenMode::create:
            return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    }
    return SQLITE_OPEN_READONLY;
}

}  // namespace

Fault::Fault(int extended_code, const std::string& what)
    : std::runtime_error(what), extended_code_(extended_code) {}

FaultKind Fault::kind() const {
    switch (primary_code()) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return FaultKind::busy;
        case SQLITE_CONSTRAINT:
        case SQLITE_TOOBIG:
        case SQLITE_MISMATCH:
            return FaultKind::refused;
        case SQLITE_FULL:
            return FaultKind::full;
        case SQLITE_ERROR:
        case SQLITE_MISUSE:
        case SQLITE_RANGE:
            return FaultKind::misuse;
        default:
            return FaultKind::io;
    }
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_finalize(statement);
}

void Statement::check(int code) const {
    if (code != SQLITE_OK) {
        throw Fault(code, describe(database_, code));
    }
}

Statement& Statement::bind(int parameter, std::int64_t value) {
    check(sqlite3_bind_int64(statement_.get(), parameter, value));
    return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
    // A null data pointer would bind NULL, which is not the empty text.
    const char* data = text.data() != nullptr ? text.data() : "";
    check(sqlite3_bind_text64(statement_.get(), parameter, data, text.size(), SQLITE_TRANSIENT,
                              SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind(int parameter, std::nullopt_t /*null*/) {
    check(sqlite3_bind_null(statement_.get(), parameter));
    return *this;
}

Statement& Statement::bind_borrowed(int parameter, std::string_view text) {
    const char* data = text.data() != nullptr ? text.data() : "";
    check(sqlite3_bind_text64(statement_.get(), parameter, data, text.size(), SQLITE_STATIC,
                              SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view bytes) {
    const char* data = bytes.data() != nullptr ? bytes.data() : "";
    check(sqlite3_bind_blob64(statement_.get(), parameter, data, bytes.size(), SQLITE_STATIC));
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        return false;
    }
    Fault fault(code, describe(database_, code));
    sqlite3_reset(statement_.get());
    throw fault;
}

void Statement::run() {
    while (step()) {
    }
    reset();
}

void Statement::reset() {
    // The code of reset() repeats what step() has already thrown.
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
}

int Statement::column_count() const {
    return sqlite3_column_count(statement_.get());
}

std::string_view Statement::column_name(int column) const {
    return sqlite3_column_name(statement_.get(), column);
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
    return sqlite3_column_double(statement_.get(), column);
}

std::string_view Statement::text_view(int column) const {
    const unsigned char* text = sqlite3_column_text(statement_.get(), column);
    if (text == nullptr) {
        return {};
    }
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)};
}

std::string_view Statement::blob_view(int column) const {
    const void* bytes = sqlite3_column_blob(statement_.get(), column);
    if (bytes == nullptr) {
        return {};
    }
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
}

std::optional<std::string> Statement::optional_text(int column) const {
    return is_null(column) ? std::nullopt : std::optional(text(column));
}

void Database::Close::operator()(sqlite3* database) const noexcept {
    sqlite3_close_v2(database);
}

void Database::check(int code) const {
    if (code != SQLITE_OK) {
        const int extended = sqlite3_extended_errcode(handle_.get());
        throw Fault(extended, describe(handle_.get(), extended));
    }
}

Database Database::open(const std::filesystem::path& path, OpenMode mode,
                        std::chrono::milliseconds busy_timeout, const std::string& vfs) {
    if (mode == OpenMode::create && path != ":memory:") {
        create_private_file(path);
    }
    // SQLite's count of its memory costs a lock at every allocation, and nobody reads it. It can be turned
    // off only before the first connection; later the call does nothing.
    static const int kMemoryCountOff = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(kMemoryCountOff);
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, open_flags(mode) | SQLITE_OPEN_NOMUTEX,
                                     vfs.empty() ? nullptr : vfs.c_str());
    Database database(handle);
    if (code != SQLITE_OK) {
        throw Fault(code, fmt::format("{}: {}", path.string(), describe(handle, code)));
    }
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
    database.check(sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr));
    return database;
}

Statement Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code == SQLITE_OK && statement == nullptr) {
        throw Fault(SQLITE_MISUSE, "no statement in the text");
    }
    check(code);
    return Statement(handle_.get(), statement);
}

void Database::execute(std::string_view sql) {
    const std::string text(sql);
    check(sqlite3_exec(handle_.get(), text.c_str(), nullptr, nullptr, nullptr));
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(handle_.get());
}

std::int64_t Database::last_insert_rowid() const {
    return sqlite3_last_insert_rowid(handle_.get());
}

bool Database::in_transaction() const {
    return sqlite3_get_autocommit(handle_.get()) == 0;
}

Transaction::Transaction(Database& database) : database_(database) {
    database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
    // Some faults have rolled back already; a failing rollback leaves nothing that could be done
    // here.
    if (open_ && database_.in_transaction()) {
        sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

void Transaction::commit() {
    database_.execute("COMMIT");
    open_ = false;
}

}  // namespace labrelay::sqlite
