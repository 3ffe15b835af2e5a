#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
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

void counted(SourceDefinition& source) {
    source.sequence = true;
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
        {"a query", {changed("MSH-9", "QBP^Q11^QBP_Q11")}},
        {"MSH-12 is not known and the source names a version",
         {changed("MSH-12", "4.0"), [](auto& source) { source.hl7_version = "2.3"; }}},
        {"MSH-9.3 does not fit type and event", {changed("MSH-9", "ORU^R01^ORU_W01")}},
        {"MSH-11.2 says archive", {changed("MSH-11", "P^A")}},
        {"MSH-7 is two days off", {changed("MSH-7", "20240420140000")}},
        {"a part of a continued message", {changed("MSH-14", "C17")}},
        {"a strict source, a part of a continued message", {changed("MSH-14", "C17"), strictly}},
        {"an order", {changed("MSH-9", "OML^O21^OML_O21")}},
        {"a patient message", {changed("MSH-9", "ADT^A08^ADT_A01")}},
        {"MSH-15 is none of table 0155", {changed("MSH-15", "YES")}},
        {"MSH-16 is none of table 0155", {changed("MSH-16", "al")}},
        {"a counted source, MSH-13 is no number", {changed("MSH-13", "x"), counted}},
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
        {"a header that does not fit 4 KiB", {changed("MSH-19", std::string(4096, 'x'))}},
        {"delimiters that repeat", {"MSH|^^~&|FACSLYRIC|QILU-FLOW\rPID|1\r"}},
        {"an empty frame", {""}},
        {"an acknowledgement", {changed("MSH-9", "ACK^R01") + "MSA|AA|1\r"}},
        {"an acknowledgement that cannot be read",
         {changed("MSH-9", "ACK^R01") + "MSA|AA|1\rand so on\r"}},
        {"no message, from a source that wants no answer to it",
         {kPlain + "and so on\r", [](auto& source) { source.answers_unreadable = false; }}},
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

std::string trimmed(const std::string& cell) {
    const std::size_t first = cell.find_first_not_of(' ');
    return first == cell.npos ? "" : cell.substr(first, cell.find_last_not_of(' ') - first + 1);
}

/// The rows of the table of docs/ack.md whose first column is headed so, each as its cells.
std::vector<std::vector<std::string>> table_in_docs(const std::string& first_column) {
    std::ifstream file(std::string(LABRELAY_SOURCE_DIR) + "/docs/ack.md");
    std::vector<std::vector<std::string>> rows;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line.rfind('|', 0) != 0) {
            inside = false;
            continue;
        }
        std::vector<std::string> cells;
        std::istringstream in(line.substr(1));
        for (std::string cell; std::getline(in, cell, '|');) {
            cells.push_back(trimmed(cell));
        }
        if (inside && cells[0].rfind("---", 0) != 0) {
            rows.push_back(cells);
        }
        inside = inside || cells[0] == first_column;
    }
    return rows;
}

/// What came of a situation: as the committer does it, a duplicate gets the stored answer.
struct Came {
    Answer answer;
    Answer before;
    study::Proposal proposal;
    study::Outcome outcome;
};

Came what_comes_of(const Situation& situation) {
    const mapping::Configuration configuration = test::with_source("facs-lyric", situation.source);
    const study::Registry registry = test::a_registry();
    study::StateView state;
    Came came;
    std::map<MessageId, Answer> stored;
    std::int64_t id = 100;
    std::vector<std::string> messages{situation.before, situation.bytes};
    if (situation.before.empty()) {
        messages.erase(messages.begin());
    }
    for (const std::string& bytes : messages) {
        Arrival arrival = test::an_arrival();
        arrival.message_id = MessageId{++id};
        arrival.ack_id = "ACK" + std::to_string(id);
        arrival.peer = "127.0.0.1";
        came.before = came.answer;
        came.proposal = process(bytes, arrival, configuration, registry);
        came.outcome = study::decide({came.proposal, state, configuration.rules(), registry});
        study::apply(came.proposal, came.outcome, state);
        came.answer = came.outcome.duplicate_of
                          ? stored[*came.outcome.duplicate_of]
                          : answer(bytes, arrival, came.proposal, came.outcome);
        stored[arrival.message_id] = came.answer;
    }
    return came;
}

Answer answer_to(const Situation& situation) {
    return what_comes_of(situation).answer;
}

/// MSA-1, ERR-3.1 and ERR-5.1 as they stand in the bytes; before 2.5 ERR-1.4.1.
Row read(const Answer& answer) {
    if (answer.silent) {
        EXPECT_EQ(answer.bytes, "");
        return {"silent", {}, {}};
    }
    EXPECT_NE(answer.bytes.empty(), answer.accept.empty());
    const auto message = hl7::Message::parse(answer.bytes.empty() ? answer.accept : answer.bytes);
    EXPECT_TRUE(message.has_value());
    if (!message) {
        return {};
    }
    Row row{message->find("MSA")->field(1).text(), {}, {}};
    EXPECT_EQ(row.answer.back(), hl7::to_string(answer.code).back());
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

// Points 29 to 33, 37, 38, 40, 44 and 45 of the checklist: what each situation is answered.
TEST(AckTable, P40_EverySituationIsAnsweredAsTheDocumentSays) {
    const std::vector<std::vector<std::string>> table = table_in_docs("situation");
    const std::map<std::string, Situation> made = situations();
    EXPECT_EQ(table.size(), made.size());
    for (const std::vector<std::string>& cells : table) {
        SCOPED_TRACE(cells[0]);
        const auto situation = made.find(cells[0]);
        if (situation == made.end()) {
            ADD_FAILURE() << "docs/ack.md names a situation that no test makes";
            continue;
        }
        Row actual = read(answer_to(situation->second));
        actual.codes = keys_of(actual.codes);
        EXPECT_EQ(actual, (Row{cells[1], words(cells[2]), words(cells[3])}));
    }
}

/// `CA AA`: what is sent on the connection, in order; `-`: nothing.
std::string sent(const Answer& answer) {
    std::string codes;
    for (const std::string& bytes : {answer.accept, answer.bytes}) {
        if (!bytes.empty()) {
            const auto message = hl7::Message::parse(bytes);
            codes += (codes.empty() ? "" : " ") + message->find("MSA")->field(1).text();
        }
    }
    return codes.empty() ? "-" : codes;
}

/// The column of the matrix and how it comes about, for a message with these MSH-15 and MSH-16.
std::string sent_in(const std::string& column, const std::string& accept,
                    const std::string& application) {
    const auto asking = [&](const std::string& bytes) {
        const std::size_t end = bytes.find('\r');
        std::string header = bytes.substr(0, end);
        if (!accept.empty() || !application.empty()) {
            header += "|||" + accept + "|" + application;
        }
        return header + bytes.substr(end);
    };
    const auto without_store = [&](study::StoreFailure choice) {
        const auto configuration = test::with_source(
            "facs-lyric", [&](SourceDefinition& source) { source.store_failure = choice; });
        const std::string bytes = asking(kPlain);
        const Arrival arrival = test::an_arrival();
        return answer_without_store(bytes, arrival,
                                    process(bytes, arrival, configuration, test::a_registry()).ack);
    };
    const auto keep = [](SourceDefinition&) {};
    const std::string plain = asking(kPlain);
    if (column == "accepted") {
        return sent(answer_to({plain}));
    }
    if (column == "held") {
        return sent(answer_to({asking(kStranger)}));
    }
    if (column == "duplicate") {
        const std::string later = asking(changed("MSH-7", "20240422150000"));
        const Came came = what_comes_of({later, keep, plain});
        EXPECT_EQ(came.outcome.state, study::MessageState::duplicate);
        EXPECT_EQ(came.answer.bytes, came.before.bytes);
        EXPECT_EQ(came.answer.accept, came.before.accept);
        return sent(came.answer);
    }
    if (column == "data at fault") {
        return sent(answer_to({asking(kStranger), strictly}));
    }
    if (column == "header at fault") {
        return sent(answer_to({asking(changed("MSH-10", ""))}));
    }
    if (column == "rejected") {
        return sent(answer_to({asking(changed("MSH-9", "MDM^T02"))}));
    }
    if (column == "store away, error") {
        return sent(without_store(study::StoreFailure::error));
    }
    if (column == "store away, reject") {
        return sent(without_store(study::StoreFailure::reject));
    }
    return "no such column";
}

TEST(AckTable, P39_EveryPairOfMsh15AndMsh16) {
    const std::vector<std::string> columns{
        "accepted",        "held",     "duplicate",         "data at fault",
        "header at fault", "rejected", "store away, error", "store away, reject"};
    const auto table = table_in_docs("MSH-15");
    std::set<std::pair<std::string, std::string>> pairs;
    for (const std::vector<std::string>& cells : table) {
        const std::string accept = cells[0] == "empty" ? "" : cells[0];
        const std::string application = cells[1] == "empty" ? "" : cells[1];
        pairs.emplace(accept, application);
        for (std::size_t at = 0; at < columns.size(); ++at) {
            EXPECT_EQ(sent_in(columns[at], accept, application), cells.at(at + 2))
                << "MSH-15 '" << accept << "', MSH-16 '" << application << "': " << columns[at];
        }
    }
    EXPECT_EQ(pairs.size(), 25U);
}

TEST(AckTable, P39_AStoreThatIsAwayIsNeverAnsweredByDefault) {
    for (const char* asked : {"", "|||AL|AL", "|||NE|AL"}) {
        std::string bytes = kPlain;
        bytes.insert(bytes.find('\r'), asked);
        const Arrival arrival = test::an_arrival();
        const Answer answer = answer_without_store(
            bytes, arrival,
            process(bytes, arrival, test::shipped_configuration(), test::a_registry()).ack);
        EXPECT_EQ(answer.bytes + answer.accept, "");
    }
}

TEST(AckTable, P43_FaultsAsTheVersionWritesThem) {
    const auto table = table_in_docs("version");
    EXPECT_GE(table.size(), 14U);
    for (const std::vector<std::string>& cells : table) {
        SCOPED_TRACE(cells[0]);
        const std::string bytes = a_flow_message()
                                      .with("MSH-12", cells[0])
                                      .with("PID-3", "00999999^^^QILU^MR")
                                      .without("SPM")
                                      .with("OBR-3", "X1")
                                      .text();
        const auto ack = hl7::Message::parse(answer_to({bytes, strictly}).bytes);
        ASSERT_TRUE(ack.has_value());
        EXPECT_EQ(ack->header().field(9).raw(), cells[1]);
        const hl7::Segment err = *ack->find("ERR");
        if (cells[2] == "ERR-1") {
            const auto components = err.field(1);
            EXPECT_EQ(components.component(1).text(), "PID");
            EXPECT_EQ(components.component(2).text(), "1");
            EXPECT_EQ(components.component(3).text(), "3");
            EXPECT_EQ(components.component(4).subcomponent(1).text(), "204");
            EXPECT_EQ(err.field(3).raw(), "");
        } else {
            EXPECT_EQ(err.field(1).raw(), "");
            EXPECT_EQ(err.field(2).raw(), "PID^1^3^1^1");
            EXPECT_EQ(err.field(3).component(1).text(), "204");
            EXPECT_EQ(err.field(3).component(3).text(), "HL70357");
            EXPECT_EQ(err.field(4).text(), "E");
            EXPECT_EQ(err.field(5).component(1).text(), "unknown-subject");
            EXPECT_NE(err.field(8).text(), "");
        }
        EXPECT_EQ(ack->text().find("00999999"), std::string::npos);
    }
}

// Point 42: every text that can stand in MSA-3, cut before 2.5 and whole from it.
TEST(AckTable, P42_TextsOfOldVersionsHaveEightyCharacters) {
    for (const auto* version : {"2.1", "2.4", "2.5", "2.9"}) {
        const bool old = std::string(version) < "2.5";
        const auto message =
            hl7::Message::parse("MSH|^~\\&|A|B|C|D|t||ORU^R01|1|P|" + std::string(version) + "\r");
        for (const CatalogueEntry& entry : catalogue()) {
            hl7::AckContent content;
            content.text = std::string(entry.text);
            const auto ack =
                hl7::Message::parse(hl7::build_ack(*message, hl7::Charset::utf_8, content));
            const std::string text = ack->find("MSA")->field(3).text();
            EXPECT_EQ(text, old ? content.text.substr(0, 80) : content.text) << entry.key;
        }
    }
}

TEST(AckTable, P30_EveryMessageType) {
    const auto table = table_in_docs("MSH-9");
    EXPECT_GE(table.size(), 30U);
    for (const std::vector<std::string>& cells : table) {
        SCOPED_TRACE(cells[0]);
        // The specimen stands before its orders in these, after them in all others.
        const bool specimen_first = cells[0].rfind("OUL^R2", 0) == 0 && cells[0][6] != '4';
        const std::string bytes =
            specimen_first ? a_flow_message()
                                 .without("SPM")
                                 .add_before("OBR", "SPM|1|A240422043||WB^Whole blood^HL70487")
                                 .with("MSH-9", cells[0])
                                 .text()
                           : changed("MSH-9", cells[0]);
        const Came came = what_comes_of({bytes});
        Row actual = read(came.answer);
        EXPECT_EQ(actual.answer, cells[2]);
        EXPECT_EQ(keys_of(actual.codes), words(cells[3]));
        const study::Counts& counts = came.outcome.counts;
        EXPECT_EQ(counts.stored, cells[1] == "result" ? 1 : 0);
        const bool read_and_ignored =
            cells[1] == "order" || cells[1] == "patient" || cells[1] == "merge";
        EXPECT_EQ(counts.ignored, read_and_ignored ? 1 : 0);
        if (read_and_ignored) {
            EXPECT_EQ(came.outcome.observations[0].rule, Code::not_a_result_message);
            EXPECT_EQ(came.outcome.state, study::MessageState::processed);
            EXPECT_TRUE(came.outcome.changes.empty());
        }
    }
}

TEST(AckTable, P36_SequenceNumbers) {
    const auto table = table_in_docs("last");
    EXPECT_GE(table.size(), 11U);
    const auto configuration = test::with_source("facs-lyric", counted);
    const study::Registry registry = test::a_registry();
    for (const std::vector<std::string>& cells : table) {
        SCOPED_TRACE(cells[0] + " then " + cells[1]);
        study::StateView state;
        if (cells[0] != "none") {
            state.sequences["facs-lyric"] = std::stoll(cells[0]);
        }
        const std::string bytes = changed("MSH-13", cells[1] == "empty" ? "" : cells[1]);
        const Arrival arrival = test::an_arrival();
        const study::Proposal proposal = process(bytes, arrival, configuration, registry);
        const study::Outcome outcome =
            study::decide({proposal, state, configuration.rules(), registry});
        study::apply(proposal, outcome, state);
        const auto ack = hl7::Message::parse(answer(bytes, arrival, proposal, outcome).bytes);
        EXPECT_EQ(ack->find("MSA")->field(1).text(), cells[2]);
        EXPECT_EQ(ack->find("MSA")->field(4).text(), cells[3]);
        const auto last = state.sequences.find("facs-lyric");
        const bool none = last == state.sequences.end() || last->second < 0;
        EXPECT_EQ(none ? "none" : std::to_string(last->second), cells[4]);
        // A gap is told to a person, once a message.
        const bool gap = cells[2] == "AE" && cells[1] != "x";
        ASSERT_EQ(outcome.notices.size(), gap ? 1U : 0U);
        if (gap) {
            EXPECT_EQ(outcome.notices[0].code, Code::sequence_gap);
            EXPECT_FALSE(outcome.notices[0].subject);
        }
    }
}

TEST(AckTable, P36_ALinkIsBegunWithoutType) {
    const std::string bytes = "MSH|^~\\&|FACSLYRIC|QILU-FLOW|||20240422143000||^|L1|P|2.5|0\r";
    EXPECT_EQ(sent(answer_to({bytes, counted})), "AA");
    EXPECT_EQ(sent(answer_to({bytes})), "AE");
}

TEST(AckTable, P36_AGapIsNotAcceptedInEnhancedMode) {
    std::string first = changed("MSH-13", "4");
    std::string second = changed("MSH-13", "6");
    second.replace(second.find("FL1"), 3, "FL2");
    first.insert(first.find('\r'), "||AL|AL");
    second.insert(second.find('\r'), "||AL|AL");
    const Came came = what_comes_of({second, counted, first});
    EXPECT_EQ(came.before.accept.find("|5\r") != std::string::npos, true) << came.before.accept;
    EXPECT_NE(came.answer.accept.find("MSA|CE|FL2|"), std::string::npos);
    EXPECT_EQ(came.answer.bytes, "");
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
