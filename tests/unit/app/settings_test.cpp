#include "labrelay/app/settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "temporary_directory.hpp"

namespace labrelay::app {
namespace {

using namespace std::chrono_literals;

ServerSettings with(std::initializer_list<const char*> assignments) {
    ServerSettings settings;
    for (const char* assignment : assignments) {
        const Result<void> applied = apply_assignment(settings, assignment);
        EXPECT_TRUE(applied) << assignment;
    }
    return settings;
}

std::size_t errors_of(ServerSettings settings) {
    const std::vector<Error> errors = check_settings(settings);
    for (const Error& error : errors) {
        EXPECT_EQ(error.code, Code::setting_bad);
    }
    return errors.size();
}

TEST(Settings, TheDefaultsAreFineAndOnLoopback) {
    ServerSettings settings;
    EXPECT_TRUE(check_settings(settings).empty());
    EXPECT_EQ(settings.mllp.port, 2575);
    EXPECT_EQ(settings.mllp.host, "127.0.0.1");
    EXPECT_EQ(settings.http_intake.port, 2580);
    EXPECT_TRUE(settings.listeners.empty());
}

TEST(Settings, NameTargetsBesideTheStudyDatabase) {
    ServerSettings settings =
        with({"target.url=sqlite:///srv/study.db", "target.redcap.kind=redcap",
              "target.redcap.url=https://redcap.example.org/redcap/api/",
              "target.redcap.token-file=/etc/labrelay/token", "target.redcap.study=NCT05872659",
              "target.redcap.paused=yes", "target.redcap.requests-per-minute=30"});
    EXPECT_TRUE(check_settings(settings).empty());
    const RemoteTargetSettings& redcap = settings.remote_targets.at("redcap");
    EXPECT_EQ(redcap.kind, RemoteTargetSettings::Kind::redcap);
    EXPECT_EQ(redcap.token_file, "/etc/labrelay/token");
    EXPECT_TRUE(redcap.paused);
    EXPECT_EQ(redcap.requests_per_minute, 30U);
    EXPECT_FALSE(settings.target_paused) << "each has its own";
}

TEST(Settings, ATargetNeedsAllOfItsPartsAndNeverSendsItsTokenInTheClear) {
    EXPECT_EQ(errors_of(with({"target.redcap.paused=no"})), 4U) << "kind, url, token, study";
    const auto at = [](const char* url) {
        return with({"target.r.kind=redcap", url, "target.r.token_file=/t", "target.r.study=S"});
    };
    EXPECT_EQ(errors_of(at("target.r.url=http://redcap.example.org/api/")), 1U);
    EXPECT_EQ(errors_of(at("target.r.url=ftp://redcap.example.org/api/")), 1U);
    EXPECT_EQ(errors_of(at("target.r.url=http://127.0.0.1:8090/api/")), 0U);
    ServerSettings settings;
    EXPECT_FALSE(apply_assignment(settings, "target.r.kind=oracle"));
    EXPECT_FALSE(apply_assignment(settings, "target.r.requests_per_minute=601"))
        << "more than the server's own limit";
}

TEST(Settings, RaveNeedsItsProjectAndNothingOfRedcap) {
    const auto rave = [](const char* name = nullptr, const char* value = nullptr) {
        ServerSettings settings =
            with({"target.r.kind=rave", "target.r.url=https://x.mdsol.com/RaveWebServices",
                  "target.r.password-file=/p", "target.r.project=Mediflex",
                  "target.r.environment=UAT", "target.r.study=S"});
        if (name != nullptr) {
            EXPECT_TRUE(apply_setting(settings, name, value));
        }
        return settings;
    };
    EXPECT_EQ(errors_of(rave()), 0U);
    EXPECT_EQ(rave().remote_targets.at("r").environment, "UAT");
    EXPECT_EQ(errors_of(rave("target.r.token_file", "/t")), 1U);
    EXPECT_EQ(errors_of(rave("target.r.url", "https://x.mdsol.com/")), 1U);
    EXPECT_EQ(errors_of(rave("target.r.url", "http://x.mdsol.com/RaveWebServices")), 1U);
    EXPECT_EQ(errors_of(rave("target.r.kind", "redcap")), 4U)
        << "token_file is needed; password_file, project, environment are Rave's";
    EXPECT_EQ(errors_of(with({"target.r.kind=rave"})), 5U)
        << "url, study, password_file, project, environment";
}

TEST(Settings, NameAlarmChannelsAndLimits) {
    const ServerSettings settings =
        with({"alarm.duty.kind=mail", "alarm.duty.url=smtps://mail.example.org:465",
              "alarm.duty.from=labrelay@example.org", "alarm.duty.to=a@example.org  b@example.org",
              "alarm.duty.about=critical", "alarm.duty.study=NCT05872659",
              "alarms.critical_minutes=10", "alarms.lag-minutes=5", "alarms.access_review_days=90",
              "console.url=https://labrelay.example.org/"});
    EXPECT_EQ(errors_of(settings), 0U);
    const alarm::ChannelSettings& duty = settings.alarm_channels.at("duty");
    EXPECT_EQ(duty.name, "duty");
    EXPECT_EQ(duty.kind, alarm::ChannelSettings::Kind::mail);
    EXPECT_EQ(duty.to, (std::vector<std::string>{"a@example.org", "b@example.org"}));
    EXPECT_EQ(duty.about, alarm::ChannelSettings::About::critical);
    EXPECT_EQ(settings.alarm_limits.acknowledgement, 10min);
    EXPECT_EQ(settings.alarm_limits.lag, 5min);
    EXPECT_EQ(settings.alarm_limits.access_review, std::chrono::days(90));
    EXPECT_EQ(settings.console_url, "https://labrelay.example.org");
    EXPECT_EQ(errors_of(with({"alarm.duty.about=all"})), 1U) << "a kind is needed";
    ServerSettings none;
    for (const char* bad :
         {"alarm.duty.kind=pager", "alarm.duty.kind=none", "alarm.duty.about=some",
          "alarm.duty.to=nobody", "alarm.duty.to=a@b>\r\nDATA", "alarm.duty.phone=1",
          "alarms.critical_minutes=0", "alarms.disk_free_percent=100", "console.url=labrelay"}) {
        EXPECT_FALSE(apply_assignment(none, bad)) << bad;
    }
}

TEST(Settings, AreShownAsTheyAreInForceWithoutPasswords) {
    const ServerSettings settings =
        with({"store.url=postgresql://labrelay:hidden@db/labrelay?password=hidden&sslmode=require",
              "mllp.port=0", "mllp.port=2600", "listener.east.port=2601", "reply.lis-qilu=h:99",
              "target.r.project=Mediflex"});
    std::map<std::string, std::optional<std::string>> shown;
    for (const SettingValue& one : setting_values(settings)) {
        EXPECT_FALSE(one.meaning.empty());
        EXPECT_TRUE(shown.emplace(one.name, one.value).second) << one.name << " twice";
    }
    EXPECT_EQ(shown.at("store.url"),
              "postgresql://labrelay:…@db/labrelay?password=…&sslmode=require");
    EXPECT_EQ(shown.at("mllp.port"), "2600");
    EXPECT_EQ(shown.at("listener.east.port"), "2601");
    EXPECT_EQ(shown.at("reply.lis-qilu"), "h:99");
    EXPECT_EQ(shown.at("target.r.project"), "Mediflex");
    EXPECT_EQ(shown.at("data"), "data");
    EXPECT_EQ(shown.at("http.port"), std::nullopt) << "its default";
}

TEST(Settings, NameListenersDialsAndFolders) {
    ServerSettings settings =
        with({"listener.east.port=2600", "listener.east.max-connections-per-peer=3",
              "listener.east.one_connection=yes", "listener.east.idle_timeout=7",
              "listener.east.framing=flexible", "dial.cobas.host=h", "dial.cobas.port=4000",
              "folder.inbox.path=/srv/in", "folder.inbox.ready-suffix=.ok", "mllp.port=off",
              "http-intake.port=2581"});
    EXPECT_TRUE(check_settings(settings).empty());
    const ListenerSettings& east = settings.listeners.at("east");
    EXPECT_EQ(east.name, "east");
    EXPECT_EQ(east.port, 2600);
    EXPECT_EQ(east.max_connections_per_peer, 3);
    EXPECT_TRUE(east.one_connection);
    EXPECT_EQ(east.framing, hl7::Framing::flexible);
    EXPECT_EQ(east.idle_timeout, 7s);
    EXPECT_EQ(settings.dials.at("cobas").port, 4000);
    EXPECT_EQ(settings.folders.at("inbox").ready_suffix, ".ok");
    EXPECT_FALSE(settings.mllp.on);
    EXPECT_EQ(settings.http_intake.port, 2581);
}

TEST(Settings, WhatIsUnknownOrNotOfItsFormIsAnError) {
    ServerSettings settings;
    for (const char* unknown : {"port=1", "mllp.prot=1", "listener.east.prot=1", "listener.port=1",
                                "listener.Eäst.port=1", "inbox.x.path=/a",
                                "folder.a.framing=strict", ".=", "folder..path=/a"}) {
        EXPECT_EQ(apply_assignment(settings, unknown).error().code, Code::setting_unknown)
            << unknown;
    }
    for (const char* bad :
         {"mllp.port=x", "mllp.port=65536", "mllp.tls=maybe",
          "mllp.host=", "listener.a.max_connections=0", "dial.a.port=0", "mllp.framing=loose",
          "folder.a.settle=0", "folder.a.settle=9223372036854775807", "mllp.port"}) {
        EXPECT_EQ(apply_assignment(settings, bad).error().code, Code::setting_bad) << bad;
    }
}

TEST(Settings, APlainPortBeyondLoopbackNeedsTheWords) {
    const std::string words = "mllp.allow_plain=" + std::string(kAllowPlain);
    EXPECT_EQ(errors_of(with({"mllp.host=192.0.2.1"})), 1U);
    EXPECT_EQ(errors_of(with({"mllp.host=192.0.2.1", "mllp.allow_plain=yes"})), 1U);
    EXPECT_EQ(errors_of(with({"mllp.host=192.0.2.1", words.c_str()})), 0U);
    EXPECT_EQ(errors_of(with({"mllp.host=::1"})), 0U);
    EXPECT_EQ(errors_of(with({"mllp.host=127.0.0.2"})), 0U);
    EXPECT_EQ(errors_of(with({"mllp.host=0.0.0.0", "mllp.port=off"})), 0U);
    EXPECT_EQ(errors_of(with({"http.host=0.0.0.0"})), 1U);
    EXPECT_EQ(errors_of(with({"http_intake.host=::"})), 1U);
    EXPECT_EQ(errors_of(with({"listener.a.port=1", "listener.a.host=192.0.2.1"})), 1U);
}

TEST(Settings, TlsNeedsItsFilesAndBringsItsPort) {
    EXPECT_EQ(errors_of(with({"listener.a.tls=yes"})), 1U);
    EXPECT_EQ(errors_of(with({"listener.a.host=192.0.2.1"})), 2U);  // neither port nor TLS
    ServerSettings tls =
        with({"listener.a.tls=yes", "listener.a.host=192.0.2.1", "tls.certificate=c", "tls.key=k"});
    EXPECT_TRUE(check_settings(tls).empty());
    EXPECT_EQ(tls.listeners.at("a").port, 2576);
    EXPECT_EQ(errors_of(with({"mllp.client_certificate=yes"})), 1U);
    EXPECT_EQ(errors_of(with({"mllp.tls=yes", "mllp.client_certificate=yes", "tls.certificate=c",
                              "tls.key=k"})),
              1U);
    EXPECT_EQ(errors_of(with({"dial.a.tls=yes"})), 1U);
}

TEST(Settings, ThePageSpeaksTlsWithItsOwnCertificateOrThatOfAllPorts) {
    const std::string words = "http.allow_plain=" + std::string(kAllowPlain);
    EXPECT_EQ(errors_of(with({"http.host=192.0.2.1"})), 1U);
    EXPECT_EQ(errors_of(with({"http.host=192.0.2.1", words.c_str()})), 0U);
    EXPECT_EQ(errors_of(with({"http.tls=yes"})), 1U) << "without files";
    EXPECT_EQ(errors_of(with({"http.tls=yes", "http.certificate=/c.pem"})), 2U);
    EXPECT_EQ(errors_of(with({"http.certificate=/c.pem", "http.key=/k.pem"})), 1U) << "for nothing";
    ServerSettings settings = with(
        {"http.host=192.0.2.1", "http.tls=yes", "tls.certificate=/all.pem", "tls.key=/all.key"});
    EXPECT_FALSE(settings.console.secure_cookie);
    EXPECT_TRUE(check_settings(settings).empty());
    EXPECT_EQ(settings.page_files().certificate, "/all.pem");
    EXPECT_TRUE(settings.console.secure_cookie);
    EXPECT_TRUE(apply_assignment(settings, "http.certificate=/page.pem"));
    EXPECT_TRUE(apply_assignment(settings, "http.key=/page.key"));
    EXPECT_TRUE(check_settings(settings).empty());
    EXPECT_EQ(settings.page_files().key, "/page.key");
}

TEST(Settings, SayHowOftenTheAuditTrailIsChecked) {
    EXPECT_EQ(ServerSettings().audit_check, 24h);
    EXPECT_EQ(with({"audit.check_hours=6"}).audit_check, 6h);
    EXPECT_EQ(with({"audit.check_hours=0"}).audit_check, 0h) << "never";
    ServerSettings settings;
    EXPECT_FALSE(apply_assignment(settings, "audit.check_hours=-1"));
    EXPECT_FALSE(apply_assignment(settings, "audit.check_hours=daily"));
}

TEST(Settings, SayHowLongASessionLastsAndWhatSignInNeeds) {
    const ServerSettings settings =
        with({"console.idle-minutes=10", "console.session_hours=8", "console.password_days=90",
              "console.secure_cookie=yes", "console.second_factor=required"});
    EXPECT_EQ(settings.console.times.idle, 10min);
    EXPECT_EQ(settings.console.times.whole, 8h);
    EXPECT_EQ(settings.console.password_age, std::chrono::days(90));
    EXPECT_TRUE(settings.console.secure_cookie);
    EXPECT_TRUE(settings.console.second_factor_required);
    for (const char* bad : {"console.idle_minutes=0", "console.session_hours=ever",
                            "console.password_days=-1", "console.second_factor=yes"}) {
        ServerSettings none;
        const Result<void> applied = apply_assignment(none, bad);
        ASSERT_FALSE(applied) << bad;
        EXPECT_EQ(applied.error().code, Code::setting_bad) << bad;
    }
}

TEST(Settings, ASignInServiceNeedsItsPartsAndProtection) {
    EXPECT_EQ(errors_of(with({"oidc.issuer=https://id.example"})), 2U) << "client, page";
    const auto at = [](const char* issuer, const char* page) {
        return with({issuer, page, "oidc.client_id=labrelay"});
    };
    EXPECT_EQ(errors_of(at("oidc.issuer=https://id.example", "console.url=https://lab.example")),
              0U);
    EXPECT_EQ(errors_of(at("oidc.issuer=http://127.0.0.1:9/x", "console.url=http://localhost")),
              0U);
    EXPECT_EQ(errors_of(at("oidc.issuer=http://id.example", "console.url=https://lab.example")),
              1U);
    EXPECT_EQ(errors_of(at("oidc.issuer=https://id.example", "console.url=http://lab.example")),
              1U);
    EXPECT_EQ(errors_of(at("oidc.issuer=http://localhost.evil.example",
                           "console.url=https://lab.example")),
              1U);
}

TEST(Settings, FoldersHaveAPathOfTheirOwn) {
    EXPECT_EQ(errors_of(with({"folder.a.settle=3"})), 1U);
    EXPECT_EQ(errors_of(with({"folder.a.path=/x", "folder.b.path=/x/"})), 1U);
}

TEST(Settings, TheIntakeTakesAFreePortWhereMllpDoes) {
    ServerSettings settings = with({"mllp.port=0"});
    EXPECT_TRUE(check_settings(settings).empty());
    EXPECT_EQ(settings.http_intake.port, 0);
    ServerSettings given = with({"mllp.port=0", "http_intake.port=2599"});
    EXPECT_TRUE(check_settings(given).empty());
    EXPECT_EQ(given.http_intake.port, 2599);
}

// What docs/ways-in.md shows as labrelay.xml is one.
TEST(Settings, TheManualsExamplesAreRead) {
    const test::TemporaryDirectory directory;
    std::vector<std::string> blocks;
    for (const char* name : {"/docs/ways-in.md", "/docs/page-server.md"}) {
        std::ifstream manual(std::string(LABRELAY_SOURCE_DIR) + name);
        bool inside = false;
        for (std::string line; std::getline(manual, line);) {
            if (line.starts_with("```")) {
                inside = line == "```xml";
                if (inside) {
                    blocks.emplace_back();
                }
            } else if (inside) {
                blocks.back() += line + "\n";
            }
        }
    }
    ASSERT_EQ(blocks.size(), 3U);
    for (std::string block : blocks) {
        if (!block.starts_with("<labrelay>")) {
            block = "<labrelay>" + block + "</labrelay>";
        }
        const std::string file = (directory.path() / "labrelay.xml").string();
        std::ofstream(file) << block;
        ServerSettings settings;
        EXPECT_TRUE(apply_file(settings, file).empty()) << block;
        EXPECT_TRUE(check_settings(settings).empty()) << block;
    }
}

}  // namespace
}  // namespace labrelay::app
