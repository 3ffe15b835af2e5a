// What people read, who is told what, and which settings of a channel make no sense.
#include "labrelay/alarm/channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace labrelay::alarm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Kind = ChannelSettings::Kind;
using About = ChannelSettings::About;

Notice a_notice() {
    Notice notice;
    notice.incident = 7;
    notice.kind = "source-silent";
    notice.object = "lis";
    notice.text = "Source lis is silent for 3 h 0 min.";
    notice.advice = advice(IncidentKind::source_silent, "lis");
    notice.url = "https://labrelay.example.org/sources/lis";
    notice.opened = Instant{1'780'000'000'000'000};
    notice.at = notice.opened;
    return notice;
}

TEST(Notice, TheFirstLineSaysWhatToDo) {
    EXPECT_EQ(body(a_notice()),
              "Ask the laboratory whether lis still sends, and look at its connection.\n"
              "Source lis is silent for 3 h 0 min.\n\n"
              "Since 2026-05-28T20:26:40.000000Z.\n"
              "https://labrelay.example.org/sources/lis\n");
    EXPECT_EQ(headline(a_notice()), "[labrelay] Source lis is silent for 3 h 0 min.");
    Notice over = a_notice();
    over.over = true;
    EXPECT_THAT(body(over), StartsWith("Nothing to do: this is over.\n"));
    EXPECT_THAT(headline(over), StartsWith("[labrelay] Over: "));
}

TEST(Notice, EveryKindHasAKeyAnAdviceAndAPage) {
    for (int i = 0; i <= static_cast<int>(IncidentKind::access_review_due); ++i) {
        const auto kind = static_cast<IncidentKind>(i);
        EXPECT_EQ(incident_kind_from(key(kind)), kind);
        EXPECT_FALSE(advice(kind, "x").empty());
        EXPECT_THAT(page(kind, "x"), StartsWith("/"));
    }
    EXPECT_EQ(incident_kind_from("nothing"), std::nullopt);
}

TEST(Syslog, IsRfc5424WithTheSeverityOfTheState) {
    Notice notice = a_notice();
    EXPECT_THAT(
        syslog_message(notice, "host"),
        StartsWith("<27>1 2026-05-28T20:26:40.000000Z host labrelay - source-silent - Ask "));
    notice.urgent = true;
    EXPECT_THAT(syslog_message(notice, ""), StartsWith("<25>1 2026-05-28T20:26:40.000000Z - "));
    notice.over = true;
    notice.text = "two\nlines";
    EXPECT_THAT(syslog_message(notice, "host"), StartsWith("<29>1 "));
    EXPECT_THAT(syslog_message(notice, "host"), HasSubstr("Over: two lines"));
}

TEST(Webhook, SignsItsBody) {
    EXPECT_EQ(webhook_signature("Jefe", "what do ya want for nothing?"),
              "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_THAT(webhook_body(a_notice()), HasSubstr(R"("state":"open")"));
}

TEST(Wants, CriticalValuesGoToWhoeverIsResponsibleForTheStudy) {
    struct Row {
        About about;
        const char* study;
        IncidentKind kind;
        const char* of;
        bool told;
    };
    constexpr auto kCritical = IncidentKind::critical_unacknowledged;
    constexpr auto kDisk = IncidentKind::disk_low;
    const Row rows[] = {
        {About::all, "", kCritical, "A", true},       {About::all, "", kDisk, "", true},
        {About::critical, "", kCritical, "A", true},  {About::critical, "", kDisk, "", false},
        {About::system, "", kCritical, "A", false},   {About::system, "", kDisk, "", true},
        {About::critical, "A", kCritical, "A", true}, {About::critical, "A", kCritical, "B", false},
        {About::critical, "A", kCritical, "", true},  {About::all, "A", kDisk, "", true},
    };
    for (const Row& row : rows) {
        ChannelSettings channel;
        channel.about = row.about;
        channel.study = row.study;
        EXPECT_EQ(wants(channel, row.kind, row.of), row.told)
            << to_string(row.about) << " " << row.study << " " << key(row.kind) << " " << row.of;
    }
}

TEST(CheckChannel, NamesWhatIsMissingOrMakesNoSense) {
    ChannelSettings mail;
    mail.kind = Kind::mail;
    mail.url = "smtp://mail.example.org:587";
    mail.from = "labrelay@example.org";
    mail.to = {"dm@example.org"};
    EXPECT_THAT(check_channel(mail), IsEmpty());
    ChannelSettings hook;
    hook.kind = Kind::webhook;
    hook.url = "https://hooks.example.org/labrelay";
    hook.secret_file = "/etc/labrelay/hook";
    EXPECT_THAT(check_channel(hook), IsEmpty());
    ChannelSettings log;
    log.kind = Kind::syslog;
    for (const char* url :
         {"udp://log.example.org:514", "tcp://log.example.org:601", "unix:/dev/log"}) {
        log.url = url;
        EXPECT_THAT(check_channel(log), IsEmpty()) << url;
    }

    struct Row {
        const ChannelSettings* of;
        std::function<void(ChannelSettings&)> change;
        const char* wrong;
    };
    const Row rows[] = {
        {&mail, [](auto& c) { c.kind = Kind::none; }, "kind: "},
        {&mail, [](auto& c) { c.url = "https://mail.example.org"; }, "url: "},
        {&mail, [](auto& c) { c.url = "mail.example.org"; }, "url: "},
        {&mail, [](auto& c) { c.from.clear(); }, "from: "},
        {&mail, [](auto& c) { c.to.clear(); }, "to: "},
        {&mail, [](auto& c) { c.user = "labrelay"; }, "secret_file: "},
        {&mail,
         [](auto& c) {
             c.about = About::system;
             c.study = "A";
         },
         "study: "},
        {&hook, [](auto& c) { c.url = "http://hooks.example.org/"; }, "url: "},
        {&hook, [](auto& c) { c.secret_file.clear(); }, "secret_file: "},
        {&hook, [](auto& c) { c.to = {"a@b"}; }, "from, to, user: "},
        {&log, [](auto& c) { c.url = "udp://log.example.org"; }, "url: "},
        {&log, [](auto& c) { c.secret_file = "/x"; }, "secret_file: "},
    };
    for (const Row& row : rows) {
        ChannelSettings changed = *row.of;
        row.change(changed);
        EXPECT_THAT(check_channel(changed), ElementsAre(StartsWith(row.wrong))) << changed.url;
    }
}

TEST(Retry, WaitsLongerAndLongerUpToAnHour) {
    EXPECT_EQ(retry_after(1).count(), 15);
    EXPECT_EQ(retry_after(2).count(), 30);
    EXPECT_EQ(retry_after(9).count(), 3600);
    EXPECT_EQ(retry_after(30).count(), 3600);
}

}  // namespace
}  // namespace labrelay::alarm
