#include "labrelay/hl7/charset.hpp"

#include <gtest/gtest.h>

#include <random>

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
    {"8859/15", std::nullopt},
    {"8859/11", std::nullopt},
    {"BIG-5", std::nullopt},
    {"UNICODE UTF-16", std::nullopt},
    {"?", std::nullopt},
};

TEST(Charset, KnowsTheNamesThatSendersWrite) {
    for (const NameRow& row : kNames) {
        EXPECT_EQ(charset_from_name(row.name), row.charset) << row.name;
    }
    for (const Charset charset :
         {Charset::ascii, Charset::iso_8859_1, Charset::utf_8, Charset::gb_18030}) {
        EXPECT_EQ(charset_from_name(hl7_name(charset)), charset);
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

TEST(Charset, RefusesAtTheFirstBadByteAndReplacesNothing) {
    const std::size_t name_at = message_with("").find("|x\r");
    const std::size_t value_at = message_with("").find("1\r");
    const auto shifted = [&](std::string_view name) { return value_at + name.size(); };
    const RefusalRow rows[] = {
        {"unknown name", message_with("BIG-5"), Charset::utf_8, Code::charset_unknown, "MSH-18",
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
