// Point 40: what a sender hears of a store that cannot take its message, at the way in.
#include "labrelay/app/intake.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "labrelay/app/settings.hpp"
#include "labrelay/hl7/message.hpp"
#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::app {
namespace {

/// A store on a disk that is gone.
class LostStore : public pipeline::CommitStore {
public:
    [[noreturn]] static void fault() { throw pipeline::StoreFault("gone", false); }
    void begin() override { fault(); }
    void commit() override { fault(); }
    void rollback() override {}
    void reopen() override { fault(); }
    void load(const study::Proposal&, study::StateView&) override { fault(); }
    void load_subject(SubjectId, study::StateView&) override { fault(); }
    std::optional<pipeline::Answer> answer_of(MessageId) override { fault(); }
    std::optional<pipeline::StoredAnswer> find(MessageId, std::string_view) override { fault(); }
    void write(const pipeline::CommitItem&) override { fault(); }
    void write_again(const pipeline::CommitItem&) override { fault(); }
    void write_placements(SubjectId, const study::Replacement&) override { fault(); }
    void write_quarantine(std::string_view, const pipeline::Arrival&, Code) override { fault(); }
    study::Registry write_registry(const study::Registry&,
                                   const pipeline::RegistryChange&) override {
        fault();
    }
    study::Registry load_registry() override { fault(); }
    std::optional<pipeline::Job> next_job() override { fault(); }
    void finish_job(std::int64_t) override { fault(); }
    std::optional<pipeline::StoredMessage> load_message(MessageId) override { fault(); }
    MessageId last_message_id() override { fault(); }
    void remember_configuration(std::string_view, std::string_view) override { fault(); }
};

struct Row {
    study::StoreFailure choice;
    const char* asked;  ///< MSH-13 to MSH-16
    std::vector<std::string> codes;
    bool close;
};

TEST(Intake, P40_AStoreThatIsAwayIsNeverAnsweredPositively) {
    using study::StoreFailure;
    const Row rows[] = {
        {StoreFailure::close, "", {}, true},
        {StoreFailure::close, "|||AL|AL", {}, true},
        {StoreFailure::error, "", {"AE"}, false},
        {StoreFailure::reject, "", {"AR"}, false},
        {StoreFailure::error, "|||AL|AL", {"CE"}, false},
        {StoreFailure::reject, "|||ER|NE", {"CR"}, false},
        {StoreFailure::error, "|||NE|AL", {"AE"}, false},
        {StoreFailure::error, "|||NE|NE", {}, true},
        {StoreFailure::error, "|||SU|SU", {}, true},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.asked);
        LostStore store;
        pipeline::Snapshots snapshots(
            std::make_shared<mapping::Configuration>(test::with_source(
                "facs-lyric", [&](auto& source) { source.store_failure = row.choice; })),
            test::a_registry());
        pipeline::Committer committer(store, snapshots);
        std::jthread thread([&](const std::stop_token& stop) { committer.run(stop); });
        const SystemClock clock;
        MessageIdSource ids(clock, 0);
        Intake intake({&committer}, snapshots, ids, clock);
        std::string bytes = test::a_flow_message().text();
        bytes.insert(bytes.find('\r'), row.asked);
        // The first finds the fault, the second a store that is known to be away.
        for (int time = 0; time < 2; ++time) {
            const auto reply = intake.receive(bytes, {2575, "127.0.0.1", {}});
            std::vector<std::string> codes;
            for (const std::string& message : reply.messages) {
                const auto parsed = hl7::Message::parse(message);
                codes.push_back(parsed->find("MSA")->field(1).text());
                EXPECT_EQ(parsed->find("MSA")->field(2).raw(), "FL1");
                EXPECT_EQ(parsed->find("ERR")->field(5).component(1).text(), "store-unavailable");
            }
            EXPECT_EQ(codes, row.codes);
            EXPECT_EQ(reply.close, row.close);
        }
    }
}

/// A store that takes everything, and counts it.
class CountingStore final : public LostStore {
public:
    void begin() override {}
    void commit() override {}
    void load(const study::Proposal&, study::StateView&) override {}
    void load_subject(SubjectId, study::StateView&) override {}
    void write(const pipeline::CommitItem&) override { ++written; }
    study::Registry write_registry(const study::Registry& before,
                                   const pipeline::RegistryChange&) override {
        return before;
    }
    std::optional<pipeline::Job> next_job() override { return std::nullopt; }

    std::atomic<int> written{0};
};

TEST(Intake, WhatHasAnOrderTakesOneLaneAndTheRestIsSpreadOverAll) {
    struct Lane {
        CountingStore store;
        pipeline::Snapshots snapshots{
            std::make_shared<mapping::Configuration>(test::shipped_configuration()),
            test::a_registry()};
        pipeline::Committer committer{store, snapshots};
        std::jthread thread{[this](const std::stop_token& stop) { committer.run(stop); }};
    };
    Lane first;
    Lane second;
    const SystemClock clock;
    MessageIdSource ids(clock, 0);
    Intake intake({&first.committer, &second.committer}, first.snapshots, ids, clock);
    const auto send = [&](int port, const test::MessageBuilder& message) {
        const auto reply =
            intake.receive(message.text(), {2575, "127.0.0.1:" + std::to_string(port), {}});
        EXPECT_FALSE(reply.not_stored);
    };
    // What each lane wrote since this was asked last, the smaller number first.
    const auto written = [&] {
        return std::minmax({first.store.written.exchange(0), second.store.written.exchange(0)});
    };
    constexpr int kMessages = 64;
    const auto of_subject = test::a_flow_message();
    const auto of_another = test::a_hospital_message()
                                .with("PID-3", "00481599^^^QILU^MR")
                                .with("PID-7", "19841102")
                                .with("PID-8", "M");
    const auto of_nobody = test::a_hospital_message().with("PID-3", "1^^^QILU^MR");
    for (int number = 0; number < kMessages; ++number) send(40000 + number, of_subject);
    EXPECT_EQ(written(), std::pair(0, kMessages));
    for (int number = 0; number < kMessages; ++number)
        send(40000 + number, number % 2 == 0 ? of_subject : of_another);
    EXPECT_EQ(written(), std::pair(kMessages / 2, kMessages / 2));
    for (int number = 0; number < kMessages; ++number) send(40000, of_nobody);
    EXPECT_EQ(written(), std::pair(0, kMessages));
    for (int number = 0; number < kMessages; ++number) send(40000 + number, of_nobody);
    EXPECT_GT(written().first, kMessages / 8);
}

/// MSA-1 of every acknowledgement in a reply, in order.
std::vector<std::string> codes_in(const transport::MessageSink::Reply& reply) {
    std::vector<std::string> codes;
    for (const std::string& message : reply.messages) {
        for (std::size_t at = message.find("\rMSA|"); at != message.npos;
             at = message.find("\rMSA|", at + 1)) {
            codes.push_back(message.substr(at + 5, 2));
        }
    }
    return codes;
}

struct BatchRow {
    const char* what;
    study::StoreFailure choice;
    mapping::BatchReply reply;
    std::vector<std::string> members;  ///< MSH-13 to MSH-16 of each; "ACK": a response
    bool envelope;
    std::vector<std::string> codes;  ///< MSA-1 of what is answered; none: the connection is closed
};

// Point 46 beside point 40: a batch is told of a store that is away as its source wants it.
TEST(Intake, P46_ABatchOfASourceIsToldOfAStoreThatIsAwayOrNothing) {
    using mapping::BatchReply;
    using study::StoreFailure;
    const std::vector<std::string> plain{"", ""};
    const BatchRow rows[] = {
        {"close", StoreFailure::close, BatchReply::all, plain, true, {}},
        {"error", StoreFailure::error, BatchReply::all, plain, true, {"AE", "AE"}},
        {"reject", StoreFailure::reject, BatchReply::all, plain, true, {"AR", "AR"}},
        {"error, only errors", StoreFailure::error, BatchReply::errors, plain, true, {"AE", "AE"}},
        {"error, single", StoreFailure::error, BatchReply::single, plain, true, {"AE"}},
        {"reject, single", StoreFailure::reject, BatchReply::single, plain, true, {"AR"}},
        {"error, none", StoreFailure::error, BatchReply::none, plain, true, {}},
        {"no envelope", StoreFailure::error, BatchReply::all, plain, false, {"AE", "AE"}},
        {"no envelope, single",
         StoreFailure::error,
         BatchReply::single,
         plain,
         false,
         {"AE", "AE"}},
        {"enhanced",
         StoreFailure::error,
         BatchReply::all,
         {"|||AL|AL", "|||NE|AL"},
         true,
         {"CE", "AE"}},
        {"one wants nothing", StoreFailure::error, BatchReply::all, {"", "|||NE|NE"}, true, {}},
        {"one wants nothing, only errors",
         StoreFailure::error,
         BatchReply::errors,
         {"", "|||NE|NE"},
         true,
         {}},
        {"one wants nothing, single",
         StoreFailure::error,
         BatchReply::single,
         {"", "|||NE|NE"},
         true,
         {"AE"}},
        {"a response among them", StoreFailure::error, BatchReply::all, {"ACK", ""}, true, {"AE"}},
        {"only responses", StoreFailure::error, BatchReply::single, {"ACK", "ACK"}, true, {}},
    };
    for (const BatchRow& row : rows) {
        SCOPED_TRACE(row.what);
        LostStore store;
        pipeline::Snapshots snapshots(std::make_shared<mapping::Configuration>(
                                          test::with_source("facs-lyric",
                                                            [&](auto& source) {
                                                                source.store_failure = row.choice;
                                                                source.batch_reply = row.reply;
                                                            })),
                                      test::a_registry());
        pipeline::Committer committer(store, snapshots);
        std::jthread thread([&](const std::stop_token& stop) { committer.run(stop); });
        const SystemClock clock;
        MessageIdSource ids(clock, 0);
        Intake intake({&committer}, snapshots, ids, clock);
        std::string bytes = row.envelope ? "BHS|^~\\&|A|B|C|D|t||||B1\r" : "";
        for (const std::string& asked : row.members) {
            const bool response = asked == "ACK";
            std::string member =
                test::a_flow_message().with("MSH-9", response ? "ACK" : "ORU^R01").text();
            bytes += member.insert(member.find('\r'), response ? "" : asked);
        }
        bytes += row.envelope ? "BTS|2\r" : "";
        for (int time = 0; time < 2; ++time) {
            const auto reply = intake.receive(bytes, {2575, "127.0.0.1", {}});
            EXPECT_EQ(codes_in(reply), row.codes);
            EXPECT_EQ(reply.close, row.codes.empty());
            EXPECT_TRUE(reply.not_stored);
            for (const std::string& message : reply.messages) {
                EXPECT_NE(message.find("store-unavailable"), std::string::npos) << message;
            }
        }
    }
}

TEST(ReplySetting, SaysWhereASourceIsAnswered) {
    ServerSettings settings;
    EXPECT_TRUE(apply_setting(settings, "reply.lis", "10.0.0.7:6661"));
    EXPECT_TRUE(apply_setting(settings, "reply.v6", "::1:6662"));
    EXPECT_EQ(settings.replies.at("lis").host, "10.0.0.7");
    EXPECT_EQ(settings.replies.at("lis").port, 6661);
    EXPECT_EQ(settings.replies.at("v6").host, "::1");
    for (const char* value : {"", "10.0.0.7", ":6661", "host:0", "host:70000", "host:x"}) {
        const Result<void> applied = apply_setting(settings, "reply.lis", value);
        ASSERT_FALSE(applied) << value;
        EXPECT_EQ(applied.error().code, Code::setting_bad) << value;
    }
    EXPECT_FALSE(apply_setting(settings, "reply.", "host:1"));
}

}  // namespace
}  // namespace labrelay::app
