#include "labrelay/api/sessions.hpp"

#include "idle_engine.hpp"
#include "labrelay/security/password.hpp"
#include "labrelay/store/account_desk.hpp"
#include "store_fixture.hpp"

namespace labrelay::api {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
const std::string kPassword = "seventeen red pencils";

class SessionsTest : public store::StoreTest {
protected:
    SessionsTest()
        : reads_(*directory_),
          snapshots_(nullptr, study::Registry{}),
          services_{reads_, *writer_, snapshots_, clock_, engine_} {
        with({});
        static const std::string kHash = security::hash_password(kPassword);
        store::Desk desk(*writer_);
        store::Act act;
        act.actor = "root (command)";
        account_ = *store::add_account(desk, act, {"anna", "Anna Chen", kHash, false});
        token_ = store::open_session(desk, account_, "10.0.0.9", {}).token;
        desk.commit();
        auto open = session();
        csrf_ = store::session_of(open, token_)->csrf;
    }

    void with(SessionSettings settings) {
        sessions_ = std::make_unique<Sessions>(services_, settings);
    }
    void pass(std::int64_t microseconds) {
        clock_.set(Instant{clock_.now().microseconds + microseconds});
    }
    Request request(Method method, std::string path) {
        Request made;
        made.method = method;
        made.path = std::move(path);
        made.cookie = "theme=dark; labrelay_session=" + token_;
        made.host = "console.example:8080";
        made.at = clock_.now();
        return made;
    }
    bool known(Method method = Method::get) {
        const auto who = sessions_->principal(request(method, "/problems"), csrf_);
        return who && who->account == account_;
    }
    Code refusal(const Request& asked, const std::string& csrf) {
        const auto who = sessions_->principal(asked, csrf);
        return who ? Code{} : who.error().code;
    }
    template <class Work>
    void change(const Work& work) {
        store::Desk desk(*writer_);
        store::Act act;
        act.actor = "root (command)";
        ASSERT_TRUE(work(desk, act));
        desk.commit();
    }

    store::ReadPool reads_;
    pipeline::Snapshots snapshots_;
    testing::IdleEngine engine_;
    Services services_;
    std::unique_ptr<Sessions> sessions_;
    std::int64_t account_ = 0;
    std::string token_;
    std::string csrf_;
};

TEST_F(SessionsTest, NobodyWithoutACookieThatFits) {
    EXPECT_TRUE(known());
    Request asked = request(Method::get, "/problems");
    for (const char* cookie :
         {"", "labrelay_session=", "labrelay_session=0000", "other_labrelay_session=", ";;=;"}) {
        asked.cookie = cookie;
        const auto who = sessions_->principal(asked, {});
        ASSERT_TRUE(who) << cookie;
        EXPECT_FALSE(who->known()) << cookie;
    }
    asked.cookie = "xlabrelay_session=" + token_;
    EXPECT_FALSE(sessions_->principal(asked, {})->known());
}

TEST_F(SessionsTest, EndsWhenNothingIsAsked) {
    pass(29 * kMinute);
    EXPECT_TRUE(known());
    pass(29 * kMinute);
    EXPECT_TRUE(known());  // the request before renewed it
    pass(30 * kMinute);
    EXPECT_FALSE(known());
}

TEST_F(SessionsTest, EndsAfterItsTimeInAnyCase) {
    for (int quarter = 0; quarter < 47; ++quarter) {
        pass(15 * kMinute);
        ASSERT_TRUE(known()) << quarter;
    }
    pass(15 * kMinute);
    EXPECT_FALSE(known());
}

TEST_F(SessionsTest, IsRenewedOnceAMinuteAtMost) {
    const auto last = [&] { return number("SELECT last_us FROM console_session"); };
    const std::int64_t begin = last();
    pass(59 * kSecond);
    EXPECT_TRUE(known());
    EXPECT_EQ(last(), begin);
    pass(kSecond);
    EXPECT_TRUE(known());
    EXPECT_EQ(last(), begin + kMinute);
    pass(59 * kSecond);
    EXPECT_TRUE(known());
    EXPECT_EQ(last(), begin + kMinute);
}

TEST_F(SessionsTest, WhatAnotherNodeEndedEndsHereWithinSeconds) {
    EXPECT_TRUE(known());
    change([&](store::Desk& desk, const store::Act& act) {
        return store::set_account_state(desk, act, account_, store::AccountState::disabled);
    });
    EXPECT_TRUE(known());  // remembered
    pass(2 * kSecond);
    EXPECT_FALSE(known());
}

TEST_F(SessionsTest, WhatThisNodeEndedEndsAtOnce) {
    EXPECT_TRUE(known());
    change([&](store::Desk& desk, const store::Act& act) {
        return store::set_account_state(desk, act, account_, store::AccountState::disabled);
    });
    sessions_->forget();
    EXPECT_FALSE(known());
}

TEST_F(SessionsTest, AChangeCarriesTheSessionsToken) {
    for (const Method method : {Method::post, Method::put, Method::patch, Method::del}) {
        const Request asked = request(method, "/problems");
        EXPECT_EQ(refusal(asked, csrf_), Code{}) << to_string(method);
        EXPECT_EQ(refusal(asked, ""), Code::csrf_mismatch) << to_string(method);
        EXPECT_EQ(refusal(asked, csrf_.substr(1)), Code::csrf_mismatch) << to_string(method);
        EXPECT_EQ(refusal(asked, token_), Code::csrf_mismatch) << to_string(method);
    }
    EXPECT_EQ(refusal(request(Method::get, "/problems"), ""), Code{});
}

struct From {
    const char* origin;
    const char* fetch_site;
    bool taken;
};
constexpr From kFrom[] = {
    {"", "", true},
    {"https://console.example:8080", "same-origin", true},
    {"http://console.example:8080", "", true},
    {"", "none", true},
    {"", "same-site", false},
    {"", "cross-site", false},
    {"https://evil.example", "", false},
    {"https://console.example", "", false},
    {"https://console.example:8080.evil.example", "", false},
    {"null", "", false},
    {"https://console.example:8080", "cross-site", false},
};

TEST_F(SessionsTest, AChangeComesFromThePageItself) {
    for (const From& from : kFrom) {
        for (const char* path : {"/problems", "/session"}) {
            Request asked = request(Method::post, path);
            asked.origin = from.origin;
            asked.fetch_site = from.fetch_site;
            EXPECT_EQ(refusal(asked, csrf_), from.taken ? Code{} : Code::csrf_mismatch)
                << path << " " << from.origin << " " << from.fetch_site;
        }
    }
}

TEST_F(SessionsTest, WhoMustChangeThePasswordMayDoNothingElse) {
    change([&](store::Desk& desk, store::Act act) {
        auto open = session();
        act.session = store::session_of(open, token_)->who.session;
        return store::set_password(desk, act, account_, security::hash_password(kPassword), true);
    });
    EXPECT_EQ(refusal(request(Method::get, "/me"), ""), Code{});
    EXPECT_EQ(refusal(request(Method::post, "/me/password"), csrf_), Code{});
    EXPECT_EQ(refusal(request(Method::del, "/session"), csrf_), Code{});
    EXPECT_EQ(refusal(request(Method::get, "/problems"), ""), Code::must_change_password);
    EXPECT_EQ(refusal(request(Method::get, "/openapi.json"), ""), Code::must_change_password);
    EXPECT_EQ(refusal(request(Method::post, "/me/second-factor"), csrf_),
              Code::must_change_password);
    EXPECT_TRUE(sessions_->principal(request(Method::get, "/me"), "")->limited);
}

TEST_F(SessionsTest, AnOldPasswordMustBeChanged) {
    SessionSettings settings;
    settings.password_age = std::chrono::days(1);
    settings.times.idle = settings.times.whole = std::chrono::hours(48);
    with(settings);
    pass(24 * 60 * kMinute - 1);
    EXPECT_EQ(refusal(request(Method::get, "/problems"), ""), Code{});
    pass(1);
    EXPECT_EQ(refusal(request(Method::get, "/problems"), ""), Code::must_change_password);
    settings.password_age = std::chrono::days(0);
    with(settings);
    EXPECT_EQ(refusal(request(Method::get, "/problems"), ""), Code{});
}

TEST_F(SessionsTest, WhereASecondFactorIsRequiredItIsEnrolledFirst) {
    SessionSettings settings;
    settings.second_factor_required = true;
    with(settings);
    EXPECT_EQ(refusal(request(Method::post, "/me/second-factor"), csrf_), Code{});
    EXPECT_EQ(refusal(request(Method::del, "/me/second-factor"), csrf_),
              Code::second_factor_needed);
    EXPECT_EQ(refusal(request(Method::get, "/problems"), ""), Code::second_factor_needed);
}

TEST_F(SessionsTest, TheCookieIsForThePageOnly) {
    const Request asked = request(Method::post, "/session");
    EXPECT_EQ(sessions_->cookie(asked, "abc"),
              "labrelay_session=abc; Path=/; HttpOnly; SameSite=Strict");
    EXPECT_EQ(sessions_->cookie(asked, ""),
              "labrelay_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    Request secure = asked;
    secure.secure = true;
    EXPECT_TRUE(sessions_->cookie(secure, "abc").ends_with("; Secure"));
    SessionSettings settings;
    settings.secure_cookie = true;
    with(settings);
    EXPECT_TRUE(sessions_->cookie(asked, "abc").ends_with("; Secure"));
}

}  // namespace
}  // namespace labrelay::api
