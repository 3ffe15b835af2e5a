#include "labrelay/hl7/batch.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace labrelay::hl7 {
namespace {

std::string msh(std::string_view id) {
    return "MSH|^~\\&|APP|FAC|||20260101||ORU^R01|" + std::string(id) + "|P|2.5.1\rOBX|1|NM\r";
}

std::vector<std::string> members_of(const Batch& batch, std::string_view bytes) {
    std::vector<std::string> members;
    for (const BatchMember& member : batch.members) {
        members.emplace_back(bytes.substr(member.offset, member.size));
    }
    return members;
}

const std::string kFhs = "FHS|^~\\&|SA|SF|RA|RF|20260101||||F1\r";
const std::string kBhs = "BHS|^~\\&|SA|SF|RA|RF|20260101||||B1\r";

struct Row {
    std::string_view name;
    std::string bytes;
    std::size_t members;
    std::size_t groups;
    Code hold;
};

TEST(Batch, P46_EnvelopesAndTheirCounts) {
    const std::string a = msh("1");
    const std::string b = msh("2");
    const Row rows[] = {
        {"batch", kBhs + a + b + "BTS|2\r", 2, 1, Code::none},
        {"file", kFhs + kBhs + a + "BTS|1\r" + kBhs + b + "BTS|1\rFTS|2\r", 2, 2, Code::none},
        {"file without batch", kFhs + a + b + "FTS|1\r", 2, 1, Code::none},
        {"nested", kBhs + a + kBhs + b + "BTS|1\rBTS|2\r", 2, 2, Code::none},
        {"nested, counts its own", kBhs + a + kBhs + b + "BTS|1\rBTS|1\r", 2, 2, Code::none},
        {"no trailer", kBhs + a + b, 2, 1, Code::none},
        {"no count", kBhs + a + "BTS|\rFTS\r", 1, 1, Code::none},
        {"empty", kBhs + "BTS|0\r", 0, 1, Code::none},
        {"padded count", kBhs + a + "BTS| 01 |x\r", 1, 1, Code::none},
        {"one too few", kBhs + a + "BTS|2\r", 1, 1, Code::batch_count_wrong},
        {"one too many", kBhs + a + b + "BTS|1\r", 2, 1, Code::batch_count_wrong},
        {"no number", kBhs + a + "BTS|one\r", 1, 1, Code::batch_count_wrong},
        {"batches of a file", kFhs + kBhs + a + "BTS|1\rFTS|2\r", 1, 1, Code::batch_count_wrong},
        {"trailer without header", a + b + "BTS|3\r", 2, 1, Code::batch_count_wrong},
        {"own delimiters", "BHS;:*!+;A;B\r" + a + "BTS;1\r", 1, 1, Code::none},
        {"own delimiters of the trailer", "BHS;:*!+;A;B\r" + a + "BTS$2\r", 1, 1,
         Code::batch_count_wrong},
        {"line feeds", "BHS|^~\\&|A\nMSH|^~\\&|1\nMSH|^~\\&|2\nBTS|2\n", 2, 1, Code::none},
        {"CR LF", "BHS|^~\\&|A\r\nMSH|^~\\&|1\r\nMSH|^~\\&|2\r\nBTS|2\r\n", 2, 1, Code::none},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        const std::optional<Batch> batch = split_batch(row.bytes);
        ASSERT_TRUE(batch);
        EXPECT_EQ(batch->members.size(), row.members);
        EXPECT_EQ(batch->groups.size(), row.groups);
        EXPECT_EQ(key(batch->hold()), key(row.hold));
        for (const std::string& member : members_of(*batch, row.bytes)) {
            EXPECT_EQ(member.substr(0, 4), "MSH|");
        }
    }
}

TEST(Batch, P29_ASecondMshIsABatchWithoutHeader) {
    const std::string bytes = msh("1") + msh("2");
    const std::optional<Batch> batch = split_batch(bytes);
    ASSERT_TRUE(batch);
    EXPECT_FALSE(batch->enveloped());
    EXPECT_EQ(members_of(*batch, bytes), (std::vector<std::string>{msh("1"), msh("2")}));
    // A line feed in a text of a message whose segments end with CR begins no message.
    EXPECT_FALSE(split_batch("MSH|^~\\&|A\rNTE|1||x\nMSH|^~\\&|B\r"));
    EXPECT_FALSE(split_batch("MSH|^~\\&|A\rNTE|1||MSH|^~\\&|\r"));
    EXPECT_FALSE(split_batch("MSH|^~\\&|A\rMSHX\r"));
    EXPECT_FALSE(split_batch(msh("1")));
    EXPECT_FALSE(split_batch(""));
    EXPECT_FALSE(split_batch("PID|1\rMSH|^~\\&|A\r"));
}

TEST(Batch, P46_ABrokenPartIsAMemberOfItsOwn) {
    const std::string bytes = kBhs + "PID|lost\rOBX|1\r" + msh("2") + "BTS|2\r";
    const std::optional<Batch> batch = split_batch(bytes);
    ASSERT_TRUE(batch);
    EXPECT_EQ(members_of(*batch, bytes), (std::vector<std::string>{"PID|lost\rOBX|1\r", msh("2")}));
    EXPECT_EQ(batch->hold(), Code::none);
    ASSERT_EQ(batch->findings.size(), 1U);
    EXPECT_EQ(batch->findings[0].code, Code::batch_broken);
    EXPECT_EQ(batch->findings[0].place.offset, kBhs.size());
}

TEST(Batch, P18_AMarkBeforeABatchIsSeen) {
    const std::string bytes = "\xef\xbb\xbf" + kBhs + msh("1") + "BTS|1\r";
    const std::optional<Batch> batch = split_batch(bytes);
    ASSERT_TRUE(batch);
    EXPECT_TRUE(batch->marked);
    EXPECT_EQ(members_of(*batch, bytes), std::vector<std::string>{msh("1")});
}

TEST(Batch, P46_TheReplyHasTheBatchsForm) {
    const std::string bytes = kFhs + kBhs + msh("1") + msh("2") + "BTS|2\rBHS;:*!+;X;Y;;;;;;;B2\r" +
                              msh("3") + "BTS;1\rFTS|2\r";
    const std::optional<Batch> batch = split_batch(bytes);
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch_control_id(*batch), "B1");
    const std::string reply =
        build_batch_reply(*batch, "R1", Instant{0}, {{0, "ack1\r"}, {0, "ack2\r"}, {1, "ack3\r"}});
    const std::string time = to_hl7(Instant{0});
    EXPECT_EQ(reply, "FHS|^~\\&|RA|RF|SA|SF|" + time + "||||R1|F1\r" + "BHS|^~\\&|RA|RF|SA|SF|" +
                         time + "||||R1|B1\rack1\rack2\rBTS|2\r" + "BHS;:*!+;;;X;Y;" + time +
                         ";;;;R1;B2\rack3\rBTS;1\rFTS|2\r");
    EXPECT_EQ(header_for_whole(*batch), "MSH|^~\\&|SA|SF|RA|RF|20260101|||B1|P|2.5.1\r");
}

/// Nothing of the bytes is in two members, and headers, trailers and members are all there is.
TEST(Batch, P46_MembersCoverTheTextOnce) {
    const std::string pieces[] = {kFhs,      kBhs, msh("1"), "PID|1\r", "BTS|1\r",
                                  "FTS|1\r", "\r", "x",      "\n"};
    std::mt19937 random(46);
    for (int round = 0; round < 3000; ++round) {
        std::string bytes = round % 2 == 0 ? kBhs : msh("0") + msh("1");
        for (auto count = random() % 12; count > 0; --count) {
            bytes += pieces[random() % std::size(pieces)];
        }
        const std::optional<Batch> batch = split_batch(bytes);
        ASSERT_TRUE(batch);
        std::size_t end = 0;
        for (const BatchMember& member : batch->members) {
            ASSERT_GE(member.offset, end);
            ASSERT_GT(member.size, 0U);
            end = member.offset + member.size;
            ASSERT_LE(end, bytes.size());
            ASSERT_LT(member.group, batch->groups.size());
            const std::string_view slice =
                std::string_view(bytes).substr(member.offset, member.size);
            ASSERT_FALSE(split_batch(slice)) << "a member is no batch again";
        }
    }
}

}  // namespace
}  // namespace labrelay::hl7
