#include "bare_store.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "labrelay/store/sql_commit_store.hpp"

namespace labrelay::bench {
namespace {

template <class Value>
Value or_throw(Result<Value> result) {
    if (!result) throw std::runtime_error(describe(result.error()));
    return std::move(*result);
}

std::int64_t size_of(const std::filesystem::path& file) {
    std::error_code absent;
    const auto size = std::filesystem::file_size(file, absent);
    return absent ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace

BareStoreRun run_bare_store(const std::filesystem::path& directory,
                            std::span<const pipeline::CommitItem> items,
                            std::span<const std::size_t> batch_sizes, store::WriterOptions options,
                            const std::string& url) {
    std::filesystem::remove_all(directory);
    const SystemClock clock;
    auto data = or_throw(store::DataDirectory::open(directory, store::DataDirectory::Use::write));
    if (!url.empty()) {
        if (auto placed = data.set_url(url); !placed)
            throw std::runtime_error(describe(placed.error()));
    }
    auto writer = or_throw(store::StoreWriter::open(data, clock, std::move(options)));
    auto commit_store = std::make_unique<store::SqlCommitStore>(*writer);
    study::StateView state;
    study::Registry registry;
    BareStoreRun run;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t next = 0; next < items.size(); ++run.batches) {
        const std::size_t wanted = batch_sizes[run.batches % batch_sizes.size()];
        const std::size_t end = std::min(items.size(), next + std::max<std::size_t>(wanted, 1));
        std::vector<const study::Proposal*> proposals;
        for (std::size_t i = next; i < end; ++i) proposals.push_back(&items[i].proposal);
        commit_store->begin();
        registry = commit_store->prepare(proposals, registry, state);
        for (; next < end; ++next) {
            commit_store->load(items[next].proposal, state);
            commit_store->write(items[next]);
        }
        commit_store->commit();
        state.messages.clear();
    }
    run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    run.messages = items.size();
    commit_store.reset();
    writer.reset();  // carries the log into the database file
    run.store_bytes = size_of(data.store_file());
    return run;
}

}  // namespace labrelay::bench
