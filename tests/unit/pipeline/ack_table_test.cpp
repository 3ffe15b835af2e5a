#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "labrelay/hl7/header.hpp"
#include "labrelay/pipeline/ack_policy.hpp"
#include "labrelay/study/decide.hpp"
#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::pipeline {
namespace {

using mapping::SourceDefinition;
using mapping::SourceMode;
using test::a_flow_message;

/// A situation of docs/ack.md: the message whose answer counts, and what came and held before it.
struct Situation {
    std::string bytes;
    std::function<void(SourceDefinition&)> source = [](SourceDefinition&) {};
    std::string before = {};  ///< a message that came first
};

std::function<void(SourceDefinition&)> in_mode(SourceMode mode) {
    return [mode](SourceDefinition& source) { source.mode = mode; };
}

void strictly(SourceDefinition& source) {
    source.strict = true;
}

const std::string kPlain = a_flow_message().text();
const std::string kStranger =
    a_flow_message().with("PID-3", "00999999^^^QILU^MR").without("SPM").with("OBR-3", "X1").text();

std::string changed(std::string_view place, std::string_view value) {
    return a_flow_message().with(place, value).text();
}

std::map<std::string, Situation> situations() {
    const std::string other_value = changed("OBX-5", "399");
    return {
        {"all observations stored", {kPlain}},
        {"no observation in the message", {a_flow_message().without("OBX").text()}},
        {"an observation is held", {kStranger}},
        {"an observation is ignored", {changed("OBX-3", "QC7^^99BD")}},
        {"a test message to a source in test mode",
         {changed("MSH-11", "T"), in_mode(SourceMode::test)}},
        {"a message to a source in shadow mode", {kPlain, in_mode(SourceMode::shadow)}},
        {"MSH-12 is empty", {changed("MSH-12", "")}},
        {"the same message again", {changed("MSH-7", "20240422150000"), [](auto&) {}, kPlain}},
        {"the same control id with other content", {other_value, [](auto&) {}, kPlain}},
        {"a strict source, an observation is held", {kStranger, strictly}},
        {"a strict source, a unit is not known",
         {a_flow_message()
              .with("OBX-3", "(Average) CD3+ Abs Cnt^^99BD")
              .with("OBX-6", "bushel")
              .text(),
          strictly}},
        {"a strict source, the same control id with other content",
         {other_value, strictly, kPlain}},
        {"MSH-9 is empty", {changed("MSH-9", "")}},
        {"MSH-10 is empty", {changed("MSH-10", "")}},
        {"MSH-18 names no known character set", {changed("MSH-18", "KOI-7")}},
        {"MSH-18 names UTF-16", {changed("MSH-18", "UNICODE UTF-16")}},
        {"bytes that are not valid in the character set", {changed("OBX-17", "\xff\xfe")}},
        {"another message type", {changed("MSH-9", "ADT^A01")}},
        {"another trigger event", {changed("MSH-9", "ORU^R40")}},
        {"a test message to a live source", {changed("MSH-11", "T")}},
        {"MSH-11 is empty", {changed("MSH-11", "")}},
        {"MSH-11 holds another letter", {changed("MSH-11", "X")}},
        {"a version that is not known", {changed("MSH-12", "4.0")}},
        {"a sender that is not known", {changed("MSH-3", "NOBODY")}},
        {"a source that is switched off", {kPlain, in_mode(SourceMode::off)}},
        {"a source that is switched off, and MSH-10 is empty",
         {changed("MSH-10", ""), in_mode(SourceMode::off)}},
        {"no MSH", {"PID|1\r"}},
        {"a line that is no segment", {kPlain + "and so on\r"}},
        {"delimiters that repeat", {"MSH|^^~&|FACSLYRIC|QILU-FLOW\rPID|1\r"}},
        {"an empty frame", {""}},
        {"an acknowledgement", {changed("MSH-9", "ACK^R01") + "MSA|AA|1\r"}},
    };
}

struct Row {
    std::string answer;
    std::vector<std::string> err3;
    std::vector<std::string> codes;

    friend bool operator==(const Row&, const Row&) = default;
    friend void PrintTo(const Row& row, std::ostream* out) {
        *out << row.answer << ' ' << ::testing::PrintToString(row.err3) << ' '
             << ::testing::PrintToString(row.codes);
    }
};

std::vector<std::string> words(const std::string& text) {
    std::istringstream in(text);
    return {std::istream_iterator<std::string>(in), {}};
}

std::map<std::string, Row> table_in_docs() {
    std::ifstream file(std::string(LABRELAY_SOURCE_DIR) + "/docs/ack.md");
    std::map<std::string, Row> rows;
    for (std::string line; std::getline(file, line);) {
        std::vector<std::string> cells;
        std::istringstream in(line);
        for (std::string cell; std::getline(in, cell, '|');) {
            const std::size_t first = cell.find_first_not_of(' ');
            cells.push_back(first == cell.npos
                                ? ""
                                : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
        }
        if (cells.size() >= 5 && cells[1] != "situation" && cells[1].rfind("---", 0) != 0) {
            rows[cells[1]] = {cells[2], words(cells[3]), words(cells[4])};
        }
    }
    return rows;
}

Answer answer_to(const Situation& situation) {
    const mapping::Configuration configuration = test::with_source("facs-lyric", situation.source);
    const study::Registry registry = test::a_registry();
    study::StateView state;
    Answer last;
    std::int64_t id = 100;
    std::vector<std::string> messages{situation.before, situation.bytes};
    if (situation.before.empty()) {
        messages.erase(messages.begin());
    }
    for (const std::string& bytes : messages) {
        Arrival arrival = test::an_arrival();
        arrival.message_id = MessageId{++id};
        const study::Proposal proposal = process(bytes, arrival, configuration, registry);
        const study::Outcome outcome =
            study::decide({proposal, state, configuration.rules(), registry});
        study::apply(proposal, outcome, state);
        last = answer(bytes, arrival, proposal, outcome);
    }
    return last;
}

/// MSA-1, ERR-3.1 and ERR-5.1 as they stand in the bytes; before 2.5 ERR-1.4.1.
Row read(const Answer& answer) {
    if (answer.silent) {
        EXPECT_EQ(answer.bytes, "");
        return {"silent", {}, {}};
    }
    const auto message = hl7::Message::parse(answer.bytes);
    EXPECT_TRUE(message.has_value());
    if (!message) {
        return {};
    }
    Row row{message->find("MSA")->field(1).text(), {}, {}};
    EXPECT_EQ(row.answer, hl7::to_string(answer.code));
    for (std::size_t n = 1; n <= message->count("ERR"); ++n) {
        row.err3.push_back(message->find("ERR", n)->field(3).component(1).text());
        row.codes.push_back(message->find("ERR", n)->field(5).component(1).text());
    }
    return row;
}

/// ERR-5 holds the catalogue's code in some form; the table names it by its key.
std::vector<std::string> keys_of(const std::vector<std::string>& err5) {
    std::vector<std::string> keys;
    for (const std::string& text : err5) {
        std::string found = text;
        for (const CatalogueEntry& entry : catalogue()) {
            if (text == entry.key || text == std::to_string(static_cast<int>(entry.code)) ||
                text == "labrelay-" + std::to_string(static_cast<int>(entry.code))) {
                found = std::string(entry.key);
            }
        }
        keys.push_back(found);
    }
    return keys;
}

TEST(AckTable, EverySituationIsAnsweredAsTheDocumentSays) {
    const std::map<std::string, Row> table = table_in_docs();
    const std::map<std::string, Situation> made = situations();
    EXPECT_GE(table.size(), 30U);
    for (const auto& [name, expected] : table) {
        SCOPED_TRACE(name);
        const auto situation = made.find(name);
        if (situation == made.end()) {
            ADD_FAILURE() << "docs/ack.md names a situation that no test makes";
            continue;
        }
        Row actual = read(answer_to(situation->second));
        actual.codes = keys_of(actual.codes);
        EXPECT_EQ(actual, expected);
    }
    for (const auto& [name, situation] : made) {
        EXPECT_EQ(table.count(name), 1U) << "docs/ack.md does not say: " << name;
    }
}

TEST(Ack, RepeatsTheControlIdByteForByteAndNothingOfThePatient) {
    // A strict source tells most: every hold gets its ERR.
    const std::string bytes = a_flow_message()
                                  .with("MSH-10", " 00^1 ")
                                  .with("PID-3", "77123456^^^QILU^MR")
                                  .with("PID-5", "Zhangsan^Lisi")
                                  .with("PID-7", "19610224")
                                  .with("OBX-5", "98765")
                                  .text();
    const Answer strict = answer_to({bytes, strictly, ""});
    EXPECT_NE(strict.bytes.find("MSA|AE| 00^1 |"), std::string::npos) << strict.bytes;
    for (const char* secret : {"77123456", "Zhangsan", "Lisi", "19610224", "98765"}) {
        EXPECT_EQ(strict.bytes.find(secret), std::string::npos) << strict.bytes;
    }
}

TEST(Ack, CountsWhatIsHeld) {
    const Answer held = answer_to({kStranger, [](SourceDefinition&) {}, ""});
    EXPECT_EQ(held.code, hl7::AckCode::aa);
    EXPECT_NE(held.bytes.find("1 of 1"), std::string::npos) << held.bytes;
    EXPECT_EQ(held.bytes.find("ERR"), std::string::npos);
}

TEST(Ack, EchoesNamesInTheSendersOwnBytes) {
    // MSH-18 is empty and the source writes GB 18030: `检` in MSH-5 comes back as it was.
    const std::string name = "\xbc\xec";
    const std::string bytes = test::a_hospital_message()
                                  .with("MSH-18", "")
                                  .with("MSH-5", name)
                                  .with("PID-8", "")
                                  .with("OBX-3", "ALT^^L")
                                  .with("OBR-4", "BIO^^L")
                                  .text();
    const Answer answered = answer_to({bytes, [](SourceDefinition&) {}, ""});
    EXPECT_EQ(answered.code, hl7::AckCode::aa);
    EXPECT_EQ(answered.bytes.rfind("MSH|^~\\&|" + name + "|QILU|LIS|QILU|", 0), 0U)
        << answered.bytes;
}

}  // namespace
}  // namespace labrelay::pipeline
