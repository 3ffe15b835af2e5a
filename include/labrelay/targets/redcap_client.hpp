#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "labrelay/targets/http_exchange.hpp"
#include "labrelay/targets/rate_limiter.hpp"
#include "labrelay/targets/redcap_answer.hpp"

namespace labrelay::targets {

struct RedcapClientSettings {
    HttpSettings http;
    std::filesystem::path token_file;
    /// Of all requests; REDCap bans an address that exceeds its own limit (600 by default).
    std::uint32_t requests_per_minute = 60;
};

/// The API of one REDCap project: one address, one token, one request at a time, a limited number a
/// minute. The token goes in the body and is never logged, nor is any body. One thread.
class RedcapClient {
public:
    using Parameters = std::vector<std::pair<std::string, std::string>>;

    RedcapClient(RedcapClientSettings settings, const Clock& clock, RateLimiter::Wait wait);

    /// `parameters` without token, format and returnFormat: both are JSON.
    RedcapAnswer call(const Parameters& parameters);

private:
    RedcapClientSettings settings_;
    HttpExchange http_;
    RateLimiter limiter_;
};

}  // namespace labrelay::targets
