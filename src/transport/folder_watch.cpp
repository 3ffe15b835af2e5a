#include "labrelay/transport/folder_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <thread>

#include "socket_io.hpp"

namespace labrelay::transport {
namespace {

/// Tells of files that were closed after writing or renamed into a folder. Where the kernel has no
/// watch to give, nothing is told and the poll alone finds them.
class Changes {
public:
    explicit Changes(const std::filesystem::path& folder)
        : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
        if (descriptor_ >= 0) {
            ::inotify_add_watch(descriptor_, folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO);
        }
    }
    Changes(const Changes&) = delete;
    Changes& operator=(const Changes&) = delete;
    ~Changes() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }

    int descriptor() const { return descriptor_; }
    void forget() const {
        std::array<char, 4096> events{};
        while (descriptor_ >= 0 && ::read(descriptor_, events.data(), events.size()) > 0) {
        }
    }

private:
    int descriptor_;
};

}  // namespace

struct FolderWatch::Impl {
    Impl(FolderSettings settings, MessageSink& given_sink)
        : sink(given_sink), path(settings.path), pickup(std::move(settings), given_sink) {
        if (const Result<void> ready = pickup.prepare(); !ready) {
            throw std::system_error(EACCES, std::generic_category(), ready.error().place.text);
        }
        thread = std::thread([this] { watch(); });
    }

    void watch() {
        const Changes changes(path);
        for (;;) {
            FolderPickup::SteadyTime next;
            try {
                next = pickup.scan(std::chrono::steady_clock::now());
            } catch (const std::exception& defect) {
                // The boundary of a folder: whatever went wrong is tried again, and others go on.
                sink.on_connection_event(Code::internal_fault, path.string(), defect.what());
                next = std::chrono::steady_clock::now() + std::chrono::seconds(1);
            }
            {
                const std::lock_guard lock(mutex);
                counters = pickup.counters();
            }
            if (wait_readable(changes.descriptor(), stop.descriptor(), next) ==
                SocketEvent::stopped) {
                return;
            }
            changes.forget();
        }
    }

    MessageSink& sink;
    const std::filesystem::path path;
    FolderPickup pickup;
    std::mutex mutex;
    FolderCounters counters;
    StopSignal stop;
    std::once_flag stopped;
    std::thread thread;
};

FolderWatch::FolderWatch(FolderSettings settings, MessageSink& sink)
    : impl_(std::make_unique<Impl>(std::move(settings), sink)) {}

FolderWatch::~FolderWatch() {
    stop();
}

void FolderWatch::stop() {
    std::call_once(impl_->stopped, [this] {
        impl_->stop.raise();
        impl_->thread.join();
    });
}

FolderCounters FolderWatch::counters() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->counters;
}

}  // namespace labrelay::transport
