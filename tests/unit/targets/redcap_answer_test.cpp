#include "labrelay/targets/redcap_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace labrelay::targets {
namespace {

using ::testing::ElementsAre;
using Kind = RedcapAnswer::Kind;

constexpr const char* kLocked =
    "This field is located on a form that is locked. You must first unlock this form for this "
    "record.";

HttpAnswer http(int status, std::string body) {
    HttpAnswer answer;
    answer.kind = HttpAnswer::Kind::answered;
    answer.status = status;
    answer.body = std::move(body);
    return answer;
}

struct Shape {
    const char* name;
    int status;
    const char* body;
    Kind kind;
    std::size_t cells;
    const char* why;
};

constexpr Shape kShapes[] = {
    {"count", 200, R"({"count":1})", Kind::accepted, 0, ""},
    {"rows", 200, "[]", Kind::accepted, 0, ""},
    {"a byte-order mark", 200, "\xEF\xBB\xBF[]", Kind::accepted, 0, ""},
    {"version", 200, "14.5.8", Kind::accepted, 0, ""},
    {"lines of CSV", 400,
     R"({"error":"\"S-004\",\"alt\",\"23\",\"No.\"\n\"S-005\",\"ast\",\"a \"\"b\"\"\",\"No.\""})",
     Kind::refused, 2, nullptr},
    {"records of an old server", 400,
     R"x({"error":"There were data validation errors","records":[{"record":"1 (1_arm_1)",)x"
     R"("field_name":"alt","value":"23","message":"No."}]})",
     Kind::refused, 1, "There were data validation errors"},
    {"unknown fields of an old server", 400, R"({"error":"no such fields","fields":["alt","ast"]})",
     Kind::refused, 0, "no such fields"},
    {"XML, where the request was not understood", 400,
     "<?xml version=\"1.0\" ?><hash><error>The value of the parameter \"content\" is not "
     "valid</error></hash>",
     Kind::refused, 0, "The value of the parameter \"content\" is not valid"},
    {"plain text", 400, "ERROR: bad data", Kind::refused, 0, "bad data"},
    {"an error with 200", 200, R"({"error":"bad data"})", Kind::refused, 0, "bad data"},
    {"badly formatted", 406, R"({"error":"not formatted"})", Kind::refused, 0, "not formatted"},
    {"a bad token", 403, R"({"error":"You do not have permissions to use the API"})", Kind::stopped,
     0, "You do not have permissions to use the API"},
    {"no token", 401, "", Kind::stopped, 0, "status 401"},
    {"a ban", 200, "<html>IP address banned due to suspected abuse</html>", Kind::stopped, 0,
     "the server has banned this address"},
    {"not found", 404, "<html></html>", Kind::stopped, 0, nullptr},
    {"a redirect", 302, "", Kind::stopped, 0, nullptr},
    {"a page with 200", 200, "<!DOCTYPE html><html></html>", Kind::lost, 0, nullptr},
    {"away", 503, "<html></html>", Kind::lost, 0, "status 503"},
    {"a gateway", 504, "", Kind::lost, 0, "status 504"},
    {"too slow", 408, "", Kind::lost, 0, "status 408"},
};

TEST(RedcapAnswer, EveryShapeIsRead) {
    for (const Shape& shape : kShapes) {
        const RedcapAnswer answer = read_redcap_answer(http(shape.status, shape.body));
        EXPECT_EQ(answer.kind, shape.kind) << shape.name;
        EXPECT_EQ(answer.cells.size(), shape.cells) << shape.name;
        if (shape.why != nullptr) {
            EXPECT_EQ(answer.why, shape.why) << shape.name;
        }
    }
}

TEST(RedcapAnswer, TheCellsOfBothShapesAreNamed) {
    EXPECT_THAT(read_redcap_answer(http(kShapes[4].status, kShapes[4].body)).cells,
                ElementsAre(RedcapCell{"S-004", "alt", "23", "No."},
                            RedcapCell{"S-005", "ast", "a \"b\"", "No."}));
    EXPECT_THAT(read_redcap_answer(http(kShapes[5].status, kShapes[5].body)).cells,
                ElementsAre(RedcapCell{"1 (1_arm_1)", "alt", "23", "No."}));
    EXPECT_THAT(read_redcap_answer(http(kShapes[6].status, kShapes[6].body)).fields,
                ElementsAre("alt", "ast"));
}

TEST(RedcapAnswer, WhatWasNotSentIsAwayAndWhatBrokeOffIsLost) {
    HttpAnswer answer;
    answer.kind = HttpAnswer::Kind::not_sent;
    EXPECT_EQ(read_redcap_answer(answer).kind, Kind::away);
    answer.kind = HttpAnswer::Kind::lost;
    EXPECT_EQ(read_redcap_answer(answer).kind, Kind::lost);
}

TEST(RedcapAnswer, NeitherValuesNorRecordsAreRepeated) {
    EXPECT_EQ(without("The value you provided (41.5) of S-004 is not 141.5", {"41.5", "S-004"}),
              "The value you provided (…) of … is not 141.5");
    EXPECT_EQ(without(kLocked, {"", "4"}), kLocked);
}

}  // namespace
}  // namespace labrelay::targets
