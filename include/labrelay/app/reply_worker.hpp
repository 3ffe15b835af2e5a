#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "labrelay/app/settings.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/sql_ack_outbox.hpp"
#include "labrelay/transport/mllp_client.hpp"

namespace labrelay::app {

/// Carries a source's application acknowledgements to its reply connection, in order, with
/// exponential back-off. One leaves the outbox only when the peer has accepted it (CA or AA with
/// our MSH-10 in MSA-2), so a crash or a lost answer sends the same bytes again. One thread runs
/// it; wake() may be called from any.
class ReplyWorker {
public:
    struct Pace {
        std::chrono::milliseconds first_backoff{200};
        std::chrono::milliseconds longest_backoff{60'000};
        std::chrono::milliseconds answer_timeout{5'000};
        std::chrono::milliseconds poll{1'000};
    };

    ReplyWorker(std::string source, ReplyEndpoint endpoint, store::SqlAckOutbox& outbox,
                const Clock& clock);
    ReplyWorker(std::string source, ReplyEndpoint endpoint, store::SqlAckOutbox& outbox,
                const Clock& clock, Pace pace);

    void run(const std::stop_token& stop);
    void wake();

private:
    bool send_what_waits(const std::stop_token& stop);
    Result<void> send(const store::WaitingAck& ack);
    std::chrono::milliseconds backoff(std::int32_t attempts) const;

    const std::string source_;
    const ReplyEndpoint endpoint_;
    store::SqlAckOutbox& outbox_;
    const Clock& clock_;
    const Pace pace_;
    std::optional<transport::MllpClient> client_;  // run()'s thread only

    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool woken_ = false;
};

}  // namespace labrelay::app
