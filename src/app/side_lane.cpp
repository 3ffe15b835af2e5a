#include "side_lane.hpp"

#include <utility>

namespace labrelay::app {

Result<std::unique_ptr<SideLane>> SideLane::open(
    const store::DataDirectory& directory, const Clock& clock, const store::WriterOptions& options,
    pipeline::Committer& first, std::shared_ptr<const mapping::Configuration> configuration,
    const std::string& mappings) {
    Result<std::unique_ptr<store::StoreWriter>> writer =
        store::StoreWriter::open(directory, clock, options);
    if (!writer) {
        return tl::unexpected(writer.error());
    }
    return std::unique_ptr<SideLane>(
        new SideLane(std::move(*writer), first, std::move(configuration), mappings));
}

SideLane::SideLane(std::unique_ptr<store::StoreWriter> writer, pipeline::Committer& first,
                   std::shared_ptr<const mapping::Configuration> configuration,
                   const std::string& mappings)
    : writer_(std::move(writer)),
      store_(*writer_),
      snapshots_(std::move(configuration), study::Registry{}),
      committer_(store_, snapshots_) {
    store_.begin();
    snapshots_.replace(store_.load_registry());
    store_.remember_configuration(snapshots_.configuration()->hash(), mappings);
    store_.commit();
    committer_.leave_jobs_to(first);
}

void SideLane::start(std::function<void()> on_commit) {
    committer_.on_commit(std::move(on_commit));
    thread_ = std::thread([this] { committer_.run(stop_.get_token()); });
}

void SideLane::stop() {
    stop_.request_stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

}  // namespace labrelay::app
