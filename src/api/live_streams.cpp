#include "labrelay/api/live_streams.hpp"

namespace labrelay::api {

LiveStreams::Stream::Stream(LiveStreams& streams) : streams_(streams), admitted_(false) {
    const std::lock_guard lock(streams_.mutex_);
    if (!streams_.stopped_ && streams_.open_ < kMost) {
        ++streams_.open_;
        admitted_ = true;
    }
}

LiveStreams::Stream::~Stream() {
    if (admitted_) {
        const std::lock_guard lock(streams_.mutex_);
        --streams_.open_;
    }
}

bool LiveStreams::Stream::wait(std::chrono::milliseconds time) {
    std::unique_lock lock(streams_.mutex_);
    return !streams_.stopping_.wait_for(lock, time, [this] { return streams_.stopped_; });
}

void LiveStreams::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    stopping_.notify_all();
}

}  // namespace labrelay::api
