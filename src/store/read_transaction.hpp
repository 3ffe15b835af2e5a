#pragma once

#include "connection.hpp"

namespace labrelay::store {

/// One view of the store for as long as it lives. Short: while it is open the WAL cannot begin
/// anew.
class ReadTransaction {
public:
    explicit ReadTransaction(Connection& database) : database_(database) { database_.begin_read(); }
    ReadTransaction(const ReadTransaction&) = delete;
    ReadTransaction& operator=(const ReadTransaction&) = delete;
    ~ReadTransaction() { database_.rollback(); }

private:
    Connection& database_;
};

}  // namespace labrelay::store
