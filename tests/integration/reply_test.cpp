// An application acknowledgement on its way to a source's own reply connection: a real listener
// plays the source. Waiting is for an event, with kPatience as the limit.

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "labrelay/app/reply_worker.hpp"
#include "labrelay/hl7/message.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/sql_ack_outbox.hpp"
#include "labrelay/store/sql_commit_store.hpp"
#include "labrelay/transport/mllp_server.hpp"
#include "refusing_port.hpp"
#include "store_items.hpp"

namespace labrelay::app {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kPatience{20};

/// What the source does with the n-th acknowledgement that comes.
enum class Does { close, refuse, mix_up, accept };

/// A source that listens for its application acknowledgements.
class ReplySide final : public transport::MessageSink {
public:
    explicit ReplySide(std::vector<Does> script) : script_(std::move(script)) {}

    Reply receive(std::string bytes, const transport::Origin& /*origin*/) override {
        const std::lock_guard lock(mutex_);
        const std::size_t turn = received_.size();
        received_.push_back(bytes);
        changed_.notify_all();
        switch (turn < script_.size() ? script_[turn] : Does::accept) {
            case Does::close:
                return Reply{{}, true};
            case Does::refuse:
                return Reply{{acceptance("CE", bytes)}, false};
            case Does::mix_up:
                return Reply{{"MSH|^~\\&|||||||ACK|1|P|2.5\rMSA|CA|another\r"}, false};
            case Does::accept:
                break;
        }
        return Reply{{acceptance("CA", bytes)}, false};
    }
    std::vector<Reply> receive_all(std::vector<std::string> messages,
                                   const transport::Origin& origin) override {
        std::vector<Reply> replies;
        for (std::string& message : messages) {
            replies.push_back(receive(std::move(message), origin));
        }
        return replies;
    }
    Reply quarantine(std::string /*bytes*/, Code /*why*/, const transport::Origin&) override {
        return {};
    }
    std::vector<std::string> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, kPatience, [&] { return received_.size() >= count; });
        return received_;
    }

private:
    static std::string acceptance(const std::string& code, const std::string& bytes) {
        const auto message = hl7::Message::parse(bytes);
        return "MSH|^~\\&|||||||ACK|1|P|2.5\rMSA|" + code + "|" +
               std::string(message->header().field(10).raw()) + "\r";
    }

    std::vector<Does> script_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> received_;
};

class ReplyTest : public ::testing::Test {
protected:
    ReplyTest() {
        directory_.emplace(*store::DataDirectory::open(temporary_.path() / "data",
                                                       store::DataDirectory::Use::write));
        store::WriterOptions options;
        options.targets = {"study"};
        writer_ = *store::StoreWriter::open(*directory_, clock_, options);
        outbox_ = std::make_unique<store::SqlAckOutbox>(*writer_);
    }
    /// A message whose application acknowledgement goes apart; returns that.
    std::string commit(std::int64_t id) {
        labrelay::testing::StoreItem item(id, "C" + std::to_string(id));
        item.answer.apart = true;
        item.answer.accept = "CA";
        item.answer.bytes = "MSH|^~\\&|||||||ACK|" + item.arrival.ack_id +
                            "|P|2.5|||AL|NE\rMSA|AA|C" + std::to_string(id) + "\r";
        store::SqlCommitStore store(*writer_);
        store.begin();
        store.write(item.item());
        store.commit();
        return item.answer.bytes;
    }
    /// Runs a worker until nothing waits.
    void run_until_empty(std::uint16_t port) {
        ReplyWorker worker("facs-lyric", {"127.0.0.1", port}, *outbox_, clock_,
                           {1ms, 4ms, 5000ms, 1ms});
        std::jthread thread([&](const std::stop_token& stop) { worker.run(stop); });
        const auto limit = std::chrono::steady_clock::now() + kPatience;
        while (outbox_->waiting() > 0 && std::chrono::steady_clock::now() < limit) {
            std::this_thread::yield();
        }
        EXPECT_EQ(outbox_->waiting(), 0);
    }

    test::TemporaryDirectory temporary_;
    SystemClock clock_;
    std::optional<store::DataDirectory> directory_;
    std::unique_ptr<store::StoreWriter> writer_;
    std::unique_ptr<store::SqlAckOutbox> outbox_;
};

transport::MllpSettings any_port() {
    transport::MllpSettings settings;
    settings.port = 0;
    return settings;
}

TEST_F(ReplyTest, P39_TheSameBytesComeUntilTheyAreAccepted) {
    const std::string first = commit(1);
    const std::string second = commit(2);
    ReplySide source({Does::close, Does::refuse, Does::mix_up});
    transport::MllpServer server(any_port(), source);
    run_until_empty(server.port());
    const std::vector<std::string> received = source.wait_for(5);
    EXPECT_EQ(received, (std::vector<std::string>{first, first, first, first, second}));
}

TEST_F(ReplyTest, P39_ASourceThatIsAwayIsWaitedFor) {
    const std::string waiting = commit(1);
    {
        const test::RefusingPort nobody;
        ReplyWorker worker("facs-lyric", {"127.0.0.1", nobody.port()}, *outbox_, clock_,
                           {1ms, 4ms, 1000ms, 1ms});
        std::jthread thread([&](const std::stop_token& stop) { worker.run(stop); });
        const auto limit = std::chrono::steady_clock::now() + kPatience;
        const auto tried = [&] {
            const auto rows = outbox_->take("facs-lyric", Instant{INT64_MAX}, 1);
            return !rows.empty() && rows[0].attempts >= 2;
        };
        while (!tried() && std::chrono::steady_clock::now() < limit) {
            std::this_thread::yield();
        }
        EXPECT_TRUE(tried());
    }
    // A restart later the source is there.
    ReplySide source({});
    transport::MllpServer server(any_port(), source);
    run_until_empty(server.port());
    EXPECT_EQ(source.wait_for(1), std::vector<std::string>{waiting});
}

}  // namespace
}  // namespace labrelay::app
