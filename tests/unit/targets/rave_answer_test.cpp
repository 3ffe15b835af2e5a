#include "labrelay/targets/rave_answer.hpp"

#include <gtest/gtest.h>

namespace labrelay::targets {
namespace {

using Kind = RaveAnswer::Kind;

struct Shape {
    const char* name;
    int status;
    const char* body;
    Kind kind;
    int fields;
    const char* why;  ///< part of it
};

constexpr Shape kShapes[] = {
    {"success", 200,
     R"(<Response ReferenceNumber="82e942b0" InboundODMFileOID="x" IsTransactionSuccessful="1" )"
     R"(SuccessStatistics="Rave objects touched: Subjects=0; Folders=0; Forms=0; Fields=2; LogLines=0" NewRecords=""/>)",
     Kind::accepted, 2, ""},
    {"success that touched nothing", 200,
     R"(<Response IsTransactionSuccessful="1" SuccessStatistics="Rave objects touched: Fields=0"/>)",
     Kind::accepted, 0, ""},
    {"a byte-order mark", 200,
     "\xEF\xBB\xBF<Response IsTransactionSuccessful=\"1\" SuccessStatistics=\"Fields=1\"/>",
     Kind::accepted, 1, ""},
    {"refused", 400,
     R"(<Response IsTransactionSuccessful="0" ReasonCode="RWS00024" )"
     R"(ErrorOriginLocation="/ODM/ClinicalData[1]/SubjectData[1]" )"
     R"(ErrorClientResponseMessage="Subject already exists."/>)",
     Kind::refused, 0, "Subject already exists. [RWS00024] at /ODM/ClinicalData[1]/SubjectData[1]"},
    {"refused, with 200", 200,
     R"(<Response IsTransactionSuccessful="0" ReasonCode="RWS1" ErrorClientResponseMessage="No."/>)",
     Kind::refused, 0, "No. [RWS1]"},
    {"refused, with 404", 404, R"(<Response IsTransactionSuccessful="0" ReasonCode="RWS00015"/>)",
     Kind::refused, 0, "RWS00015"},
    {"an ODM root", 400,
     R"(<ODM xmlns:mdsol="http://www.mdsol.com/ns/odm/metadata" mdsol:ErrorDescription="Bad. [RWS00008]"/>)",
     Kind::refused, 0, "Bad. [RWS00008]"},
    {"a page of IIS", 500, "<html><body>Server Error</body></html>", Kind::lost, 0, "status 500"},
    {"a page with 404", 404, "<html><body>404</body></html>", Kind::stopped, 0, "URL"},
    {"no credentials", 401, "Authorization Header not provided", Kind::stopped, 0,
     "Authorization Header not provided"},
    {"away", 503, "HTTP 503 Service Temporarily Unavailable", Kind::lost, 0, "status 503"},
    {"a page with 200", 200, "<!DOCTYPE html><html><br></html>", Kind::lost, 0, "status 200"},
    {"too many", 429, "", Kind::stopped, 0, "status 429"},
    {"success with 400", 400, R"(<Response IsTransactionSuccessful="1"/>)", Kind::lost, 0, "400"},
};

TEST(RaveAnswer, EveryShapeIsRead) {
    for (const Shape& shape : kShapes) {
        HttpAnswer http;
        http.kind = HttpAnswer::Kind::answered;
        http.status = shape.status;
        http.body = shape.body;
        const RaveAnswer answer = read_rave_answer(http);
        EXPECT_EQ(answer.kind, shape.kind) << shape.name;
        EXPECT_EQ(answer.fields, shape.fields) << shape.name;
        EXPECT_NE(answer.why.find(shape.why), std::string::npos)
            << shape.name << ": " << answer.why;
    }
}

struct Absence {
    int status;
    const char* words;
    bool absent;
};

TEST(RaveAnswer, NothingIsThereOnlyWhereRaveSaysThatItHasNoSuchSubjectOrForm) {
    constexpr Absence kAbsences[] = {
        {404, "Subject not found.", true},          {404, "Form OID F_LAB not found.", true},
        {404, "The subject does not exist.", true}, {404, "Study not found.", false},
        {404, "Information not found.", false},     {404, "Subject is inactive.", false},
        {400, "Subject not found.", false},         {200, "Subject not found.", false},
    };
    for (const Absence& one : kAbsences) {
        HttpAnswer http;
        http.kind = HttpAnswer::Kind::answered;
        http.status = one.status;
        http.body = std::string("<Response IsTransactionSuccessful=\"0\" ") +
                    "ErrorClientResponseMessage=\"" + one.words + "\"/>";
        const RaveAnswer answer = read_rave_answer(http);
        EXPECT_EQ(answer.kind, Kind::refused) << one.words;
        EXPECT_EQ(answer.absent, one.absent) << one.status << " " << one.words;
    }
}

TEST(RaveAnswer, ADataSetIsReadByItsKeys) {
    const auto items = read_rave_dataset(
        "<ODM><ClinicalData><SubjectData SubjectKey=\"S-004\"><StudyEventData "
        "StudyEventOID=\"SE_M3\" StudyEventRepeatKey=\"1\"><FormData FormOID=\"F\"><ItemGroupData "
        "ItemGroupOID=\"G\" ItemGroupRepeatKey=\"2\"><ItemData ItemOID=\"I\" Value=\"412\"/>"
        "</ItemGroupData></FormData></StudyEventData></SubjectData></ClinicalData></ODM>");
    ASSERT_TRUE(items);
    EXPECT_EQ(items->at({"SE_M3", "1", "F", "G", "2", "I"}), "412");
    const auto cut = read_rave_dataset("<ODM><ClinicalData><SubjectData Sub");
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, Code::target_answer_bad);
}

}  // namespace
}  // namespace labrelay::targets
