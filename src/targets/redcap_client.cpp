#include "labrelay/targets/redcap_client.hpp"

#include "labrelay/targets/secret_file.hpp"

namespace labrelay::targets {
namespace {

void add_encoded(std::string& body, std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' ||
                           byte == '.';
        if (plain) {
            body += c;
        } else {
            body += '%';
            body += kHex[byte >> 4U];
            body += kHex[byte & 0x0FU];
        }
    }
}

void add_parameter(std::string& body, std::string_view name, std::string_view value) {
    if (!body.empty()) {
        body += '&';
    }
    add_encoded(body, name);
    body += '=';
    add_encoded(body, value);
}

}  // namespace

RedcapClient::RedcapClient(RedcapClientSettings settings, const Clock& clock,
                           RateLimiter::Wait wait)
    : settings_(std::move(settings)),
      http_(settings_.http),
      limiter_(clock, settings_.requests_per_minute, std::move(wait)) {}

RedcapAnswer RedcapClient::call(const Parameters& parameters) {
    RedcapAnswer answer;
    const Result<std::string> token = read_secret(settings_.token_file);
    if (!token) {
        answer.kind = RedcapAnswer::Kind::stopped;
        answer.why = describe(token.error());
        return answer;
    }
    if (!limiter_.acquire()) {
        answer.kind = RedcapAnswer::Kind::away;
        answer.why = "the limit of requests a minute is used up";
        return answer;
    }
    HttpRequest request;
    request.content_type = "application/x-www-form-urlencoded";
    add_parameter(request.body, "token", *token);
    for (const auto& [name, value] : parameters) {
        add_parameter(request.body, name, value);
    }
    add_parameter(request.body, "format", "json");
    add_parameter(request.body, "returnFormat", "json");
    answer = read_redcap_answer(http_.send(request));
    answer.why = without(std::move(answer.why), {*token});
    return answer;
}

}  // namespace labrelay::targets
