#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace labrelay::store {

/// Lets one thread at a time use the writing connection, in order of arrival: the committer, which
/// comes back for it at once, cannot starve the outbox's marks or a person's change.
class WriterGate {
public:
    void enter() {
        std::unique_lock lock(mutex_);
        const std::uint64_t ticket = next_++;
        turn_.wait(lock, [&] { return ticket == serving_; });
    }
    void leave() {
        {
            const std::lock_guard lock(mutex_);
            ++serving_;
        }
        turn_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable turn_;
    std::uint64_t next_ = 0;
    std::uint64_t serving_ = 0;
};

class InsideGate {
public:
    explicit InsideGate(WriterGate& gate) : gate_(gate) { gate_.enter(); }
    InsideGate(const InsideGate&) = delete;
    InsideGate& operator=(const InsideGate&) = delete;
    ~InsideGate() { gate_.leave(); }

private:
    WriterGate& gate_;
};

}  // namespace labrelay::store
