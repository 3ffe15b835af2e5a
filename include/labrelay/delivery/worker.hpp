#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "labrelay/core/time.hpp"
#include "labrelay/delivery/outbox.hpp"
#include "labrelay/delivery/target.hpp"

namespace labrelay::delivery {

/// Carries deliveries from the outbox to one target, in order per result, with back-off and jitter while the
/// target is away. run() belongs to one thread; wake() may be called from any.
class Worker {
public:
    Worker(Outbox& outbox, Target& target, const Clock& clock);

    /// Until stop is requested; between batches it waits for wake() or the next due time.
    void run(std::stop_token stop);
    /// One round; true when something was delivered.
    bool run_once();
    void wake();
    void pause(bool paused);

private:
    Outbox& outbox_;
    Target& target_;
    const Clock& clock_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool woken_ = false;
    bool paused_ = false;
};

}  // namespace labrelay::delivery
