#include "labrelay/store/read_session.hpp"

#include <fmt/format.h>

#include "labrelay/pipeline/commit_store.hpp"
#include "migrations.hpp"
#include "read_core.hpp"
#include "registry_tables.hpp"

namespace labrelay::store {

ReadSession::Core::Core(const DataDirectory& directory)
    : connection(open_store(directory.place(), sql::Access::read)),
      database(*connection),
      codec(directory.key(), RawFormat::sealed),
      results_key(directory.key().derive("results")),
      publisher(database, terms, specimens, results_key) {}

ReadSession::ReadSession(std::unique_ptr<Core> core) : core_(std::move(core)) {}
ReadSession::ReadSession(ReadSession&&) noexcept = default;
ReadSession& ReadSession::operator=(ReadSession&&) noexcept = default;
ReadSession::~ReadSession() = default;

Result<ReadSession> ReadSession::open(const DataDirectory& directory) {
    try {
        auto core = std::make_unique<Core>(directory);
        auto query = core->database.prepare("SELECT max(version) FROM schema_migration");
        query.step();
        if (query.small(0) > newest_schema())
            return fail(Code::store_newer, {directory.path().string()},
                        fmt::format("schema {}", query.small(0)));
        return ReadSession(std::move(core));
    } catch (const pipeline::StoreFault& fault) {
        return fail(Code::store_io, {directory.path().string()}, fault.what());
    }
}

study::Registry read_registry(ReadSession& session) {
    const ReadTransaction transaction(session.core().database);
    return read_registry(session.core().database);
}

}  // namespace labrelay::store
