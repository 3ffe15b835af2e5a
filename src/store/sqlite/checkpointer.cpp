#include "checkpointer.hpp"

#include <utility>

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::store {

Checkpointer::Checkpointer(std::filesystem::path file, std::string vfs, WriterGate& gate,
                           Limits limits)
    : file_(std::move(file)),
      vfs_(std::move(vfs)),
      gate_(gate),
      limits_(limits),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Checkpointer::~Checkpointer() {
    thread_.request_stop();
    thread_.join();
}

void Checkpointer::wal_has(std::int64_t bytes) {
    {
        const std::lock_guard lock(mutex_);
        // A WAL that shrank has begun anew.
        if (bytes < done_at_) done_at_ = 0;
        if (bytes - done_at_ < limits_.passive_bytes && bytes < limits_.restart_bytes) return;
        wanted_ = bytes;
    }
    changed_.notify_one();
}

void Checkpointer::run(const std::stop_token& stop) {
    while (true) {
        std::int64_t bytes = 0;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, stop, [&] { return wanted_ > 0; });
            if (stop.stop_requested()) return;
            bytes = std::exchange(wanted_, 0);
            done_at_ = bytes;
        }
        checkpoint(bytes);
    }
}

void Checkpointer::checkpoint(std::int64_t wal_bytes) {
    try {
        if (!database_)
            database_ = std::make_unique<Connection>(file_, Connection::Mode::write, vfs_);
        database_->checkpoint(Connection::Checkpoint::passive);
        if (wal_bytes < limits_.restart_bytes) return;
        const InsideGate inside(gate_);
        database_->checkpoint(Connection::Checkpoint::restart);
    } catch (const pipeline::StoreFault&) {
        // Nothing is lost: the WAL still holds every page. A fault of the disk itself reaches the
        // writer at its next sync. The connection is not used again after it.
        database_.reset();
    }
}

}  // namespace labrelay::store
