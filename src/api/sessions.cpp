#include "labrelay/api/sessions.hpp"

#include <algorithm>
#include <array>

#include "labrelay/crypto/same_secret.hpp"
#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::api {
namespace {

constexpr std::string_view kCookie = "labrelay_session";
constexpr std::int64_t kRememberedUs = 2'000'000;
constexpr std::int64_t kRenewAfterUs = 60'000'000;
constexpr std::size_t kMostRemembered = 1000;

struct Allowed {
    Method method;
    std::string_view path;
};

/// What a person may do whose password must be changed first …
constexpr std::array kBeforeNewPassword{
    Allowed{Method::get, "/me"},       Allowed{Method::post, "/me/password"},
    Allowed{Method::get, "/session"},  Allowed{Method::del, "/session"},
    Allowed{Method::post, "/session"},
};
/// … and who must enrol a second factor first.
constexpr std::array kBeforeSecondFactor{
    Allowed{Method::get, "/me"},
    Allowed{Method::post, "/me/password"},
    Allowed{Method::post, "/me/second-factor"},
    Allowed{Method::put, "/me/second-factor"},
    Allowed{Method::get, "/session"},
    Allowed{Method::del, "/session"},
    Allowed{Method::post, "/session"},
};

bool is_among(std::span<const Allowed> allowed, const Request& request) {
    return std::ranges::any_of(allowed, [&](const Allowed& each) {
        return each.method == request.method && each.path == request.path;
    });
}

/// Browsers say where a request comes from; other programs have no cookies of the page.
bool is_from_here(const Request& request) {
    if (!request.fetch_site.empty() && request.fetch_site != "same-origin" &&
        request.fetch_site != "none") {
        return false;
    }
    if (request.origin.empty()) {
        return true;
    }
    const std::size_t scheme = request.origin.find("://");
    return scheme != std::string::npos && request.origin.substr(scheme + 3) == request.host;
}

bool signs_in(const Request& request) {
    return request.method == Method::post && request.path == "/session";
}

}  // namespace

std::string cookie_of(const Request& request, std::string_view name) {
    std::string_view rest = request.cookie;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(';'), rest.size());
        std::string_view pair = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
            return std::string(pair.substr(equals + 1));
        }
    }
    return {};
}

std::string Sessions::token_of(const Request& request) {
    return cookie_of(request, kCookie);
}

std::string Sessions::cookie(const Request& request, std::string_view token) const {
    std::string made(kCookie);
    made += '=';
    made += token;
    made += "; Path=/; HttpOnly; SameSite=Strict";
    if (request.secure || settings_.secure_cookie) {
        made += "; Secure";
    }
    if (token.empty()) {
        made += "; Max-Age=0";
    }
    return made;
}

Result<security::Principal> Sessions::principal(const Request& request, std::string_view csrf) {
    if (request.method != Method::get && !is_from_here(request)) {
        return fail(Code::csrf_mismatch);
    }
    const std::string token = token_of(request);
    if (token.empty() || signs_in(request)) {
        return security::Principal{};
    }
    std::optional<store::KnownSession> found = known(token, request.at);
    if (!found) {
        return security::Principal{};
    }
    if (request.method != Method::get && !crypto::same_secret(csrf, found->csrf)) {
        return fail(Code::csrf_mismatch);
    }
    renew(token, *found, request.at);
    const bool enrols = must_enrol(*found);
    found->who.limited = found->must_change_password || enrols;
    if (found->must_change_password && !is_among(kBeforeNewPassword, request)) {
        return fail(Code::must_change_password);
    }
    if (enrols && !is_among(kBeforeSecondFactor, request)) {
        return fail(Code::second_factor_needed, Place{"second-factor"}, "enrol one first");
    }
    return std::move(found->who);
}

std::optional<store::KnownSession> Sessions::session(const Request& request) {
    const std::string token = token_of(request);
    return token.empty() ? std::nullopt : known(token, request.at);
}

void Sessions::forget() {
    const std::lock_guard lock(mutex_);
    remembered_.clear();
}

std::optional<store::KnownSession> Sessions::known(const std::string& token, Instant now) {
    std::optional<store::KnownSession> found = remembered(token, now);
    if (!found) {
        Result<store::ReadPool::Borrowed> reads = services_.reads.borrow();
        if (!reads) {
            throw pipeline::StoreFault(describe(reads.error()), false);
        }
        found = store::session_of(**reads, token);
        if (found) {
            remember(token, *found, now);
        }
    }
    if (!found || !settings_.times.alive(found->created, found->last_asked, now)) {
        return std::nullopt;
    }
    const std::chrono::microseconds age = settings_.password_age;
    if (age.count() > 0 && found->password_set.microseconds > 0 &&
        now.microseconds - found->password_set.microseconds >= age.count()) {
        found->must_change_password = true;
    }
    return found;
}

std::optional<store::KnownSession> Sessions::remembered(const std::string& token, Instant now) {
    const std::lock_guard lock(mutex_);
    const auto found = remembered_.find(token);
    if (found == remembered_.end() ||
        now.microseconds - found->second.read.microseconds >= kRememberedUs) {
        return std::nullopt;
    }
    return found->second.session;
}

void Sessions::remember(const std::string& token, const store::KnownSession& session, Instant now) {
    const std::lock_guard lock(mutex_);
    if (remembered_.size() >= kMostRemembered) {
        std::erase_if(remembered_, [&](const auto& each) {
            return now.microseconds - each.second.read.microseconds >= kRememberedUs;
        });
    }
    remembered_.insert_or_assign(token, Remembered{session, now});
}

void Sessions::renew(const std::string& token, store::KnownSession& session, Instant now) {
    if (now.microseconds - session.last_asked.microseconds < kRenewAfterUs) {
        return;
    }
    try {
        store::Desk desk(services_.writer);
        store::renew_session(desk, token);
        desk.commit();
    } catch (const pipeline::StoreFault&) {
        // A store that cannot be written may still be read; the session then ends by its time.
        return;
    }
    session.last_asked = now;
    remember(token, session, now);
}

}  // namespace labrelay::api
