#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/api/http_server.hpp"
#include "labrelay/api/services.hpp"
#include "labrelay/security/session_times.hpp"
#include "labrelay/store/console_session.hpp"

namespace labrelay::api {

struct SessionSettings {
    security::SessionTimes times;
    bool secure_cookie = false;           ///< also where TLS ends before this process
    bool second_factor_required = false;  ///< whoever has none may do nothing but enrol one
    bool by_provider = false;             ///< the organisation's service signs people in too
    std::chrono::days password_age{0};    ///< an older password must be changed; 0: never
};

/// The value of a cookie of the request; empty: none.
std::string cookie_of(const Request& request, std::string_view name);

/// Knows people by the cookie `labrelay_session`.
///
/// A change of anything must come from the page itself (Origin, Sec-Fetch-Site) and carry the
/// session's token; sign-in has no session yet. What a session is, is remembered for two seconds,
/// so that a check costs no read each time and a session that ended on another node ends here soon;
/// `forget()` makes it at once. Its use is written down once a minute. Thread-safe.
class Sessions final : public Authenticator {
public:
    Sessions(const Services& services, SessionSettings settings)
        : services_(services), settings_(settings) {}

    /// Errors: csrf-mismatch; must-change-password, where a session that must do that first (or
    /// enrol a second factor) asks for anything else.
    Result<security::Principal> principal(const Request& request, std::string_view csrf) override;

    /// The request's session, where it has one that is alive.
    std::optional<store::KnownSession> session(const Request& request);
    void forget();

    const SessionSettings& settings() const { return settings_; }
    bool must_enrol(const store::KnownSession& session) const {
        return settings_.second_factor_required && !session.has_second_factor;
    }

    /// Of the cookie; empty: none.
    static std::string token_of(const Request& request);
    /// Set-Cookie; an empty token takes the cookie away.
    std::string cookie(const Request& request, std::string_view token) const;

private:
    struct Remembered {
        store::KnownSession session;
        Instant read;
    };

    std::optional<store::KnownSession> known(const std::string& token, Instant now);
    std::optional<store::KnownSession> remembered(const std::string& token, Instant now);
    void remember(const std::string& token, const store::KnownSession& session, Instant now);
    void renew(const std::string& token, store::KnownSession& session, Instant now);

    const Services& services_;
    SessionSettings settings_;
    std::mutex mutex_;
    std::map<std::string, Remembered, std::less<>> remembered_;  ///< by token; in memory only
};

}  // namespace labrelay::api
