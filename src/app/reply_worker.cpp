#include "labrelay/app/reply_worker.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "labrelay/hl7/ack.hpp"
#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::app {
namespace {

constexpr std::size_t kAtOnce = 64;
constexpr std::int32_t kMostDoublings = 16;

/// Whether `answer` accepts what we sent under `ack_id`.
bool accepts(std::string answer, std::string_view ack_id) {
    const Result<hl7::Message> message = hl7::Message::parse(std::move(answer));
    if (!message) {
        return false;
    }
    const auto msa = message->find("MSA");
    if (!msa || msa->field(2).raw() != ack_id) {
        return false;
    }
    const auto code = hl7::ack_code_from(msa->field(1).text());
    return code == hl7::AckCode::ca || code == hl7::AckCode::aa;
}

}  // namespace

ReplyWorker::ReplyWorker(std::string source, ReplyEndpoint endpoint, store::SqlAckOutbox& outbox,
                         const Clock& clock)
    : ReplyWorker(std::move(source), std::move(endpoint), outbox, clock, Pace{}) {}

ReplyWorker::ReplyWorker(std::string source, ReplyEndpoint endpoint, store::SqlAckOutbox& outbox,
                         const Clock& clock, Pace pace)
    : source_(std::move(source)),
      endpoint_(std::move(endpoint)),
      outbox_(outbox),
      clock_(clock),
      pace_(pace) {}

void ReplyWorker::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        bool went_on = false;
        try {
            went_on = send_what_waits(stop);
        } catch (const pipeline::StoreFault& fault) {
            spdlog::error("acknowledgements for {}: {}", source_, fault.what());
        }
        std::unique_lock lock(mutex_);
        if (!went_on) {
            changed_.wait_for(lock, stop, pace_.poll, [this] { return woken_; });
        }
        woken_ = false;
    }
}

void ReplyWorker::wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
}

/// True where everything that was taken went through, so that another look is worth while.
bool ReplyWorker::send_what_waits(const std::stop_token& stop) {
    const std::vector<store::WaitingAck> acks = outbox_.take(source_, clock_.now(), kAtOnce);
    for (const store::WaitingAck& ack : acks) {
        if (stop.stop_requested()) {
            return false;
        }
        if (const Result<void> sent = send(ack); !sent) {
            client_.reset();
            const std::chrono::microseconds wait = backoff(ack.attempts);
            outbox_.mark_retry(ack.message, Instant{clock_.now().microseconds + wait.count()},
                               key(sent.error().code));
            spdlog::warn("acknowledgement {} for {}: {}", ack.ack_id, source_,
                         describe(sent.error()));
            return false;
        }
        outbox_.mark_delivered(ack.message);
    }
    return !acks.empty();
}

Result<void> ReplyWorker::send(const store::WaitingAck& ack) {
    if (!client_) {
        Result<transport::MllpClient> connected =
            transport::MllpClient::connect(endpoint_.host, endpoint_.port, pace_.answer_timeout);
        if (!connected) {
            return tl::unexpected<Error>(connected.error());
        }
        client_.emplace(std::move(*connected));
    }
    Result<std::string> answer = client_->send(ack.bytes);
    if (!answer) {
        return tl::unexpected<Error>(answer.error());
    }
    if (!accepts(std::move(*answer), ack.ack_id)) {
        return fail(Code::answer_unreadable,
                    Place{endpoint_.host + ":" + std::to_string(endpoint_.port)});
    }
    return {};
}

std::chrono::milliseconds ReplyWorker::backoff(std::int32_t attempts) const {
    const auto doubled =
        pace_.first_backoff * (std::int64_t{1} << std::min(attempts, kMostDoublings));
    return std::min(pace_.longest_backoff, doubled);
}

}  // namespace labrelay::app
