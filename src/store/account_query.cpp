#include "account_tables.hpp"
#include "read_core.hpp"

namespace labrelay::store {

std::optional<Account> account(ReadSession& session, std::int64_t id) {
    const ReadTransaction transaction(session.core().database);
    return read_account(session.core().database, id);
}

std::optional<Account> account_named(ReadSession& session, std::string_view name) {
    const ReadTransaction transaction(session.core().database);
    return read_account(session.core().database, name);
}

std::vector<Account> accounts(ReadSession& session, std::int64_t after, std::size_t limit) {
    const ReadTransaction transaction(session.core().database);
    return read_accounts(session.core().database, after, limit);
}

std::int64_t count_accounts(ReadSession& session) {
    const ReadTransaction transaction(session.core().database);
    auto query = session.core().database.prepare("SELECT count(*) FROM account");
    return query.step() ? query.integer(0) : 0;
}

std::vector<AccessRow> access_at(ReadSession& session, Instant at, std::int64_t after,
                                 std::size_t limit) {
    const ReadTransaction transaction(session.core().database);
    return read_access(session.core().database, at, after, limit);
}

}  // namespace labrelay::store
