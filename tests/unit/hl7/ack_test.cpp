#include "labrelay/hl7/ack.hpp"

#include <gtest/gtest.h>

#include "hl7_text.hpp"

namespace labrelay::hl7 {
namespace {

// 2026-03-01T08:00:00Z
constexpr Instant kNow{1'772'352'000'000'000};

AckContent content(AckCode code = AckCode::aa) {
    AckContent made;
    made.code = code;
    made.ack_id = "L1";
    made.time = kNow;
    return made;
}

Finding finding(Code code, Severity severity, std::string place, std::string detail = {}) {
    return {code, severity, {std::move(place), 0}, std::move(detail), "PATIENT VALUE"};
}

std::string header_line(std::string_view type, std::string_view control_id,
                        std::string_view version) {
    return "MSH|^~\\&|A^1.2^ISO|F|R&S|RF|t||" + std::string(type) + "|" + std::string(control_id) +
           "|T^I|" + std::string(version);
}

TEST(Ack, SwapsPartiesWholeAndEchoesTheHeader) {
    const Message message = parsed(
        {header_line("ORU^R01^ORU_R01", "ID 7", "2.5.1^USA") + "||||||UNICODE UTF-8~ASCII|||P^Q"});
    EXPECT_EQ(build_ack(message, Charset::utf_8, content()),
              "MSH|^~\\&|R&S|RF|A^1.2^ISO|F|20260301080000+0000||ACK^R01^ACK|L1|T^I|2.5.1^USA||||||"
              "UNICODE UTF-8~ASCII\r"
              "MSA|AA|ID 7\r");
}

struct TypeRow {
    std::string_view type;
    std::string_view version;
    std::string_view answer;
};

constexpr TypeRow kTypeRows[] = {
    {"ORU^R01", "2.2", "ACK"},
    {"ORU^R01", "2.3", "ACK"},
    {"ORU^R01", "2.3.1", "ACK"},
    {"ORU^R01", "2.4", "ACK^R01^ACK"},
    {"ORU^R01^ORU_R01", "2.5", "ACK^R01^ACK"},
    {"OUL^R22^OUL_R22", "2.5.1", "ACK^R22^ACK"},
    {"ORU^R30^ORU_R30", "2.4", "ACK^R30^ACK"},
    {"ORU^R30^ORU_R30", "2.5.1", "ACK^R33^ACK"},
    {"ORU^R30^ORU_R30", "2.8", "ORA^R33^ORA_R33"},
    {"ORU", "2.5", "ACK"},
    {"ORU^\"\"", "2.5", "ACK"},
    {"ORU^R01", "", "ACK"},
    {"ORU^R01^ORU_R01", "", "ACK^R01^ACK"},
    {"ORU^R01^ORU_R01", "9", "ACK^R01^ACK"},
};

TEST(Ack, NamesItsTypeAsTheVersionDoes) {
    for (const TypeRow& row : kTypeRows) {
        SCOPED_TRACE(testing::Message() << row.type << " in " << row.version);
        const Message message = parsed({header_line(row.type, "1", row.version)});
        const Message ack = parsed(build_ack(message, Charset::utf_8, content()));
        EXPECT_EQ(ack.header().field(9).raw(), row.answer);
        EXPECT_EQ(ack.header().field(12).raw(), row.version);
    }
}

TEST(Ack, GivesTheControlIdBackByteForByte) {
    for (const std::string_view id :
         {"1", " 1 ", "a^b&c~d", "\\F\\", "\\broken", "\"\"", "", "00012\t"}) {
        const Message message = parsed({header_line("ORU^R01", id, "2.5.1")});
        const Message ack = parsed(build_ack(message, Charset::utf_8, content()));
        EXPECT_EQ(ack.segment(2).field(2).raw(), id);
    }
}

TEST(Ack, WritesErrorsAsOneSegmentEachFrom25) {
    const Message message = parsed({header_line("ORU^R01^ORU_R01", "1", "2.5")});
    AckContent made = content(AckCode::ae);
    made.text = "2 of 3 | held";
    made.errors = {finding(Code::type_unsupported, Severity::refuse, "MSH-9.1", "ADT^A01"),
                   finding(Code::unknown_code, Severity::hold, "OBX[3]-5[2].1.4"),
                   finding(Code::segment_unexpected, Severity::warning, "OBX[12]"),
                   finding(Code::trailing_bytes, Severity::note, ""),
                   finding(Code::key_duplicate, Severity::refuse, "sources/facs.xml:12:5")};
    const std::string bytes = build_ack(message, Charset::utf_8, made);
    const Message ack = parsed(bytes);
    EXPECT_EQ(ack.segment(2).raw(), "MSA|AE|1|2 of 3 \\F\\ held");
    ASSERT_EQ(ack.count("ERR"), 5U);
    struct Row {
        std::string_view location;
        std::string_view code;
        std::string_view severity;
        std::string_view own;
    };
    const Row rows[] = {
        {"MSH^1^9^1^1", "200^Unsupported message type^HL70357", "E", "message-type-unsupported"},
        {"OBX^3^5^2^1^4", "103^Table value not found^HL70357", "E", "unknown-code"},
        {"OBX^12", "100^Segment sequence error^HL70357", "W", "segment-unexpected"},
        {"", "0^Message accepted^HL70357", "I", "trailing-bytes"},
        {"", "0^Message accepted^HL70357", "E", "key-duplicate"},
    };
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        SCOPED_TRACE(i);
        const Segment err = *ack.find("ERR", i + 1);
        EXPECT_EQ(err.field(1).raw(), "");
        EXPECT_EQ(err.field(2).raw(), rows[i].location);
        EXPECT_EQ(err.field(3).raw(), rows[i].code);
        EXPECT_EQ(err.field(4).raw(), rows[i].severity);
        EXPECT_EQ(err.field(5).component(1).text(), rows[i].own);
        EXPECT_TRUE(err.field(8).has_value());
    }
    EXPECT_EQ(ack.find("ERR")->field(7).text_with_delimiters(), "ADT^A01");
    EXPECT_EQ(bytes.find("PATIENT"), std::string::npos);
}

TEST(Ack, WritesErrorsAsRepetitionsOfErr1Before25) {
    for (const std::string_view version : {"2.2", "2.3", "2.3.1", "2.4"}) {
        SCOPED_TRACE(version);
        const Message message = parsed({header_line("ORU^R01", "1", version)});
        AckContent made = content(AckCode::ar);
        made.errors = {finding(Code::control_id_missing, Severity::refuse, "MSH-10"),
                       finding(Code::unknown_code, Severity::hold, "OBX[3]-3.1"),
                       finding(Code::internal_fault, Severity::hold, "")};
        const Message ack = parsed(build_ack(message, Charset::utf_8, made));
        ASSERT_EQ(ack.count("ERR"), 1U);
        EXPECT_EQ(ack.find("ERR")->raw(),
                  "ERR|MSH^1^10^101&Required field missing~OBX^3^3^103&Table value not found~"
                  "^^^207&Application internal error");
    }
}

TEST(Ack, CutsTheTextOfOldVersionsAtEightyCharacters) {
    AckContent made = content();
    for (int i = 0; i < 60; ++i) {
        made.text += "\xe4\xb8\xad|";  // 120 characters
    }
    const Message old = parsed({header_line("ORU^R01", "1", "2.3")});
    const Message old_ack = parsed(build_ack(old, Charset::utf_8, made));
    EXPECT_EQ(old_ack.segment(2).field(3).text(), made.text.substr(0, 40 * 4));
    const Message late = parsed({header_line("ORU^R01", "1", "2.5")});
    const Message late_ack = parsed(build_ack(late, Charset::utf_8, made));
    EXPECT_EQ(late_ack.segment(2).field(3).text(), made.text);
}

TEST(Ack, CopesWithMissingLevels) {
    AckContent made = content(AckCode::ae);
    made.text = "a^b|c";
    made.errors = {finding(Code::unknown_code, Severity::hold, "OBX[3]-3.1", "d|e"),
                   finding(Code::unknown_code, Severity::hold, "OBX[4]-3.1")};
    for (const std::string_view encoding : {"^", "^~", "^~\\", "^~\\&#"}) {
        for (const std::string_view version : {"2.3", "2.5.1"}) {
            SCOPED_TRACE(testing::Message() << encoding << " " << version);
            std::string header = header_line("ORU^R01", "1", version);
            header.replace(4, 4, encoding);
            const Message message = parsed({header});
            const Message ack = parsed(build_ack(message, Charset::utf_8, made));
            EXPECT_EQ(ack.delimiters(), message.delimiters());
            EXPECT_EQ(ack.segment(2).field(1).text(), "AE");
            EXPECT_EQ(ack.segment(2).field(3).component(1).raw().substr(0, 1), "a");
            ASSERT_GE(ack.count("ERR"), 1U);
            const Element location = ack.find("ERR")->field(version == "2.3" ? 1 : 2);
            EXPECT_EQ(location.component(2).text(), "3");
        }
    }
}

TEST(Ack, UsesTheDelimitersOfTheMessage) {
    const Message message = parsed("MSH:;*!@:A;1:F:R:RF:t::ORU;R01:7:P:2.5:\rPID:1\r");
    AckContent made = content(AckCode::ae);
    made.errors = {finding(Code::unknown_code, Severity::hold, "OBX-3")};
    const Message ack = parsed(build_ack(message, Charset::utf_8, made));
    EXPECT_EQ(ack.header().raw(), "MSH:;*!@:R:RF:A;1:F:20260301080000+0000::ACK;R01;ACK:L1:P:2.5");
    EXPECT_EQ(ack.find("ERR")->field(2).raw(), "OBX;1;3");
}

TEST(Ack, IsWrittenInTheMessagesCharacterSet) {
    const std::string facility_gb = "\xd6\xd0\xce\xc4";
    const std::string bytes =
        "MSH|^~\\&|A|" + facility_gb + "|R|RF|t||ORU^R01|1|P|2.4||||||GB 18030-2000\rPID|1\r";
    const Result<Decoded> decoded = decode_message(bytes, Charset::utf_8);
    ASSERT_TRUE(decoded);
    const Message message = parsed(decoded->text);
    const std::string ack = build_ack(message, decoded->charset, content());
    EXPECT_NE(ack.find("|R|RF|A|" + facility_gb + "|"), std::string::npos);
    EXPECT_NE(ack.find("|GB 18030-2000\r"), std::string::npos);
}

TEST(Ack, OurOwnWordsNeverLeaveTheMessagesCharacterSet) {
    AckContent made = content();
    made.text = "\xe4\xb8\xad ok";
    const Message message = parsed({header_line("ORU^R01", "1", "2.5")});
    const std::string ack = build_ack(message, Charset::ascii, made);
    EXPECT_EQ(ack.find_first_of("\xe4\xb8\xad"), std::string::npos);
    EXPECT_NE(ack.find(" ok\r"), std::string::npos);
}

TEST(Ack, NamesTheCharacterSetThatTheMarkRevealed) {
    const Message message = parsed({header_line("ORU^R01", "1", "2.5") + "||||||ASCII"});
    const Message ack = parsed(build_ack(message, Charset::utf_8, content()));
    EXPECT_EQ(ack.header().field(18).text(), "UNICODE UTF-8");
}

TEST(Ack, GivesTheProfileOfIheLabTransactionsBack) {
    const Message message = parsed(
        {header_line("OUL^R22^OUL_R22", "1", "2.5.1") + "|||NE|AL||UNICODE UTF-8|||LAB-29^IHE"});
    const Message ack = parsed(build_ack(message, Charset::utf_8, content()));
    EXPECT_EQ(ack.header().field(21).raw(), "LAB-29^IHE");
    EXPECT_EQ(ack.header().field(15).raw(), "");
}

struct UnreadableRow {
    std::string_view name;
    std::string_view bytes;
    std::string_view header;  ///< without the time
    std::string_view control_id;
};

constexpr UnreadableRow kUnreadableRows[] = {
    {"nothing", "", "MSH|^~\\&|||||||ACK|L1|P|2.5.1", ""},
    {"not HL7", "GET / HTTP/1.1\r\n\r\n", "MSH|^~\\&|||||||ACK|L1|P|2.5.1", ""},
    {"a broken segment after a good header", "MSH|^~\\&|A^x|F|R|RF|t||ORU^R01|7|P|2.4\rpid|\r",
     "MSH|^~\\&|R|RF|A^x|F|||ACK^R01^ACK|L1|P|2.4", "7"},
    {"bytes of no character set",
     "MSH|^~\\&|A|F\xff|R|RF|t||ORU^R01|7\xe4|P|2.3||||||ASCII\rPID|1\r",
     "MSH|^~\\&|R|RF|A|F\xff|||ACK|L1|P|2.3||||||ASCII", "7\xe4"},
    {"a delimiter twice", "MSH|^^\\&|A|F|R|RF|t||ORU^R01|7|P|2.4\r",
     "MSH|^~\\&|R|RF|A|F|||ACK|L1|P|2.5.1", "7"},
    {"after a mark", "\xef\xbb\xbfMSH|^~\\&|A|F|R|RF|t||ORU|7|P|2.3\r\xff",
     "MSH|^~\\&|R|RF|A|F|||ACK|L1|P|2.3", "7"},
    {"cut by FS", "MSH|^~\\&|A|F|R|RF|t||ORU|7\x1c|P", "MSH|^~\\&|R|RF|A|F|||ACK|L1", "7"},
};

TEST(Ack, OfUnreadableBytesEchoesWhatCanBeRead) {
    for (const UnreadableRow& row : kUnreadableRows) {
        SCOPED_TRACE(row.name);
        AckContent made = content(AckCode::ar);
        made.errors = {finding(Code::msh_missing, Severity::refuse, "")};
        std::string ack = build_ack_of_unreadable(row.bytes, made);
        const std::size_t time = ack.find("20260301080000+0000");
        ASSERT_NE(time, std::string::npos);
        ack.erase(time, 19);
        EXPECT_EQ(ack.substr(0, ack.find('\r')), row.header);
        const std::string msa = "\rMSA|AR" +
                                (row.control_id.empty() ? "" : "|" + std::string(row.control_id)) +
                                "\rERR|";
        EXPECT_NE(ack.find(msa), std::string::npos) << testing::PrintToString(ack);
    }
}

TEST(Ack, HeaderLineWithoutEndIsNotEchoed) {
    const std::string bytes = "MSH|^~\\&|A|F|R|RF|t||ORU|" + std::string(5000, '7');
    const std::string ack = build_ack_of_unreadable(bytes, content(AckCode::ar));
    EXPECT_NE(ack.find("\rMSA|AR\r"), std::string::npos);
}

TEST(Ack, CodesHaveTheirNames) {
    for (const AckCode code : {AckCode::aa, AckCode::ae, AckCode::ar}) {
        EXPECT_EQ(ack_code_from(to_string(code)), code);
    }
    EXPECT_EQ(ack_code_from("XX"), std::nullopt);
    EXPECT_EQ(ack_code_from(""), std::nullopt);
}

}  // namespace
}  // namespace labrelay::hl7
