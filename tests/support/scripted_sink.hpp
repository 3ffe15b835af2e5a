#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "labrelay/transport/message_sink.hpp"

namespace labrelay::test {

/// A sink that answers by a function (default: an AA whose MSA-2 is the message) and keeps what it
/// was given. Waiting is for an event; kPatience is when a test fails.
class ScriptedSink final : public transport::MessageSink {
public:
    static constexpr std::chrono::seconds kPatience{20};

    static std::string accept(const std::string& message) {
        return "MSH|^~\\&\rMSA|AA|" + message + "\r";
    }

    Reply receive(std::string bytes, const transport::Origin& origin) override {
        Reply reply = answer ? answer(bytes) : Reply{{accept(bytes)}};
        const std::lock_guard lock(mutex_);
        messages_.push_back(std::move(bytes));
        origins_.push_back(origin);
        changed_.notify_all();
        return reply;
    }
    std::vector<Reply> receive_all(std::vector<std::string> messages,
                                   const transport::Origin& origin) override {
        std::vector<Reply> replies;
        for (std::string& message : messages) {
            replies.push_back(receive(std::move(message), origin));
        }
        return replies;
    }
    Reply quarantine(std::string bytes, Code why, const transport::Origin&) override {
        const std::lock_guard lock(mutex_);
        quarantined_.emplace_back(std::move(bytes), why);
        changed_.notify_all();
        return {};
    }
    void on_connection_event(Code what, const std::string&, std::string_view) override {
        const std::lock_guard lock(mutex_);
        ++events_[what];
        changed_.notify_all();
    }

    bool wait_for_messages(std::size_t count) {
        return wait_for([&] { return messages_.size() >= count; });
    }
    bool wait_for_event(Code what, int times = 1) {
        return wait_for([&] { return events_[what] >= times; });
    }
    std::vector<std::string> messages() {
        const std::lock_guard lock(mutex_);
        return messages_;
    }
    std::vector<transport::Origin> origins() {
        const std::lock_guard lock(mutex_);
        return origins_;
    }
    std::vector<std::pair<std::string, Code>> quarantined() {
        const std::lock_guard lock(mutex_);
        return quarantined_;
    }
    int events(Code what) {
        const std::lock_guard lock(mutex_);
        return events_[what];
    }

    std::function<Reply(const std::string&)> answer;  ///< set before anything is received

private:
    bool wait_for(const std::function<bool()>& reached) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kPatience, reached);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> messages_;
    std::vector<transport::Origin> origins_;
    std::vector<std::pair<std::string, Code>> quarantined_;
    std::map<Code, int> events_;
};

}  // namespace labrelay::test
