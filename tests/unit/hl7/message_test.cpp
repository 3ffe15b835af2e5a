#include "labrelay/hl7/message.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <type_traits>
#include <utility>

#include "hl7_text.hpp"

namespace labrelay::hl7 {
namespace {

using namespace std::string_view_literals;

// A message cannot be copied, and what hands out views cannot be called on a temporary one: the
// views would dangle at once.
static_assert(!std::is_copy_constructible_v<Message> && !std::is_copy_assignable_v<Message>);
static_assert(std::is_nothrow_move_constructible_v<Message>);
template <class M>
concept HandsOutSegments = requires(M&& message) {
    std::forward<M>(message).segment(1);
};
template <class M>
concept HandsOutText = requires(M&& message) {
    std::forward<M>(message).text();
};
template <class M>
concept HandsOutHeader = requires(M&& message) {
    std::forward<M>(message).header();
};
template <class M>
concept HandsOutFind = requires(M&& message) {
    std::forward<M>(message).find("OBX");
};
static_assert(HandsOutSegments<const Message&> && !HandsOutSegments<Message&&>);
static_assert(HandsOutText<const Message&> && !HandsOutText<Message&&>);
static_assert(HandsOutHeader<const Message&> && !HandsOutHeader<Message&&>);
static_assert(HandsOutFind<const Message&> && !HandsOutFind<Message&&>);
// parse() takes the text over; a view of someone else's bytes does not convert.
static_assert(!std::is_invocable_v<decltype(&Message::parse), std::string_view, ParseOptions>);

struct Refusal {
    std::string_view name;
    std::string_view text;
    Code code;
    std::size_t at;
};

constexpr Refusal kRefusals[] = {
    {"empty", "", Code::message_empty, 0},
    {"blank", " \r\n\0 "sv, Code::message_empty, 0},
    {"no MSH", "PID|1\r", Code::msh_missing, 0},
    {"one byte", "M", Code::msh_missing, 0},
    {"two bytes", "MS", Code::msh_missing, 0},
    {"lower case MSH", "msh|^~\\&|", Code::msh_missing, 0},
    {"blank before MSH", " MSH|^~\\&|", Code::msh_missing, 0},
    {"batch", "BHS|^~\\&|\rMSH|^~\\&|", Code::msh_missing, 0},
    {"file", "FHS|^~\\&|", Code::msh_missing, 0},
    {"MSH alone", "MSH", Code::delimiters_bad, 3},
    {"letter as separator", "MSHX^~\\&X", Code::delimiters_bad, 3},
    {"control character as separator", "MSH\x01^~\\&\x01", Code::delimiters_bad, 3},
    {"quotation mark as separator", "MSH\"^~\\&\"", Code::delimiters_bad, 3},
    {"no encoding characters", "MSH||A", Code::delimiters_bad, 4},
    {"MSH-2 cut off", "MSH|", Code::delimiters_bad, 4},
    {"delimiter twice", "MSH|^~^&|", Code::delimiters_bad, 6},
    {"letter as delimiter", "MSH|^~\\A|", Code::delimiters_bad, 7},
    {"byte of a character as delimiter", "MSH|^\xc2\xa6|", Code::delimiters_bad, 5},
    {"six encoding characters", "MSH|^~\\&#!|", Code::delimiters_bad, 9},
    {"second MSH", "MSH|^~\\&|A\rPID|1\rMSH|^~\\&|B\r", Code::msh_repeated, 17},
    {"second MSH with another separator", "MSH|^~\\&|A\rMSH!^~\\&!B\r", Code::msh_repeated, 11},
    {"lower case name", "MSH|^~\\&|A\rpid|1\r", Code::segment_id_bad, 11},
    {"name in blanks", "MSH|^~\\&|A\r PID|1\r", Code::segment_id_bad, 11},
    {"short line", "MSH|^~\\&|A\rPI\r", Code::segment_id_bad, 11},
    {"name of four", "MSH|^~\\&|A\rOBXX|1\r", Code::segment_id_bad, 11},
    {"digit first", "MSH|^~\\&|A\r1BX|1\r", Code::segment_id_bad, 11},
    {"text broken by CR", "MSH|^~\\&|A\rOBX|1|TX|||one\rtwo\r", Code::segment_id_bad, 26},
    {"text broken by LF where LF ends", "MSH|^~\\&|A\nOBX|1|TX|||one\ntwo\n", Code::segment_id_bad,
     26},
};

TEST(Message, P19_P22_P29_RefusesWhatIsNoMessageAtItsPlace) {
    for (const Refusal& row : kRefusals) {
        SCOPED_TRACE(row.name);
        const Result<Message> message = Message::parse(std::string(row.text));
        ASSERT_FALSE(message);
        EXPECT_EQ(key(message.error().code), key(row.code));
        EXPECT_EQ(message.error().place.offset, row.at);
    }
}

TEST(Message, RefusesTooManySegmentsAtTheFirstTooMany) {
    const std::string text = text_of({"MSH|^~\\&|A", "PID|1", "OBR|1"});
    EXPECT_TRUE(Message::parse(text, {3}));
    const Result<Message> message = Message::parse(text, {2});
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().code, Code::too_many_segments);
    EXPECT_EQ(message.error().place.offset, 17U);
}

struct DelimiterRow {
    std::string_view text;
    Delimiters delimiters;
};

constexpr DelimiterRow kDelimiterRows[] = {
    {"MSH|^~\\&|", {'|', '^', '~', '\\', '&', 0}}, {"MSH|^~\\&#|", {'|', '^', '~', '\\', '&', '#'}},
    {"MSH:;~\\&:", {':', ';', '~', '\\', '&', 0}}, {"MSH|^|", {'|', '^', 0, 0, 0, 0}},
    {"MSH|^~", {'|', '^', '~', 0, 0, 0}},          {"MSH$%*!@\r", {'$', '%', '*', '!', '@', 0}},
};

TEST(Message, P19_P20_TakesDelimitersFromTheHeader) {
    for (const DelimiterRow& row : kDelimiterRows) {
        SCOPED_TRACE(row.text);
        const Message message = parsed(std::string(row.text));
        EXPECT_EQ(message.delimiters(), row.delimiters);
        EXPECT_EQ(message.header().field(1).raw(), row.text.substr(3, 1));
    }
}

TEST(Message, P21_NumbersTheHeaderAsHl7Does) {
    const Message message = parsed("MSH|^~\\&|APP^1&2|FAC~X|\rPID|1\r");
    const Segment msh = message.header();
    EXPECT_EQ(msh.field_count(), 5U);
    EXPECT_EQ(msh.field(1).text(), "|");
    EXPECT_EQ(msh.field(2).text(), "^~\\&");
    EXPECT_EQ(msh.field(2).repetition_count(), 1U);
    EXPECT_EQ(msh.field(2).component(1).raw(), "^~\\&");
    EXPECT_EQ(msh.field(2).component(2).presence(), Presence::absent);
    EXPECT_EQ(msh.field(3).component(2).subcomponent(2).text(), "2");
    EXPECT_EQ(msh.field(4).repetition(2).text(), "X");
    EXPECT_EQ(msh.field(5).presence(), Presence::empty);
    EXPECT_EQ(msh.field(6).presence(), Presence::absent);
    EXPECT_EQ(msh.field(0).presence(), Presence::absent);
}

TEST(Message, P21_NumbersBatchHeadersInsideLikeTheHeader) {
    const Message message = parsed("MSH|^~\\&|A\rBHS|^~\\&|X\rFHS\r");
    EXPECT_EQ(message.segment(2).field(1).raw(), "|");
    EXPECT_EQ(message.segment(2).field(2).raw(), "^~\\&");
    EXPECT_EQ(message.segment(2).field(3).raw(), "X");
    EXPECT_EQ(message.segment(3).field_count(), 0U);
}

TEST(Element, P23_KeepsAbsentEmptyNullAndValueApartAtEveryLevel) {
    const Message message =
        parsed("MSH|^~\\&|A\rPID|v||\"\"|^^|\"\"^^|a^\"\"^^d&\"\"&f|\"\"^x|~~\r");
    const Segment pid = message.segment(2);
    EXPECT_EQ(pid.field(1).presence(), Presence::value);
    EXPECT_EQ(pid.field(2).presence(), Presence::empty);
    EXPECT_EQ(pid.field(2).offset(), 17U);
    EXPECT_EQ(pid.field(3).presence(), Presence::null);
    EXPECT_EQ(pid.field(3).component(1).presence(), Presence::null);
    EXPECT_EQ(pid.field(3).text(), "");
    EXPECT_EQ(pid.field(3).text_with_delimiters(), "");
    EXPECT_EQ(pid.field(4).presence(), Presence::empty);
    EXPECT_EQ(pid.field(5).presence(), Presence::null);
    const Element mixed = pid.field(6);
    EXPECT_EQ(mixed.presence(), Presence::value);
    EXPECT_EQ(mixed.component(2).presence(), Presence::null);
    EXPECT_EQ(mixed.component(3).presence(), Presence::empty);
    EXPECT_EQ(mixed.component(4).subcomponent(2).presence(), Presence::null);
    EXPECT_EQ(mixed.component(4).subcomponent(4).presence(), Presence::absent);
    EXPECT_EQ(mixed.component(5).presence(), Presence::absent);
    EXPECT_EQ(pid.field(7).presence(), Presence::value);
    EXPECT_EQ(pid.field(8).presence(), Presence::empty);
    EXPECT_EQ(pid.field(8).repetition_count(), 3U);
    EXPECT_EQ(pid.field(9).presence(), Presence::absent);
    EXPECT_EQ(pid.field(9).offset(), Place::kNoOffset);
}

TEST(Element, P24_EmptyRepetitionsKeepTheirPosition) {
    const Message message = parsed("MSH|^~\\&|A\rPID|a~~c^2&3\r");
    const Element field = message.segment(2).field(1);
    EXPECT_EQ(field.repetition_count(), 3U);
    EXPECT_EQ(field.repetition(2).presence(), Presence::empty);
    EXPECT_EQ(field.repetition(3).component(2).subcomponent(2).text(), "3");
    EXPECT_EQ(field.repetition(4).presence(), Presence::absent);
    EXPECT_EQ(field.repetition(0).presence(), Presence::absent);
    const std::vector<Element> repetitions = field.repetitions();
    ASSERT_EQ(repetitions.size(), 3U);
    EXPECT_EQ(repetitions[2].offset(), field.repetition(3).offset());
    EXPECT_EQ(repetitions[2].component_count(), 2U);
    EXPECT_EQ(repetitions[2].component(2).subcomponents().size(), 2U);
}

TEST(Element, ALevelWithoutDelimiterIsItsOwnOnlyPiece) {
    const Message message = parsed("MSH|^|A\rPID|a~b&c\\F\\^d\r");
    const Element field = message.segment(2).field(1);
    EXPECT_EQ(field.repetition_count(), 1U);
    EXPECT_EQ(field.component(1).subcomponent_count(), 1U);
    EXPECT_EQ(field.component(1).text(), "a~b&c\\F\\");
    EXPECT_EQ(field.component(2).text(), "d");
    EXPECT_EQ(field.repetitions().size(), 1U);
}

TEST(Element, TextIsTheFirstLeafDecodedOnce) {
    const Message message = parsed("MSH|^~\\&|A\rOBX|a\\T\\b&c^d~e|10\\S\\6^/L|\\E\\F\\E\\\r");
    const Segment obx = message.segment(2);
    EXPECT_EQ(obx.field(1).text(), "a&b");
    EXPECT_EQ(obx.field(1).text_with_delimiters(), "a&b&c^d~e");
    EXPECT_EQ(obx.field(2).text(), "10^6");
    EXPECT_EQ(obx.field(3).text(), "\\F\\");
    EXPECT_EQ(Element{}.text(), "");
    EXPECT_EQ(Element{}.component(1).presence(), Presence::absent);
    EXPECT_EQ(Element{}.components().size(), 0U);
}

TEST(Element, P20_KnowsATruncatedValue) {
    const Message with = parsed("MSH|^~\\&#|A\rOBX|long#|short\r");
    EXPECT_TRUE(with.segment(2).field(1).is_truncated());
    EXPECT_FALSE(with.segment(2).field(2).is_truncated());
    EXPECT_FALSE(parsed("MSH|^~\\&|A\rOBX|long#\r").segment_count() != 2);
    const Message without = parsed("MSH|^~\\&|A\rOBX|long#\r");
    EXPECT_FALSE(without.segment(2).field(1).is_truncated());
}

struct LineEndRow {
    std::string_view name;
    std::string_view text;
    LineEnd line_end;
    std::size_t segments;
    std::string_view last;  ///< raw text of the last segment
};

constexpr LineEndRow kLineEndRows[] = {
    {"CR", "MSH|^~\\&|A\rPID|1\rOBX|2\r", LineEnd::cr, 3, "OBX|2"},
    {"LF", "MSH|^~\\&|A\nPID|1\nOBX|2\n", LineEnd::lf, 3, "OBX|2"},
    {"CRLF", "MSH|^~\\&|A\r\nPID|1\r\nOBX|2\r\n", LineEnd::crlf, 3, "OBX|2"},
    {"none at the end", "MSH|^~\\&|A\rPID|1\rOBX|2", LineEnd::cr, 3, "OBX|2"},
    {"MSH only", "MSH|^~\\&|A", LineEnd::none, 1, "MSH|^~\\&|A"},
    {"CR then CRLF", "MSH|^~\\&|A\rPID|1\r\nOBX|2\r", LineEnd::cr, 3, "OBX|2"},
    {"CRLF then CR", "MSH|^~\\&|A\r\nPID|1\rOBX|2\r", LineEnd::crlf, 3, "OBX|2"},
    {"LF then CR and CRLF", "MSH|^~\\&|A\nPID|1\rNTE|1\r\nOBX|2\n", LineEnd::lf, 4, "OBX|2"},
    {"LF in a text where CR ends", "MSH|^~\\&|A\rOBX|a\nb|c\r", LineEnd::cr, 2, "OBX|a\nb|c"},
    {"LF in a text where CRLF ends", "MSH|^~\\&|A\r\nOBX|a\nb\r\n", LineEnd::crlf, 2, "OBX|a\nb"},
    {"blank lines", "MSH|^~\\&|A\r\r\nPID|1\r  \rOBX|2\r\r\r", LineEnd::cr, 3, "OBX|2"},
    {"NUL after a last segment without end", "MSH|^~\\&|A\rOBX|2\0\0"sv, LineEnd::cr, 2, "OBX|2"},
    {"blanks of a last segment without end", "MSH|^~\\&|A\rOBX|2  ", LineEnd::cr, 2, "OBX|2  "},
};

TEST(Message, P16_P17_ReadsEveryLineEndAndGivesTheTextBack) {
    for (const LineEndRow& row : kLineEndRows) {
        SCOPED_TRACE(row.name);
        const Message message = parsed(std::string(row.text));
        EXPECT_EQ(message.line_end(), row.line_end);
        ASSERT_EQ(message.segment_count(), row.segments);
        EXPECT_EQ(message.segment(row.segments).raw(), row.last);
        EXPECT_EQ(message.encode(), row.text);
    }
}

struct FindingRow {
    std::string_view name;
    std::string_view text;
    std::vector<Finding> findings;  ///< code, severity and place count
};

TEST(Message, P16_P17_NotesWhatBreaksTheRulesWithoutRefusing) {
    const auto finding = [](Code code, Severity severity, std::string place, std::size_t at) {
        return Finding{code, severity, {std::move(place), at}, "", ""};
    };
    const FindingRow rows[] = {
        {"nothing", "MSH|^~\\&|A\rPID|1\rOBR|1\rOBX|1\r", {}},
        {"LF in a text",
         "MSH|^~\\&|A\rOBR|1\rOBX|1|TX|a\nb\nc\r",
         {finding(Code::line_break_in_text, Severity::note, "OBX-3", 27)}},
        {"LF that may hide a segment",
         "MSH|^~\\&|A\rOBR|1\rOBX|1\nOBX|2\nOBX|3\r",
         {finding(Code::line_break_in_text, Severity::note, "OBX-1", 22),
          finding(Code::line_break_in_text, Severity::hold, "OBX-1", 22)}},
        {"blank line",
         "MSH|^~\\&|A\r\rPID|1\r",
         {finding(Code::blank_line, Severity::note, "", 11)}},
        {"padding",
         "MSH|^~\\&|A\rPID|1\r \0\0"sv,
         {finding(Code::trailing_bytes, Severity::note, "", 17)}},
        {"padding without a last line end",
         "MSH|^~\\&|A\rPID|1\0\0"sv,
         {finding(Code::trailing_bytes, Severity::note, "", 16)}},
        {"result before any order",
         "MSH|^~\\&|||||||ORU^R01\rOBX|1\rOBR|1\r",
         {finding(Code::segment_unexpected, Severity::warning, "OBX", 23)}},
        {"specimen result before any order", "MSH|^~\\&|||||||OUL^R22\rSPM|1\rOBX|1\rOBR|1\r", {}},
        {"order before its patient",
         "MSH|^~\\&|A\rOBR|1\rPID|1\r",
         {finding(Code::segment_unexpected, Severity::warning, "OBR", 11)}},
        {"continued elsewhere",
         "MSH|^~\\&|A\rPID|1\rDSC|1\r",
         {finding(Code::segment_unexpected, Severity::warning, "DSC", 17)}},
    };
    for (const FindingRow& row : rows) {
        SCOPED_TRACE(row.name);
        const Message message = parsed(std::string(row.text));
        ASSERT_EQ(message.findings().size(), row.findings.size());
        for (std::size_t i = 0; i < row.findings.size(); ++i) {
            EXPECT_EQ(key(message.findings()[i].code), key(row.findings[i].code));
            EXPECT_EQ(message.findings()[i].severity, row.findings[i].severity);
            EXPECT_EQ(message.findings()[i].place, row.findings[i].place);
        }
    }
}

TEST(Message, P25_FindsUnknownEscapesOnDemand) {
    const Message message =
        parsed("MSH|^~\\&|A\rNTE|1||\\Q\\\rNTE|2||good \\F\\|bad \\X4\\|open \\\r");
    EXPECT_TRUE(message.findings().empty());
    const std::vector<Finding> findings = find_unknown_escapes(message);
    ASSERT_EQ(findings.size(), 3U);
    EXPECT_EQ(findings[0].code, Code::escape_unknown);
    EXPECT_EQ(findings[0].place, (Place{"NTE-3", 18}));
    EXPECT_EQ(findings[1].place, (Place{"NTE[2]-4", 42}));
    EXPECT_EQ(findings[2].place, (Place{"NTE[2]-5", 52}));
}

TEST(Message, P25_HexadecimalBytesAreOfTheMessagesCharacterSet) {
    const std::string text = "MSH|^~\\&|A\rNTE|1||\\XD6D0\\\\X0A\\\\XE4B8AD\\\r";
    ParseOptions options;
    options.charset = Charset::gb_18030;
    const Result<Message> gb = Message::parse(text, options);
    ASSERT_TRUE(gb);
    EXPECT_EQ(gb->segment(2).field(3).text(), "\xe4\xb8\xad\n\\XE4B8AD\\");
    EXPECT_EQ(find_unknown_escapes(*gb).size(), 1U) << "an odd byte is left over";
    options.charset = Charset::utf_8;
    const Result<Message> utf8 = Message::parse(text, options);
    ASSERT_TRUE(utf8);
    EXPECT_EQ(utf8->segment(2).field(3).text(), "\\XD6D0\\\n\xe4\xb8\xad");
    options.charset = Charset::ascii;
    EXPECT_EQ(Message::parse(text, options)->segment(2).field(3).text(), "\\XD6D0\\\n\\XE4B8AD\\");
}

TEST(Message, P22_LooseSegmentNamesWhereTheSourceAllowsThem) {
    ParseOptions options;
    options.loose_segment_names = true;
    const Result<Message> message =
        Message::parse("MSH|^~\\&|A\r pid|1|x\robr |1\rObx  |1|NM\rznt\r", options);
    ASSERT_TRUE(message) << describe(message.error());
    ASSERT_EQ(message->segment_count(), 5U);
    EXPECT_EQ(message->find("PID")->field(2).raw(), "x");
    EXPECT_EQ(message->find("OBR")->field(1).raw(), "1");
    EXPECT_EQ(message->find("OBX")->field(2).raw(), "NM");
    EXPECT_EQ(message->find("ZNT")->field_count(), 0U);
    ASSERT_EQ(message->findings().size(), 1U);
    EXPECT_EQ(message->findings()[0].code, Code::segment_name_repaired);
    EXPECT_EQ(message->findings()[0].place, (Place{"PID", 12}));
    for (const std::string_view bad : {"1bx|1", "ob|1", "obxx|1", "o x|1", "obx 1|"}) {
        EXPECT_FALSE(Message::parse("MSH|^~\\&|A\r" + std::string(bad) + "\r", options)) << bad;
    }
}

TEST(Message, P17_ABrokenLineIsJoinedWhereTheSourceAllowsIt) {
    ParseOptions options;
    options.join_broken_lines = true;
    const std::string text = "MSH|^~\\&|A\rOBX|1|TX|||one\rtwo words|||F\rNTE|1\r";
    const Result<Message> message = Message::parse(text, options);
    ASSERT_TRUE(message) << describe(message.error());
    EXPECT_EQ(message->encode(), text);
    EXPECT_EQ(message->segment_count(), 3U);
    EXPECT_EQ(message->segment(2).field(5).text(), "one\rtwo words");
    EXPECT_EQ(message->segment(2).field(8).text(), "F");
    ASSERT_EQ(message->findings().size(), 1U);
    EXPECT_EQ(message->findings()[0].code, Code::line_joined);
    EXPECT_EQ(message->findings()[0].severity, Severity::warning);
    EXPECT_EQ(message->findings()[0].place, (Place{"OBX-5", 26}));
    // What looks like a segment is none of another's text.
    EXPECT_FALSE(Message::parse("MSH|^~\\&|A\rOBX|1\rObx|2\r", options));
    EXPECT_FALSE(Message::parse("MSH|^~\\&|A\rlost\r", options));
}

TEST(Message, NamesThePlaceOfAByte) {
    const Message message = parsed("MSH|^~\\&|A\rPID|1|2\rPID|3\r");
    EXPECT_EQ(message.place_of(0).text, "MSH");
    EXPECT_EQ(message.place_of(3).text, "MSH-1");
    EXPECT_EQ(message.place_of(4).text, "MSH-2");
    EXPECT_EQ(message.place_of(9).text, "MSH-3");
    EXPECT_EQ(message.place_of(17).text, "PID-2");
    EXPECT_EQ(message.place_of(23).text, "PID[2]-1");
}

TEST(Message, FindsSegmentsByNameAndNumber) {
    const Message message = parsed({kMshOru, "ZZ9|x", "OBX|1", "XYZ|?", "OBX|2", "OBX|3", "ZZ9"});
    EXPECT_EQ(message.count("OBX"), 3U);
    EXPECT_EQ(message.find("OBX", 2)->field(1).text(), "2");
    EXPECT_EQ(message.find("OBX", 2)->occurrence(), 2U);
    EXPECT_EQ(message.find("OBX", 2)->position(), 5U);
    EXPECT_EQ(message.find("OBX", 2)->label(), "OBX[2]");
    EXPECT_EQ(message.find("ZZ9", 2)->position(), 7U);
    EXPECT_EQ(message.find("XYZ")->id(), "XYZ");
    EXPECT_FALSE(message.find("OBX", 4));
    EXPECT_FALSE(message.find("OBX", 0));
    EXPECT_FALSE(message.find("PID"));
    EXPECT_FALSE(message.find("OB"));
}

TEST(Message, FindsEverySegmentAmongThousandsOfNames) {
    constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string text = "MSH|^~\\&|A\r";
    std::vector<std::string> names;
    for (const char a : kDigits.substr(10)) {
        for (const char b : kDigits) {
            names.push_back({a, b, 'Q'});
            text += names.back() + "|1\r" + names.back() + "|2\r";
        }
    }
    const Message message = parsed(text);
    for (const std::string& name : names) {
        ASSERT_EQ(message.count(name), 2U) << name;
        EXPECT_EQ(message.find(name, 2)->id(), name);
        EXPECT_EQ(message.find(name, 2)->field(1).text(), "2");
    }
}

TEST(Message, ViewsOutliveAMove) {
    Message first = parsed("MSH|^~\\&|A\rPID|x\r");
    const Segment pid = first.segment(2);
    const Element element = pid.field(1);
    Message second = std::move(first);
    Message third = parsed("MSH|^~\\&|B\r");
    third = std::move(second);
    EXPECT_EQ(element.text(), "x");
    EXPECT_EQ(pid.field(1).raw(), "x");
    EXPECT_EQ(third.segment(2).raw(), "PID|x");
}

/// A plain second reading of the same rules, byte by byte.
std::vector<std::vector<std::string>> split_plainly(std::string_view text) {
    std::vector<std::vector<std::string>> segments(1, {""});
    for (const char c : text) {
        if (c == '\r') {
            segments.push_back({""});
        } else if (c == '|') {
            segments.back().push_back("");
        } else {
            segments.back().back() += c;
        }
    }
    segments.pop_back();
    return segments;
}

TEST(Message, SplitsLikeAPlainReaderAtEveryAlignment) {
    std::mt19937 random(20260301);
    const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
    for (int round = 0; round < 400; ++round) {
        std::string text = "MSH|^~\\&|";
        text += std::string(below(130), 'a') + "\r";
        const unsigned segments = below(12);
        for (unsigned s = 0; s < segments; ++s) {
            text += "OBX";
            const unsigned fields = below(40);
            for (unsigned f = 0; f < fields; ++f) {
                text += "|" + std::string(below(3) == 0 ? below(90) : below(4), 'v');
            }
            text += '\r';
        }
        const Message message = parsed(text);
        const auto plain = split_plainly(text);
        ASSERT_EQ(message.segment_count(), plain.size());
        for (std::size_t s = 1; s < plain.size(); ++s) {
            const Segment segment = message.segment(s + 1);
            ASSERT_EQ(segment.field_count(), plain[s].size() - 1);
            for (std::size_t f = 1; f < plain[s].size(); ++f) {
                ASSERT_EQ(segment.field(f).raw(), plain[s][f]);
            }
        }
    }
}

TEST(Message, AnyBytesAreRefusedOrGivenBack) {
    constexpr std::string_view kAlphabet = "|^~\\&\r\n\"OBXMSHPID12 \0\x80"sv;
    std::mt19937 random(7);
    for (int round = 0; round < 3000; ++round) {
        std::string text = "MSH|^~\\&|";
        const auto length = static_cast<unsigned>(random() % 150);
        for (unsigned i = 0; i < length; ++i) {
            text += kAlphabet[random() % kAlphabet.size()];
        }
        const Result<Message> message = Message::parse(text);
        if (message) {
            EXPECT_EQ(message->encode(), text);
        } else {
            EXPECT_LE(message.error().place.offset, text.size());
        }
    }
}

}  // namespace
}  // namespace labrelay::hl7
