// A notice as JSON, signed, to an address of the organisation's own.
#include <fmt/format.h>

#include "channels.hpp"
#include "labrelay/targets/http_exchange.hpp"
#include "labrelay/targets/secret_file.hpp"

namespace labrelay::alarm {
namespace {

using namespace std::chrono_literals;

class WebhookChannel final : public Channel {
public:
    explicit WebhookChannel(const ChannelSettings& settings)
        : secret_file_(settings.secret_file),
          http_({settings.url, settings.ca, 10s, 20s, 64U << 10U}) {}

    Result<void> send(const Notice& notice) override {
        const Result<std::string> secret = targets::read_secret(secret_file_);
        if (!secret) {
            return not_sent(describe(secret.error()));
        }
        targets::HttpRequest request;
        request.content_type = "application/json";
        request.body = webhook_body(notice);
        request.headers.emplace_back("X-Labrelay-Signature",
                                     webhook_signature(*secret, request.body));
        const targets::HttpAnswer answer = http_.send(request);
        if (answer.kind != targets::HttpAnswer::Kind::answered) {
            return not_sent(answer.why);
        }
        if (answer.status < 200 || answer.status > 299) {
            return not_sent(fmt::format("the webhook answered {}", answer.status));
        }
        return {};
    }

private:
    std::filesystem::path secret_file_;
    targets::HttpExchange http_;
};

}  // namespace

std::unique_ptr<Channel> webhook_channel(const ChannelSettings& settings) {
    return std::make_unique<WebhookChannel>(settings);
}

}  // namespace labrelay::alarm
