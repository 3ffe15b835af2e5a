// Watched folders: the pick-up with a clock of the test's own, then the watch with the real one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "labrelay/core/file.hpp"
#include "labrelay/transport/folder_pickup.hpp"
#include "labrelay/transport/folder_watch.hpp"
#include "scripted_sink.hpp"
#include "temporary_directory.hpp"

namespace labrelay::transport {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::ScriptedSink;
using testing::ElementsAre;
using testing::IsEmpty;

class Folder : public testing::Test {
protected:
    Folder() { settings_.path = directory_.path() / "inbox"; }

    FolderPickup& pickup() {
        if (!pickup_) {
            pickup_.emplace(settings_, sink_);
            EXPECT_TRUE(pickup_->prepare());
        }
        return *pickup_;
    }
    /// As after a crash: what is known is only what the folders hold.
    void start_again() {
        pickup_.reset();
        pickup();
    }
    void look_after(std::chrono::milliseconds time) {
        now_ += time;
        pickup().scan(now_);
    }
    void put(const std::string& name, const std::string& bytes) const {
        fs::create_directories((settings_.path / name).parent_path());
        std::ofstream(settings_.path / name, std::ios::binary) << bytes;
    }
    bool exists(const std::string& name) const { return fs::exists(settings_.path / name); }
    std::string text(const std::string& name) const {
        return read_file(settings_.path / name).value_or("");
    }

    test::TemporaryDirectory directory_;
    ScriptedSink sink_;
    FolderSettings settings_;
    std::optional<FolderPickup> pickup_;
    FolderPickup::SteadyTime now_{};
};

TEST_F(Folder, AFileThatStandsStillIsTakenAndItsAnswerStandsBesideIt) {
    pickup();
    put("a.hl7", "MSH|1\r");
    look_after(0ms);
    EXPECT_TRUE(exists("a.hl7"));
    look_after(1'999ms);
    EXPECT_TRUE(exists("a.hl7"));
    look_after(1ms);
    EXPECT_THAT(sink_.messages(), ElementsAre("MSH|1\r"));
    EXPECT_EQ(sink_.origins()[0].peer, (settings_.path / "a.hl7").string());
    EXPECT_EQ(sink_.origins()[0].port, 0);
    EXPECT_EQ(text("done/a.hl7"), "MSH|1\r");
    EXPECT_EQ(text("done/a.hl7.ack"), ScriptedSink::accept("MSH|1\r"));
    EXPECT_FALSE(exists("a.hl7"));
    EXPECT_FALSE(exists("working/a.hl7"));
    EXPECT_EQ(pickup().counters().done, 1U);
}

TEST_F(Folder, AHalfWrittenFileIsLeftAlone) {
    pickup();
    put("a.hl7", "MSH|");
    look_after(0ms);
    look_after(1'500ms);
    put("a.hl7", "MSH|whole");
    look_after(1'500ms);
    EXPECT_THAT(sink_.messages(), IsEmpty());
    look_after(2'000ms);
    EXPECT_THAT(sink_.messages(), ElementsAre("MSH|whole"));
}

TEST_F(Folder, SomebodysUnfinishedFilesAreLeftAlone) {
    pickup();
    for (const char* name : {".a.hl7", "a.hl7.tmp", "a.hl7.part", "a.hl7.filepart"}) {
        put(name, "MSH|1");
    }
    fs::create_directories(settings_.path / "folder.hl7");
    fs::create_symlink("/etc/hostname", settings_.path / "link.hl7");
    look_after(0ms);
    look_after(10'000ms);
    EXPECT_THAT(sink_.messages(), IsEmpty());
    EXPECT_TRUE(exists("a.hl7.part"));
}

TEST_F(Folder, WithAReadySuffixAFileWaitsForItsPartnerAndForNothingElse) {
    settings_.ready_suffix = ".ok";
    pickup();
    put("a.hl7", "MSH|1");
    look_after(0ms);
    look_after(100'000ms);
    EXPECT_THAT(sink_.messages(), IsEmpty());
    put("a.hl7.ok", "");
    look_after(0ms);
    EXPECT_THAT(sink_.messages(), ElementsAre("MSH|1"));
    EXPECT_FALSE(exists("a.hl7.ok"));
}

TEST_F(Folder, WhatStandsInWorkingAfterACrashIsTakenUpAgain) {
    put("working/a.hl7", "MSH|1");
    put("done/.a.hl7.ack.tmp", "half");
    start_again();
    look_after(0ms);
    EXPECT_THAT(sink_.messages(), ElementsAre("MSH|1"));
    EXPECT_EQ(text("done/a.hl7.ack"), ScriptedSink::accept("MSH|1"));
    EXPECT_FALSE(exists("working/a.hl7"));
}

TEST_F(Folder, P40_WhileTheStoreIsAwayFilesWaitAndAreTriedAgain) {
    bool away = true;
    sink_.answer = [&](const std::string& message) {
        return away ? MessageSink::Reply{{}, true, true}
                    : MessageSink::Reply{{ScriptedSink::accept(message)}};
    };
    pickup();
    put("a.hl7", "MSH|1");
    look_after(0ms);
    look_after(2'000ms);
    EXPECT_TRUE(exists("working/a.hl7"));
    put("a.hl7", "MSH|2");  // the next one of this name
    look_after(0ms);
    look_after(2'000ms);
    EXPECT_TRUE(exists("a.hl7"));
    EXPECT_FALSE(exists("done/a.hl7"));
    away = false;
    look_after(1'000ms);
    EXPECT_EQ(text("done/a.hl7"), "MSH|1");
    EXPECT_EQ(text("done/a.hl7.1"), "MSH|2");
    EXPECT_EQ(text("done/a.hl7.1.ack"), ScriptedSink::accept("MSH|2"));
}

TEST_F(Folder, AnAnswerThatIsNotPositivePutsTheFileIntoFailed) {
    sink_.answer = [](const std::string& message) {
        const bool bad = message.find("bad") != std::string::npos;
        return MessageSink::Reply{{bad ? "MSH|^~\\&\rMSA|AE|1\r" : "MSH|^~\\&\rMSA|AA|1\r"}};
    };
    pickup();
    put("mixed.hl7", "MSH|^~\\&|good\rPID|1\rMSH|^~\\&|bad\rPID|1\r");
    look_after(0ms);
    look_after(2'000ms);
    EXPECT_EQ(sink_.messages().size(), 2U);
    EXPECT_TRUE(exists("failed/mixed.hl7"));
    EXPECT_EQ(text("failed/mixed.hl7.ack"), "MSH|^~\\&\rMSA|AA|1\rMSH|^~\\&\rMSA|AE|1\r");
    EXPECT_EQ(pickup().counters().failed, 1U);
}

TEST_F(Folder, EmptyAndOversizedFilesFailByName) {
    settings_.max_file_bytes = 10;
    pickup();
    put("empty.hl7", " \r\n");
    put("large.hl7", "MSH|12345678");
    look_after(0ms);
    look_after(2'000ms);
    EXPECT_THAT(sink_.messages(), IsEmpty());
    EXPECT_EQ(text("failed/empty.hl7.error"), "message-empty\n");
    EXPECT_EQ(text("failed/large.hl7.error").rfind("frame-too-large", 0), 0U);
}

TEST_F(Folder, P06_AFrameWithoutAnEndIsEvidenceAndTheFileFails) {
    pickup();
    put("framed.hl7", "\x0bMSH|1\x1c\r\x0bMSH|cut");
    look_after(0ms);
    look_after(2'000ms);
    EXPECT_THAT(sink_.messages(), ElementsAre("MSH|1"));
    EXPECT_THAT(sink_.quarantined(),
                ElementsAre(std::pair(std::string("MSH|cut"), Code::frame_truncated)));
    EXPECT_EQ(text("failed/framed.hl7.error"), "frame-truncated\n");
    EXPECT_EQ(text("failed/framed.hl7.ack"), ScriptedSink::accept("MSH|1"));
}

TEST(FolderContents, HoldsFramesMessagesOrABatch) {
    struct Row {
        const char* bytes;
        std::vector<std::string> messages;
    };
    const Row kRows[] = {
        {"MSH|1\rPID|1", {"MSH|1\rPID|1"}},
        {"MSH|1\nPID|MSH|\nMSH|2\nPID|2\n", {"MSH|1\nPID|MSH|\n", "MSH|2\nPID|2\n"}},
        {"MSH|1\r\nMSH|2\r\n", {"MSH|1\r\n", "MSH|2\r\n"}},
        {"FHS|1\rBHS|1\rMSH|1\rMSH|2\rBTS|2\rFTS|1\r",
         {"FHS|1\rBHS|1\rMSH|1\rMSH|2\rBTS|2\rFTS|1\r"}},
        {"\x0bMSH|1\x1c\r\x0bMSH|2\x1c\r", {"MSH|1", "MSH|2"}},
        {"MSH#1\rOBX#MSH|\rMSH#2", {"MSH#1\rOBX#MSH|\r", "MSH#2"}},
        {"no HL7", {"no HL7"}},
    };
    for (const Row& row : kRows) {
        EXPECT_EQ(contents_of(row.bytes).messages, row.messages) << row.bytes;
    }
}

TEST_F(Folder, TheWatchTakesFilesByItself) {
    settings_.ready_suffix = ".ok";
    settings_.poll = std::chrono::hours(1);  // only the kernel tells
    FolderWatch watch(settings_, sink_);
    std::size_t put_so_far = 0;
    for (const char* name : {"a", "b", "c"}) {
        put(name, std::string("MSH|") + name);
        put(std::string(name) + ".ok", "");
        ASSERT_TRUE(sink_.wait_for_messages(++put_so_far)) << name;
    }
    watch.stop();
    EXPECT_TRUE(exists("done/a"));
    EXPECT_TRUE(exists("done/c.ack"));
    EXPECT_EQ(watch.counters().done, 3U);
}

TEST_F(Folder, AFolderThatCannotBeUsedIsAnError) {
    put("file", "");
    settings_.path /= "file";
    EXPECT_THROW(FolderWatch(settings_, sink_), std::system_error);
}

}  // namespace
}  // namespace labrelay::transport
