#include "labrelay/store/open_problems.hpp"

#include "read_core.hpp"

namespace labrelay::store {

std::int64_t count_open_problems(ReadSession& session) {
    const ReadTransaction transaction(session.core().database);
    auto query =
        session.core().database.prepare("SELECT count(*) FROM problem WHERE state = 'open'");
    return query.step() ? query.integer(0) : 0;
}

}  // namespace labrelay::store
