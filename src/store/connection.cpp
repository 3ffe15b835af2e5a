#include "connection.hpp"

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/sql/postgres_engine.hpp"

namespace labrelay::store {
namespace {

[[noreturn]] void throw_store_fault(const sql::Fault& fault) {
    using Kind = pipeline::StoreFault::Kind;
    const Kind kind = fault.kind() == sql::FaultKind::refused    ? Kind::refused
                      : fault.kind() == sql::FaultKind::conflict ? Kind::conflict
                                                                 : Kind::away;
    throw pipeline::StoreFault(fault.what(), kind);
}

std::unique_ptr<sql::Engine> open_engine(const StorePlace& place, sql::Access access,
                                         const std::string& vfs) {
    if (!place.url.empty()) return std::make_unique<sql::PostgresEngine>(place.url);
    sql::SqliteOptions options;
    options.access = access;
    options.own_checkpoints = false;
    options.vfs = vfs;
    return std::make_unique<sql::SqliteEngine>(place.file, options);
}

}  // namespace

std::unique_ptr<Connection> open_store(const StorePlace& place, sql::Access access,
                                       const std::string& vfs) {
    try {
        return std::make_unique<Connection>(open_engine(place, access, vfs), throw_store_fault);
    } catch (const sql::Fault& fault) {
        throw_store_fault(fault);
    }
}

}  // namespace labrelay::store
