#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace labrelay::api {

/// Streams that stay open take a request thread each: no more than a few may, none for long, and
/// all of them end when the server does. Thread-safe.
class LiveStreams {
public:
    static constexpr int kMost = 6;

    /// One open stream. `admitted()` false: there are enough, the client asks again later.
    class Stream {
    public:
        explicit Stream(LiveStreams& streams);
        Stream(const Stream&) = delete;
        Stream& operator=(const Stream&) = delete;
        ~Stream();
        bool admitted() const { return admitted_; }
        /// Waits; false: the server stops.
        bool wait(std::chrono::milliseconds time);

    private:
        LiveStreams& streams_;
        bool admitted_;
    };

    /// Ends every stream, now and later.
    void stop();

private:
    std::mutex mutex_;
    std::condition_variable stopping_;
    int open_ = 0;
    bool stopped_ = false;
};

}  // namespace labrelay::api
