#include "labrelay/sql/connection.hpp"

namespace labrelay::sql {
namespace {

void throw_it(const Fault& fault) {
    throw fault;
}

}  // namespace

bool Query::step() {
    try {
        return statement_->step();
    } catch (const Fault& fault) {
        on_fault_(fault);
        throw;
    }
}

void Query::run() {
    try {
        statement_->run();
    } catch (const Fault& fault) {
        on_fault_(fault);
        throw;
    }
    bound_ = 0;
}

void Query::bind_one(std::int64_t value) {
    statement_->bind_integer(++bound_, value);
}

void Query::bind_one(std::string_view value) {
    statement_->bind_text(++bound_, value);
}

void Query::bind_one(Blob value) {
    statement_->bind_blob(++bound_, value.bytes);
}

Connection::Connection(std::unique_ptr<Engine> engine, OnFault on_fault)
    : on_fault_(on_fault != nullptr ? on_fault : throw_it), engine_(std::move(engine)) {}

Connection::~Connection() = default;

template <class Call>
decltype(auto) Connection::guarded(const Call& call) {
    try {
        return call();
    } catch (const Fault& fault) {
        on_fault_(fault);
        throw;
    }
}

Query Connection::prepare(const char* sql) {
    auto found = statements_.find(sql);
    if (found == statements_.end()) {
        found = guarded([&] { return statements_.emplace(sql, engine_->prepare(sql)).first; });
    }
    return Query(*found->second, on_fault_);
}

void Connection::execute(std::string_view script) {
    guarded([&] { engine_->execute(script); });
}

void Connection::begin_write(Durability durability) {
    guarded([&] { engine_->begin_write(durability); });
}

void Connection::begin_read() {
    guarded([&] { engine_->begin_read(); });
}

void Connection::commit() {
    guarded([&] { engine_->commit(); });
}

void Connection::rollback() noexcept {
    engine_->rollback();
}

}  // namespace labrelay::sql
