#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace labrelay::targets {

struct HttpSettings {
    std::string url;           ///< http or https, with the final path
    std::filesystem::path ca;  ///< PEM; empty: the system's
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds answer_timeout{60'000};  ///< for the whole answer
    std::size_t largest_answer = 64U << 20U;
};

struct HttpRequest {
    std::string method = "POST";
    std::string path;  ///< with the query; empty: the URL's
    std::string content_type;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers = {};
};

/// What came of a request. Whether anything of it may have been done is the question that decides
/// what happens to a delivery.
struct HttpAnswer {
    enum class Kind : std::uint8_t {
        answered,  ///< a whole answer
        not_sent,  ///< the connection was not made: nothing reached the server
        lost,      ///< sent, or begun to be; no whole answer came
    };
    Kind kind = Kind::lost;
    int status = 0;
    std::string content_type;
    std::string location;
    std::string body;
    std::string why;  ///< of not_sent and lost; carries nothing of the request
};

/// One server, a connection a request. Certificates are verified, redirects never followed: they
/// drop the body. Never throws for the network; a bad URL is `not_sent`. One thread.
class HttpExchange {
public:
    explicit HttpExchange(HttpSettings settings);
    ~HttpExchange();
    HttpExchange(HttpExchange&&) noexcept;

    HttpAnswer send(const HttpRequest& request);

private:
    struct Tls;
    HttpSettings settings_;
    std::unique_ptr<Tls> tls_;  ///< made at the first use of https
};

}  // namespace labrelay::targets
