#pragma once

#include <memory>

#include "labrelay/transport/folder_pickup.hpp"

namespace labrelay::transport {

/// FolderPickup on a thread of its own: looks when the kernel tells of a change (inotify), when a
/// file may have settled, and now and then, because shares of other machines tell of nothing.
/// Throws std::system_error where the folder cannot be used. stop() finishes the file in work.
class FolderWatch {
public:
    FolderWatch(FolderSettings settings, MessageSink& sink);
    ~FolderWatch();

    void stop();
    FolderCounters counters() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace labrelay::transport
