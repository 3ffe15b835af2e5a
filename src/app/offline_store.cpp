#include "labrelay/app/offline_store.hpp"

#include <iostream>

#include "labrelay/app/forwarding.hpp"
#include "labrelay/app/server_address.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/held_query.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/sql_commit_store.hpp"
#include "labrelay/store/sql_outbox.hpp"
#include "labrelay/store/state_query.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::app {
namespace {

using store::DataDirectory;

const SystemClock kClock;

/// The store's writer under the directory's lock.
struct Opened {
    DataDirectory directory;
    std::unique_ptr<store::StoreWriter> writer;
};

Result<Opened> open_for_writing(const std::filesystem::path& data) {
    Result<DataDirectory> directory = DataDirectory::open(data, DataDirectory::Use::write);
    if (!directory) {
        return tl::unexpected(directory.error());
    }
    Result<std::unique_ptr<store::StoreWriter>> writer =
        store::StoreWriter::open(*directory, kClock, {});
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
                                   const mapping::Configuration& configuration,
                                   const PlanImport& plan) {
    Result<Opened> opened = open_for_writing(data);
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    store::SqlCommitStore store(*opened->writer);
    store.begin();
    const study::Registry known = store.take_registry(store.load_registry());
    Result<PlannedImport> planned = plan(csv, name, configuration, known);
    if (!planned) {
        store.rollback();
        return tl::unexpected(planned.error());
    }
    store.write_registry(known, planned->change);
    store.commit();
    return planned->summary;
}

Result<std::string> resend_offline(const std::filesystem::path& data, std::string_view id) {
    return write_offline(data, [&](store::StoreWriter& writer) {
        store::SqlOutbox outbox(writer);
        return resend_delivery(outbox, id, store::by_command("command"));
    });
}

Result<std::string> write_offline(
    const std::filesystem::path& data,
    const std::function<Result<std::string>(store::StoreWriter&)>& work) {
    Result<Opened> opened = open_for_writing(data);
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    return work(*opened->writer);
}

Result<std::string> write_by_server_or_offline(
    const std::filesystem::path& data, const std::string& resource, const std::string& body,
    const std::function<Result<std::string>(store::StoreWriter&)>& work) {
    if (std::optional<Result<std::string>> answer = ask_running_server(data, resource, body)) {
        return std::move(*answer);
    }
    return write_offline(data, work);
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
    run.ask({[session](const study::Proposal& proposal, study::StateView& state) {
                 store::load_state(*session, proposal, state);
             },
             [session](SubjectId subject, study::StateView& state) {
                 store::load_subject(*session, subject, state);
             },
             [session](MessageId message) { return store::stored_message(*session, message); }});
    return run;
}

}  // namespace labrelay::app
