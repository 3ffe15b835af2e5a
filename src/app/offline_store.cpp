#include "labrelay/app/offline_store.hpp"

#include <iostream>

#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/sqlite_commit_store.hpp"
#include "labrelay/store/sqlite_writer.hpp"
#include "labrelay/store/state_query.hpp"

namespace labrelay::app {
namespace {

using store::DataDirectory;

const SystemClock kClock;

/// The store's writer under the directory's lock.
struct Opened {
    DataDirectory directory;
    std::unique_ptr<store::SqliteWriter> writer;
};

Result<Opened> open_for_writing(const std::filesystem::path& data) {
    Result<DataDirectory> directory = DataDirectory::open(data, DataDirectory::Use::write);
    if (!directory) {
        return tl::unexpected(directory.error());
    }
    Result<std::unique_ptr<store::SqliteWriter>> writer =
        store::SqliteWriter::open(*directory, kClock, {});
    if (!writer) {
        return tl::unexpected(writer.error());
    }
    return Opened{std::move(*directory), std::move(*writer)};
}

}  // namespace

Result<store::ReadSession> open_for_reading(const std::filesystem::path& data) {
    Result<DataDirectory> directory = DataDirectory::open(data, DataDirectory::Use::read);
    if (!directory) {
        return tl::unexpected(directory.error());
    }
    return store::ReadSession::open(*directory);
}

Result<study::Registry> read_registry(const std::filesystem::path& data) {
    Result<store::ReadSession> session = open_for_reading(data);
    if (!session) {
        return tl::unexpected(session.error());
    }
    return store::read_registry(*session);
}

Result<std::string> import_offline(const std::filesystem::path& data, std::string_view csv,
                                   const std::string& name,
                                   const mapping::Configuration& configuration, PlanImport plan) {
    Result<Opened> opened = open_for_writing(data);
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    store::SqliteCommitStore store(*opened->writer);
    store.begin();
    const study::Registry known = store.load_registry();
    Result<PlannedImport> planned = plan(csv, name, configuration, known);
    if (!planned) {
        store.rollback();
        return tl::unexpected(planned.error());
    }
    store.write_registry(known, planned->change);
    store.commit();
    return planned->summary;
}

void group_problems_offline(const std::filesystem::path& data) {
    if (const Result<Opened> opened = open_for_writing(data)) {
        while (store::group_holds(*opened->writer) > 0) {
        }
    }
}

std::optional<DryRun> dry_run_on_store(
    const std::filesystem::path& data,
    std::shared_ptr<const mapping::Configuration> configuration) {
    Result<store::ReadSession> opened = open_for_reading(data);
    if (!opened) {
        std::cerr << describe(opened.error()) << "\n";
        return std::nullopt;
    }
    const auto session = std::make_shared<store::ReadSession>(std::move(*opened));
    DryRun run(std::move(configuration), store::read_registry(*session));
    run.load_with([session](const study::Proposal& proposal, study::StateView& state) {
        store::load_state(*session, proposal, state);
    });
    return run;
}

}  // namespace labrelay::app
