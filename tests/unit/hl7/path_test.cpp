#include "labrelay/hl7/path.hpp"

#include <gtest/gtest.h>

#include "hl7_text.hpp"

namespace labrelay::hl7 {
namespace {

struct BadRow {
    std::string_view text;
    Code code;
    std::size_t at;
};

constexpr BadRow kBadRows[] = {
    {"", Code::path_empty, 0},
    {"  ", Code::path_empty, 2},
    {"PID-3 |", Code::path_empty, 7},
    {"PID-3 | | OBR-7", Code::path_empty, 8},
    {"pid-3", Code::path_segment_bad, 0},
    {"PI-3", Code::path_segment_bad, 0},
    {"1ID-3", Code::path_segment_bad, 0},
    {"PID-3 | obr-7", Code::path_segment_bad, 8},
    {"PID", Code::path_number_bad, 3},
    {"PIDX-3", Code::path_number_bad, 3},
    {"PID.3", Code::path_number_bad, 3},
    {"PID-", Code::path_number_bad, 4},
    {"PID-0", Code::path_number_bad, 4},  // HL7 counts from 1
    {"PID-x", Code::path_number_bad, 4},
    {"PID- 3", Code::path_number_bad, 4},
    {"PID-+3", Code::path_number_bad, 4},
    {"PID-99999999999999999999", Code::path_number_bad, 4},
    {"OBX[0]-5", Code::path_number_bad, 4},
    {"OBX[]-5", Code::path_number_bad, 4},
    {"OBX[2-5", Code::path_number_bad, 5},
    {"OBX-5[0]", Code::path_number_bad, 6},
    {"OBX-5.", Code::path_number_bad, 6},
    {"OBX-5.1.", Code::path_number_bad, 8},
    {"OBX-5.0", Code::path_number_bad, 6},
    {"PID-3[4.1]", Code::path_filter_bad, 9},
    {"PID-3[4", Code::path_filter_bad, 7},
    {"PID-3[4=]", Code::path_filter_bad, 8},
    {"PID-3[4=X", Code::path_filter_bad, 6},
    {"PID-3[4.0=X]", Code::path_number_bad, 8},
    {"PID-3x", Code::path_trailing, 5},
    {"OBX-5.1.2.3", Code::path_trailing, 9},
    {"OBX-5[1][2]", Code::path_trailing, 8},
    {"PID-3 OBR-7", Code::path_trailing, 6},
};

TEST(Path, RefusesAtTheByteThatIsWrong) {
    for (const BadRow& row : kBadRows) {
        SCOPED_TRACE(row.text);
        const Result<Path> path = Path::compile(row.text);
        ASSERT_FALSE(path);
        EXPECT_EQ(key(path.error().code), key(row.code));
        EXPECT_EQ(path.error().place.offset, row.at);
    }
}

TEST(Path, CompilesIntoSteps) {
    const Result<Path> path = Path::compile(" ZB1[2]-5[3].2.4 | PID-3[4.1=A|B C].1 ");
    ASSERT_TRUE(path);
    ASSERT_EQ(path->alternatives().size(), 2U);
    const Path::Step& first = path->alternatives()[0];
    EXPECT_EQ(first.segment, "ZB1");
    EXPECT_EQ(first.occurrence, 2U);
    EXPECT_EQ(first.field, 5U);
    EXPECT_EQ(first.repetition, 3U);
    EXPECT_EQ(first.component, 2U);
    EXPECT_EQ(first.subcomponent, 4U);
    const Path::Step& second = path->alternatives()[1];
    ASSERT_TRUE(second.filter);
    EXPECT_EQ(second.filter->component, 4U);
    EXPECT_EQ(second.filter->subcomponent, 1U);
    EXPECT_EQ(second.filter->equals, "A|B C");
    EXPECT_EQ(second.component, 1U);
    EXPECT_EQ(path->text(), " ZB1[2]-5[3].2.4 | PID-3[4.1=A|B C].1 ");
}

struct FindRow {
    std::string_view path;
    std::string_view value;
    std::string_view place;  ///< "": nothing found
};

constexpr FindRow kFindRows[] = {
    {"MSH-1", "|", "MSH-1"},
    {"MSH-2", "^~\\&", "MSH-2"},
    {"MSH-9.2", "R01", "MSH-9.2"},
    {"PID-3", "111", "PID-3"},
    {"PID-3.4", "HOSP", "PID-3.4"},
    {"PID-3.4.2", "1.2.3", "PID-3.4.2"},
    {"PID-3[2].1", "222", "PID-3[2].1"},
    {"PID-3[4=QILU].1", "222", "PID-3[2].1"},
    {"PID-3[4.1=QILU].1", "222", "PID-3[2].1"},
    {"PID-3[4.2=1.2.3].1", "111", "PID-3.1"},
    {"PID-3[4.1=A&B].1", "444", "PID-3[4].1"},  // compared with the decoded text
    {"PID-3[4=QIL].1", "", ""},
    {"PID-3[3].1", "", ""},
    {"PID-3[9].1", "", ""},
    {"PID-3.9", "", ""},
    {"PID-99", "", ""},
    {"PV1-1", "", ""},
    {"PID-5", "", ""},
    {"PID-8", "", "PID-8"},  // the explicit null is found, its text is empty
    {"PID-5 | PID-3[2].1", "222", "PID-3[2].1"},
    {"PID-8 | PID-3", "", "PID-8"},
    {"OBX-5", "412", "OBX-5"},
    {"OBX[2]-5", "<20", "OBX[2]-5"},
    {"OBX[3]-5", "", ""},
    {"OBX[2]-3.2", "RNA & more", "OBX[2]-3.2"},
    {"ZX1-1", "local", "ZX1-1"},
};

TEST(Path, FindsValueAndPlace) {
    const Message message =
        parsed({"MSH|^~\\&|A|||||ORU^R01|ORU^R01",
                "PID|1||111^^^HOSP&1.2.3~222^^^QILU~~444^^^A\\T\\B||||x|\"\"",
                "OBX|1|NM|C||412~413", "OBX|2|ST|V^RNA \\T\\ more||<20", "ZX1|local"});
    const MessageScope scope(message);
    for (const FindRow& row : kFindRows) {
        SCOPED_TRACE(row.path);
        const Result<Path> path = Path::compile(row.path);
        ASSERT_TRUE(path);
        const std::optional<PathMatch> match = path->find(scope);
        EXPECT_EQ(match.has_value(), !row.place.empty());
        EXPECT_EQ(path->value(scope), row.value);
        if (match) {
            EXPECT_EQ(match->place, row.place);
        }
    }
}

TEST(Path, FindsAllRepetitionsOfTheFirstAlternativeThatHasAny) {
    const Message message = parsed({kMshOru, "PID|1||a^^^X~b^^^Y~~c^^^X|d", "OBX|1|NM|C||1~2"});
    const MessageScope scope(message);
    const auto places = [&](std::string_view text) {
        std::string joined;
        const Result<Path> path = Path::compile(text);
        for (const PathMatch& match : path->find_all(scope)) {
            joined += match.place + "=" + match.element.text() + " ";
        }
        return joined;
    };
    EXPECT_EQ(places("PID-3"), "PID-3=a PID-3[2]=b PID-3[4]=c ");
    EXPECT_EQ(places("PID-3[4=X].1"), "PID-3.1=a PID-3[4].1=c ");
    EXPECT_EQ(places("PID-3[2].1"), "PID-3[2].1=b ");
    EXPECT_EQ(places("PID-9 | PID-4 | PID-3"), "PID-4=d ");
    EXPECT_EQ(places("PID-3[4=Z].1 | OBX-5"), "OBX-5=1 OBX-5[2]=2 ");
    EXPECT_EQ(places("PID-9"), "");
}

}  // namespace
}  // namespace labrelay::hl7
