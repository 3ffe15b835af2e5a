#include "labrelay/hl7/charset.hpp"

#include <gtest/gtest.h>

#include <random>

#include "labrelay/hl7/ack.hpp"
#include "labrelay/hl7/message.hpp"

namespace labrelay::hl7 {
namespace {

using namespace std::string_view_literals;

/// MSH with this MSH-18, MSH-4 and one OBX with this value.
std::string message_with(std::string_view msh18, std::string_view value = "1",
                         std::string_view facility = "LAB") {
    std::string bytes = "MSH|^~\\&|APP|";
    bytes += facility;
    bytes += "|||||ORU^R01|1|P|2.5.1||||||";
    bytes += msh18;
    bytes += "|x\rOBX|1|ST|C||";
    bytes += value;
    bytes += "\r";
    return bytes;
}

// 中文 in GB 18030; the second is 亅 (U+4E85), whose last byte is the field separator 0x7C.
constexpr std::string_view kZhongwenGb = "\xd6\xd0\xce\xc4";
constexpr std::string_view kZhongwenUtf8 = "\xe4\xb8\xad\xe6\x96\x87";
constexpr std::string_view kBarGb = "\x81\x7c";

struct NameRow {
    std::string_view name;
    std::optional<Charset> charset;
};

const NameRow kNames[] = {
    {"ASCII", Charset::ascii},
    {"US-ASCII", Charset::ascii},
    {"ISO IR6", Charset::ascii},
    {"8859/1", Charset::iso_8859_1},
    {"ISO-8859-1", Charset::iso_8859_1},
    {"8859-1", Charset::iso_8859_1},
    {"iso8859/1", Charset::iso_8859_1},
    {" 8859 / 1 ", Charset::iso_8859_1},
    {"UNICODE UTF-8", Charset::utf_8},
    {"UTF-8", Charset::utf_8},
    {"utf8", Charset::utf_8},
    {"UNICODE", Charset::utf_8},
    {"GB 18030-2000", Charset::gb_18030},
    {"GB18030", Charset::gb_18030},
    {"gb-18030", Charset::gb_18030},
    {"GBK", Charset::gb_18030},
    {"GB2312", Charset::gb_18030},
    {"", std::nullopt},
    {"8859/2", Charset::iso_8859_2},
    {"ISO8859-5", Charset::iso_8859_5},
    {"ISO_IR 100", Charset::iso_8859_1},
    {"ISO_IR 192", Charset::utf_8},
    {"8859/15", Charset::iso_8859_15},
    {"Windows-1252", Charset::windows_1252},
    {"ISO IR14", Charset::jis_x_0201},
    {"ISO IR87", Charset::iso_2022_jp},
    {"ISO IR159", Charset::iso_2022_jp},
    {"KS X 1001", Charset::ks_x_1001},
    {"euc-kr", Charset::ks_x_1001},
    {"CNS 11643-1992", Charset::cns_11643},
    {"BIG-5", Charset::big_5},
    {"Big5", Charset::big_5},
    {"Shift_JIS", Charset::shift_jis},
    {"8859/11", std::nullopt},
    {"UNICODE UTF-16", std::nullopt},
    {"?", std::nullopt},
};

TEST(Charset, P27_KnowsTheNamesThatSendersWrite) {
    for (const NameRow& row : kNames) {
        EXPECT_EQ(charset_from_name(row.name), row.charset) << row.name;
    }
    for (std::size_t number = 0; number < kCharsetCount; ++number) {
        const auto charset = static_cast<Charset>(number);
        if (charset != Charset::iso_2022_jp_kana) {  // needs two repetitions
            EXPECT_EQ(charset_from_name(hl7_name(charset)), charset) << number;
        }
    }
}

struct DecodeRow {
    std::string_view name;
    std::string bytes;
    Charset fallback;
    Charset charset;
    bool declared;
    std::string_view contains;
};

TEST(Charset, DecodesByMsh18OrTheFallback) {
    const DecodeRow rows[] = {
        {"declared UTF-8", message_with("UNICODE UTF-8", kZhongwenUtf8), Charset::ascii,
         Charset::utf_8, true, kZhongwenUtf8},
        {"declared GB 18030", message_with("GB 18030-2000", kZhongwenGb), Charset::ascii,
         Charset::gb_18030, true, kZhongwenUtf8},
        {"declared 8859/1", message_with("8859/1", "\xb5g"), Charset::ascii, Charset::iso_8859_1,
         true, "\xc2\xb5g"},
        {"declared ASCII", message_with("ASCII", "5"), Charset::utf_8, Charset::ascii, true, "|5"},
        {"the first repetition decides", message_with("8859/1~BIG-5", "\xb5g"), Charset::utf_8,
         Charset::iso_8859_1, true, "\xc2\xb5g"},
        {"nothing declared", message_with("", kZhongwenGb), Charset::gb_18030, Charset::gb_18030,
         false, kZhongwenUtf8},
        {"null declared", message_with("\"\"", kZhongwenUtf8), Charset::utf_8, Charset::utf_8,
         false, kZhongwenUtf8},
        {"short header", "MSH|^~\\&|A\rPID|\xb5\r", Charset::iso_8859_1, Charset::iso_8859_1, false,
         "\xc2\xb5"},
        {"mark", "\xef\xbb\xbf" + message_with("ASCII", kZhongwenUtf8), Charset::ascii,
         Charset::utf_8, true, kZhongwenUtf8},
        {"own delimiters", "MSH;:*!+;A;B;;;;;;;;;;;;;;GB18030*ASCII;\rPID;\xd6\xd0\r",
         Charset::ascii, Charset::gb_18030, true, "\xe4\xb8\xad"},
        {"separator inside a character of MSH",
         message_with("GB 18030-2000", "1", std::string(kBarGb) + "Lab"), Charset::ascii,
         Charset::gb_18030, true, "\xe4\xba\x85Lab"},
        {"separator inside a character of MSH, by fallback",
         message_with("", "1", std::string(kBarGb) + "Lab"), Charset::gb_18030, Charset::gb_18030,
         false, "\xe4\xba\x85Lab"},
        {"UTF-8 in MSH", message_with("UTF-8", "1", kZhongwenUtf8), Charset::ascii, Charset::utf_8,
         true, kZhongwenUtf8},
        {"a GB 18030 character of four bytes", message_with("GB18030", "\x81\x30\x81\x30"),
         Charset::ascii, Charset::gb_18030, true, "\xc2\x80"},
    };
    for (const DecodeRow& row : rows) {
        SCOPED_TRACE(row.name);
        const Result<Decoded> decoded = decode_message(row.bytes, row.fallback);
        ASSERT_TRUE(decoded) << describe(decoded.error());
        EXPECT_EQ(decoded->charset, row.charset);
        EXPECT_EQ(decoded->declared, row.declared);
        EXPECT_EQ(decoded->text.substr(0, 3), "MSH");
        EXPECT_NE(decoded->text.find(row.contains), std::string::npos);
        EXPECT_FALSE(first_invalid_utf8(decoded->text));
    }
}

struct RefusalRow {
    std::string_view name;
    std::string bytes;
    Charset fallback;
    Code code;
    std::string_view place;
    std::size_t at;
};

TEST(Charset, P28_RefusesAtTheFirstBadByteAndReplacesNothing) {
    const std::size_t name_at = message_with("").find("|x\r");
    const std::size_t value_at = message_with("").find("1\r");
    const auto shifted = [&](std::string_view name) { return value_at + name.size(); };
    const RefusalRow rows[] = {
        {"unknown name", message_with("8859/11"), Charset::utf_8, Code::charset_unknown, "MSH-18",
         name_at},
        {"UTF-16 declared", message_with("UNICODE UTF-16"), Charset::utf_8,
         Code::charset_not_on_mllp, "MSH-18", name_at},
        {"UTF-16 with mark", std::string("\xfe\xff\0M\0S"sv), Charset::utf_8,
         Code::charset_not_on_mllp, "", 0},
        {"UTF-16 without mark", std::string("M\0S\0H\0"sv), Charset::utf_8,
         Code::charset_not_on_mllp, "", 0},
        {"ASCII with a high byte", message_with("ASCII", "1\xb5"), Charset::utf_8,
         Code::charset_invalid_bytes, "OBX-5", shifted("ASCII") + 1},
        {"bad UTF-8", message_with("UTF-8", "12\xc3("), Charset::ascii, Code::charset_invalid_bytes,
         "OBX-5", shifted("UTF-8") + 2},
        {"cut UTF-8", message_with("UTF-8", "12\xe4\xb8"), Charset::ascii,
         Code::charset_invalid_bytes, "OBX-5", shifted("UTF-8") + 2},
        {"bad GB 18030", message_with("GBK", std::string(kZhongwenGb) + "\xff"), Charset::ascii,
         Code::charset_invalid_bytes, "OBX-5", shifted("GBK") + 4},
        {"cut GB 18030", "MSH|^~\\&|A\rPID|1\rPID|x|\xd6", Charset::gb_18030,
         Code::charset_invalid_bytes, "PID[2]-2", 23},
        {"after a mark", "\xef\xbb\xbfMSH|^~\\&|A\rPID|\xff\r", Charset::ascii,
         Code::charset_invalid_bytes, "PID-1", 18},
        {"bad byte in MSH", "MSH|^~\\&|A|\xff\r", Charset::utf_8, Code::charset_invalid_bytes,
         "MSH-4", 11},
        {"in a line that is no segment", "MSH|^~\\&|A\rAnn|\xff\r", Charset::utf_8,
         Code::charset_invalid_bytes, "", 15},
        {"FS in the middle",
         message_with("UTF-8",
                      "1\x1c"
                      "2"),
         Charset::ascii, Code::charset_invalid_bytes, "OBX-5", shifted("UTF-8") + 1},
        {"VT in the middle", "MSH|^~\\&|A\rPID|\x0b\r", Charset::utf_8, Code::charset_invalid_bytes,
         "PID-1", 15},
        {"no message at all", "\xff\xff", Charset::utf_8, Code::msh_missing, "", 0},
    };
    for (const RefusalRow& row : rows) {
        SCOPED_TRACE(row.name);
        const Result<Decoded> decoded = decode_message(row.bytes, row.fallback);
        ASSERT_FALSE(decoded);
        EXPECT_EQ(key(decoded.error().code), key(row.code));
        EXPECT_EQ(decoded.error().place.text, row.place);
        EXPECT_EQ(decoded.error().place.offset, row.at);
    }
}

TEST(Charset, EncodesOnlyWhatExists) {
    EXPECT_EQ(encode_text(kZhongwenUtf8, Charset::gb_18030), std::string(kZhongwenGb));
    EXPECT_EQ(encode_text("\xc2\xb5g", Charset::iso_8859_1), "\xb5g");
    EXPECT_EQ(encode_text("\xc3\xbf", Charset::iso_8859_1), "\xff");
    EXPECT_EQ(encode_text(kZhongwenUtf8, Charset::iso_8859_1), std::nullopt);
    EXPECT_EQ(encode_text("\xc2\xb5g", Charset::ascii), std::nullopt);
    EXPECT_EQ(encode_text("plain", Charset::ascii), "plain");
    EXPECT_EQ(encode_text(kZhongwenUtf8, Charset::utf_8), std::string(kZhongwenUtf8));
}

TEST(Charset, AllCharactersOfGb18030ComeBack) {
    std::string bytes;
    for (unsigned lead = 0x81; lead <= 0xFE; ++lead) {
        for (unsigned trail = 0x40; trail <= 0xFE; ++trail) {
            if (trail == 0x7F) {
                continue;
            }
            const std::string pair{static_cast<char>(lead), static_cast<char>(trail)};
            if (const std::optional<std::string> text = decode_text(pair, Charset::gb_18030)) {
                EXPECT_EQ(encode_text(*text, Charset::gb_18030), pair);
                bytes += pair;
            }
        }
    }
    EXPECT_GT(bytes.size(), 2U * 23'000);
    const std::optional<std::string> text = decode_text(bytes, Charset::gb_18030);
    ASSERT_TRUE(text);
    EXPECT_EQ(encode_text(*text, Charset::gb_18030), bytes);
}

/// `b35c` as bytes; what stands between `'` as it is.
std::string bytes_of(std::string_view text) {
    std::string bytes;
    bool literal = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\'') {
            literal = !literal;
        } else if (literal) {
            bytes += text[i];
        } else {
            bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
            ++i;
        }
    }
    return bytes;
}

/// A text of each character set; where the second byte of a character can be `\`, `|` or `^`, there
/// is one with each. `bad`: bytes that are not valid, the first of them at `bad_at`.
struct TableRow {
    std::string_view msh18;
    Charset charset;
    std::string_view bytes;
    std::string_view text;
    std::string_view bad;
    std::size_t bad_at;
};

const TableRow kTable[] = {
    {"ASCII", Charset::ascii, "'Lab'", "Lab", "'a'b5", 1},
    {"ISO IR6", Charset::ascii, "'Lab'", "Lab", "80", 0},
    {"8859/1", Charset::iso_8859_1, "b5e9", "µé", "'a'1b'(B'", 1},
    {"8859/2", Charset::iso_8859_2, "a3f3'd'bc", "Łódź", "1b'$B'", 0},
    {"8859/3", Charset::iso_8859_3, "a1'al'", "Ħal", "'ab'a5", 2},
    {"8859/4", Charset::iso_8859_4, "a9'ia'", "Šia", "1b'(B'", 0},
    {"8859/5", Charset::iso_8859_5, "dae0ded2ec", "кровь", "1b'(B'", 0},
    {"8859/6", Charset::iso_8859_6, "cfe5", "دم", "'a'a1", 1},
    {"8859/7", Charset::iso_8859_7, "e1dfece1", "αίμα", "'x'd2", 1},
    {"8859/8", Charset::iso_8859_8, "e3ed", "דם", "'xy'a1", 2},
    {"8859/9", Charset::iso_8859_9, "dd'stanbul'", "İstanbul", "1b'(B'", 0},
    {"8859/15", Charset::iso_8859_15, "a4bc", "€Œ", "1b'(B'", 0},
    {"WINDOWS-1252", Charset::windows_1252, "80b5", "€µ", "'a'81", 1},
    {"UNICODE UTF-8", Charset::utf_8, "e4b8ad", "中", "'ab'c3'('", 2},
    {"GB 18030-2000", Charset::gb_18030, "815c817c815ed6d0", "乗亅乛中", "d6d0'a'ff", 3},
    {"BIG-5", Charset::big_5, "a45cca7ca45ea4e5", "么吜乞文", "a4e5ff", 2},
    {"CNS 11643-1992", Charset::cns_11643, "c4a1c4a2", "一乙", "'a'ff", 1},
    {"KS X 1001", Charset::ks_x_1001, "b0cbc3bc", "검체", "b0cbff", 2},
    {"SHIFT_JIS", Charset::shift_jis, "975c937c975eb1", "予倒与ｱ", "975c'a'fd", 3},
    {"ISO IR14", Charset::jis_x_0201, "b1b2'ABC'", "ｱｲABC", "b1'a'e0", 2},
    {"ISO IR87", Charset::iso_2022_jp, "1b'$BP\\K|8^'1b'(B'", "俑万五", "1b'$BP\\'1b'-A'", 5},
    {"ASCII~ISO IR87~ISO IR159", Charset::iso_2022_jp, "1b'$(D0!'1b'$BI='1b'(B'", "丂表", "'a'b1",
     1},
    {"~ISO IR87", Charset::iso_2022_jp, "1b'$B5~P&'1b'(B'", "京丶", "'a'1b'.A'", 1},
    {"ISO IR14~ISO IR87", Charset::iso_2022_jp_kana, "b1b21b'$BK|'1b'(B'b3", "ｱｲ万ｳ", "'a'e0", 1},
};

TEST(Charset, P27_TheWholeTableDecodesAndTheAnswerCarriesItBack) {
    for (const TableRow& row : kTable) {
        SCOPED_TRACE(row.msh18);
        const std::string bytes = bytes_of(row.bytes);
        const std::string message = message_with(row.msh18, bytes, bytes);
        const Result<Decoded> decoded = decode_message(message, Charset::utf_8);
        ASSERT_TRUE(decoded) << describe(decoded.error());
        EXPECT_EQ(decoded->charset, row.charset);
        EXPECT_TRUE(decoded->declared);
        const Result<Message> parsed = Message::parse(decoded->text);
        ASSERT_TRUE(parsed);
        EXPECT_EQ(parsed->header().field(4).raw(), row.text);
        EXPECT_EQ(parsed->find("OBX")->field(5).raw(), row.text);

        AckContent content;
        content.ack_id = "A1";
        const std::string ack = build_ack(*parsed, decoded->charset, content);
        EXPECT_NE(ack.find("|APP|" + bytes + "|"), std::string::npos) << ack;
        EXPECT_NE(ack.find("|" + std::string(row.msh18) + "\rMSA|"), std::string::npos) << ack;
    }
}

TEST(Charset, P28_TheFirstBadByteOfEachCharacterSet) {
    for (const TableRow& row : kTable) {
        SCOPED_TRACE(row.msh18);
        const std::string message = message_with(row.msh18, bytes_of(row.bad));
        const std::size_t value_at = message_with(row.msh18).size() - 2;
        const Result<Decoded> decoded = decode_message(message, Charset::utf_8);
        ASSERT_FALSE(decoded);
        EXPECT_EQ(key(decoded.error().code), key(Code::charset_invalid_bytes));
        EXPECT_EQ(decoded.error().place.offset, value_at + row.bad_at);
        EXPECT_EQ(decoded.error().place.text, "OBX-5");
    }
}

TEST(Charset, P26_AnUndeclaredEscapeSequenceIsNotReadAsText) {
    const std::string value = bytes_of("1b'$BK|'1b'(B'");
    for (const std::string_view msh18 : {"8859/1", "UTF-8", "ISO IR14", "", "8859/1~ISO IR87"}) {
        const Result<Decoded> decoded = decode_message(message_with(msh18, value), Charset::ascii);
        ASSERT_FALSE(decoded) << msh18;
        EXPECT_EQ(decoded.error().code, Code::charset_invalid_bytes) << msh18;
    }
    EXPECT_TRUE(decode_message(message_with("UTF-8", "\x1b[0m"), Charset::ascii));
}

TEST(Charset, P26_ABackslashStaysOneInJapaneseSets) {
    for (const std::string_view msh18 :
         {"ISO IR14", "SHIFT_JIS", "ISO IR14~ISO IR87", "ASCII~ISO IR87"}) {
        const Result<Decoded> decoded =
            decode_message(message_with(msh18, "\\T\\~", "\xb1"), Charset::ascii);
        if (msh18 == "ASCII~ISO IR87") {
            ASSERT_FALSE(decoded);  // no katakana beside ASCII
            continue;
        }
        ASSERT_TRUE(decoded) << msh18;
        EXPECT_NE(decoded->text.find("|\\T\\~"), std::string::npos) << msh18;
    }
    const std::string roman = bytes_of("1b'$BK|'1b'(J~\\T\\'");
    const Result<Decoded> decoded =
        decode_message(message_with("ISO IR14~ISO IR87", roman), Charset::ascii);
    ASSERT_TRUE(decoded);
    EXPECT_NE(decoded->text.find("万~\\T\\"), std::string::npos);
}

TEST(Charset, P26_SeparatorsInsideCharactersOfTheHeaderDoNotMoveMsh18) {
    struct Row {
        std::string_view msh18, facility, text;
        Charset undeclared;
    };
    const Row rows[] = {{"BIG-5", "ca7c", "吜", Charset::utf_8},
                        {"", "ca7c", "吜", Charset::big_5},
                        {"SHIFT_JIS", "937cb1", "倒ｱ", Charset::utf_8},
                        {"", "937c", "倒", Charset::shift_jis},
                        {"~ISO IR87", "1b'$BK|'1b'(B'", "万", Charset::utf_8},
                        {"", "1b'$BK|'1b'(B'", "万", Charset::iso_2022_jp}};
    for (const Row& row : rows) {
        const Result<Decoded> decoded =
            decode_message(message_with(row.msh18, "1", bytes_of(row.facility)), row.undeclared);
        ASSERT_TRUE(decoded) << row.msh18 << describe(decoded.error());
        EXPECT_NE(decoded->text.find("|" + std::string(row.text) + "|"), std::string::npos)
            << row.msh18;
    }
}

TEST(Charset, P27_TheFallbackHoldsWhereTheDefaultDoesNotDecode) {
    const CharsetDefault undeclared(Charset::utf_8, Charset::windows_1252);
    const auto first = decode_message(message_with("", kZhongwenUtf8), undeclared);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->charset, Charset::utf_8);
    EXPECT_FALSE(first->fell_back);
    const auto second = decode_message(message_with("", "\xb5g"), undeclared);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->charset, Charset::windows_1252);
    EXPECT_TRUE(second->fell_back);
    EXPECT_NE(second->text.find("µg"), std::string::npos);
    // Declared is declared.
    EXPECT_FALSE(decode_message(message_with("UTF-8", "\xb5g"), undeclared));
    // Valid in neither: the default's error stands.
    const auto neither = decode_message(message_with("", "1\x81"), undeclared);
    ASSERT_FALSE(neither);
    EXPECT_EQ(neither.error().detail, "UNICODE UTF-8");
}

TEST(Charset, P18_AMarkMeansUtf8AndAWideOneIsRefused) {
    const std::string marked = "\xef\xbb\xbf" + message_with("8859/1", kZhongwenUtf8);
    const Result<Decoded> decoded = decode_message(marked, Charset::gb_18030);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->charset, Charset::utf_8);
    EXPECT_EQ(decoded->text.substr(0, 4), "MSH|");
    for (const std::string_view wide : {"\xfe\xff\0M"sv, "\xff\xfeM\0"sv}) {
        EXPECT_EQ(decode_message(wide, Charset::utf_8).error().code, Code::charset_not_on_mllp);
    }
}

TEST(Charset, P25_OtherSetsEscapesStayAsTheyAre) {
    const Result<Decoded> decoded =
        decode_message(message_with("ISO IR14~ISO IR87", "\\M2442\\\\C2842\\"), Charset::ascii);
    ASSERT_TRUE(decoded);
    EXPECT_NE(decoded->text.find("\\M2442\\\\C2842\\"), std::string::npos);
}

struct FallbackRow {
    Charset charset;
    Charset fallback;
    bool can_help;
};

constexpr FallbackRow kFallbackRows[] = {
    {Charset::utf_8, Charset::windows_1252, true},
    {Charset::utf_8, Charset::iso_8859_1, true},
    {Charset::utf_8, Charset::gb_18030, true},
    {Charset::utf_8, Charset::ascii, false},
    {Charset::utf_8, Charset::utf_8, false},
    {Charset::ascii, Charset::utf_8, true},
    {Charset::ascii, Charset::iso_2022_jp, true},
    {Charset::gb_18030, Charset::utf_8, true},  // three bytes are one and a half of its own
    {Charset::gb_18030, Charset::ascii, false},
    {Charset::big_5, Charset::gb_18030, true},
    {Charset::iso_8859_1, Charset::utf_8, false},  // takes every byte
    {Charset::iso_8859_1, Charset::windows_1252, false},
    {Charset::iso_8859_1, Charset::iso_2022_jp, true},   // but no escape sequence
    {Charset::windows_1252, Charset::iso_8859_1, true},  // five bytes are nothing in it
    {Charset::iso_8859_8, Charset::iso_8859_1, true},
    {Charset::iso_2022_jp, Charset::shift_jis, true},
    {Charset::iso_2022_jp, Charset::ascii, false},
};

TEST(Charset, AFallbackThatTakesNothingMoreCanNeverHelp) {
    for (const FallbackRow& row : kFallbackRows) {
        EXPECT_EQ(fallback_can_help({row.charset, row.fallback}), row.can_help)
            << hl7_name(row.charset) << " then " << hl7_name(row.fallback);
    }
    EXPECT_FALSE(fallback_can_help(Charset::utf_8));
}

struct Utf8Row {
    std::string_view bytes;
    std::optional<std::size_t> bad;
};

const Utf8Row kUtf8Rows[] = {
    {"", std::nullopt},
    {"a\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
     std::nullopt},
    {"a\x80", 1},
    {"ab\xc0\x80", 2},  // overlong
    {"\xc1\xbf", 0},
    {"\xe0\x9f\xbf", 0},
    {"\xed\xa0\x80", 0},  // surrogate
    {"\xf0\x8f\xbf\xbf", 0},
    {"\xf4\x90\x80\x80", 0},  // past U+10FFFF
    {"\xf5\x80\x80\x80", 0},
    {"0123456789abcdef0123456789abcdef\xe4\xb8", 32},
    {"0123456789abcdef0\xe4\xb8\xad\xff", 20},
};

TEST(Charset, ValidatesUtf8Strictly) {
    for (const Utf8Row& row : kUtf8Rows) {
        EXPECT_EQ(first_invalid_utf8(row.bytes), row.bad) << testing::PrintToString(row.bytes);
    }
}

}  // namespace
}  // namespace labrelay::hl7
