#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "labrelay/sql/connection.hpp"
#include "labrelay/sql/sqlite_engine.hpp"
#include "labrelay/store/store_place.hpp"

namespace labrelay::store {

using sql::Blob;
using sql::Connection;
using sql::Durability;
using sql::Query;

/// Opens the store's database. Failures of the connection, now and later, are
/// pipeline::StoreFault; `row_refused` where the database is well and does not take the data, or
/// asks for the transaction once more. `vfs` is SQLite's.
std::unique_ptr<Connection> open_store(const StorePlace& place, sql::Access access,
                                       const std::string& vfs = {});

}  // namespace labrelay::store
