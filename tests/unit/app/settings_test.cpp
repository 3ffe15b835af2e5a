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
    for (const char* bad : {"mllp.port=x", "mllp.port=65536", "mllp.tls=maybe",
                            "mllp.host=", "listener.a.max_connections=0", "dial.a.port=0",
                            "mllp.framing=loose", "folder.a.settle=0", "mllp.port"}) {
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
    std::ifstream manual(std::string(LABRELAY_SOURCE_DIR) + "/docs/ways-in.md");
    const test::TemporaryDirectory directory;
    std::vector<std::string> blocks;
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
    ASSERT_EQ(blocks.size(), 2U);
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
