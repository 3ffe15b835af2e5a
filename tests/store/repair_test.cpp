// What people decide about held results, from the preview to the study's outbox, through the
// committer: the same on both engines.

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "idle_engine.hpp"
#include "labrelay/api/repairs.hpp"
#include "labrelay/api/router.hpp"
#include "labrelay/app/second_person.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/process.hpp"
#include "labrelay/store/approval_desk.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/problem_query.hpp"
#include "labrelay/store/repair_desk.hpp"
#include "labrelay/store/repair_query.hpp"
#include "labrelay/store/sql_outbox.hpp"
#include "labrelay/store/state_query.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using nlohmann::json;
using study::ResultRecord;
using study::Taken;

constexpr SubjectId kAnna{1};
constexpr SubjectId kBert{2};

std::shared_ptr<const mapping::Configuration> shipped() {
    static const mapping::Loaded kLoaded =
        mapping::load_configuration(LABRELAY_SOURCE_DIR "/mappings");
    return kLoaded.configuration;
}

/// Asks nobody unless told to, and keeps what it was asked.
class Colleague final : public api::SecondPerson {
public:
    bool needed(std::string_view) override { return wanted; }
    Result<std::int64_t> ask(Desk&, const Act&, const Question& question) override {
        content = question.content;
        preview = question.preview;
        return std::int64_t{77};
    }
    bool wanted = false;
    std::string content;
    std::string preview;
};

struct Line {
    std::string code;
    std::string unit;
    std::string value;
    std::string status = "F";
};

const std::vector<Line> kCounts{{"CD3+^^99BD|1", "cells/uL", "900"},
                                {"CD3+CD4+^^99BD|1", "cells/uL", "259"},
                                {"CD3+CD8+^^99BD|1", "cells/uL", "584"}};
// CD4 % and CD8 % are 30 points more than CD3 %: check P1 holds them.
const std::vector<Line> kDoubtful{{"CD3+^^99BD|2", "%", "60.0"},
                                  {"CD3+CD4+^^99BD|2", "%", "50.0"},
                                  {"CD3+CD8+^^99BD|2", "%", "40.0"}};

struct Sheet {
    std::string control_id;
    std::string mrn = "00481001";
    std::string specimen;
    std::string collected = "20260310080400";
    std::vector<Line> lines = kCounts;
    std::string born = "19741228";
};

std::string text_of(const Sheet& sheet) {
    std::string text = fmt::format(
        "MSH|^~\\&|FACSLYRIC|QILU-FLOW|LABRELAY|QILU|20260501130800||ORU^R01^ORU_R01|{0}|P|2.5\r"
        "PID|1||{1}||||{2}|M\r"
        "OBR|1|P{3}|{3}|TBNK^T subset^99BD|||{4}|||||||||||||||20260501130800|||F\r",
        sheet.control_id, sheet.mrn.empty() ? "" : sheet.mrn + "^^^QILU^MR", sheet.born,
        sheet.specimen, sheet.collected);
    int number = 0;
    for (const Line& line : sheet.lines)
        text += fmt::format("OBX|{}|NM|{}|{}|{}|||||{}|||||FLOW01||LYRIC^BD|\r", ++number,
                            line.code, line.value, line.unit, line.status);
    return text + fmt::format("SPM|1|{}||WB^Whole blood^HL70487|||||||P\r", sheet.specimen);
}

study::Subject a_person(SubjectId id, std::string number, std::string mrn) {
    study::Subject subject;
    subject.study = "NCT05872659";
    subject.site = "QILU";
    subject.screening_no = "SCR-" + number;
    subject.subject_no = "S-" + number;
    subject.identifiers = {{"QILU-MRN", std::move(mrn)}};
    subject.sex = study::Sex::male;
    subject.birth_date = *parse_iso_time("1974-12-28");
    subject.consent_date = *parse_iso_time("2026-01-05");
    subject.first_infusion = *parse_iso_time("2026-02-10T10:30");
    subject.id = id;
    return subject;
}

class RepairTest : public StoreTest {
protected:
    RepairTest() : snapshots_(shipped(), study::Registry{}), reads_(*directory_) {
        pipeline::RegistryChange change;
        change.subjects = {a_person({}, "001", "00481001"), a_person({}, "002", "00481002")};
        change.actor = "import subjects.csv";
        store_->begin();
        snapshots_.replace(store_->write_registry({}, change));
        store_->commit();
        start();
    }
    ~RepairTest() override { stop(); }

    void start() {
        committer_.emplace(*store_, snapshots_);
        services_.emplace(api::Services{reads_, *writer_, snapshots_, clock_, engine_});
        repairs_.emplace(*services_, *committer_, &colleague_);
        thread_ = std::jthread([this](const std::stop_token& stop) { committer_->run(stop); });
    }
    void stop() {
        outbox_.reset();
        thread_ = {};
        repairs_.reset();
        services_.reset();
        committer_.reset();
    }

    std::future<pipeline::Committed> submit(const Sheet& sheet) {
        pipeline::Submission submission;
        submission.bytes = text_of(sheet);
        submission.arrival.message_id = MessageId{++last_message_};
        submission.arrival.received_at = Instant{1'777'700'000'000'000 + last_message_};
        submission.arrival.ack_id = "ACK";
        submission.proposal = pipeline::process(submission.bytes, submission.arrival,
                                                *snapshots_.configuration(), snapshots_.registry());
        return committer_->submit(std::move(submission));
    }
    MessageId send(const Sheet& sheet) {
        EXPECT_TRUE(submit(sheet).get().stored);
        return MessageId{last_message_};
    }
    void settle() {
        committer_->drain();
        group_holds(*writer_);
    }
    ProblemId problem_of(Code rule) {
        settle();
        auto reading = session();
        for (const ProblemRow& row : problems(reading, {}))
            if (row.rule == rule && row.state == ProblemState::open) return row.id;
        ADD_FAILURE() << "no problem " << key(rule);
        return {};
    }

    static security::Principal everybody() {
        security::Principal who;
        who.command = true;
        who.name = "test";
        return who;
    }
    static Act an_act() {
        Act act;
        act.actor = "li.wei";
        act.origin = Origin::page;
        act.reason = "confirmed with the site";
        return act;
    }
    json preview(ProblemId problem, const json& body) {
        auto shown = repairs_->preview(problem, body, everybody());
        if (!shown) {
            ADD_FAILURE() << describe(shown.error());
            return json::object();
        }
        return json::parse(shown->dump());
    }
    RepairRow row_of(std::int64_t job) {
        auto reading = session();
        return repair(reading, job).value_or(RepairRow{});
    }
    RepairRow enact(ProblemId problem, const json& body) {
        const auto enacted = repairs_->enact(problem, body, everybody(), an_act());
        if (!enacted || !enacted->job) {
            ADD_FAILURE() << (enacted ? "asks a second person" : describe(enacted.error()));
            return {};
        }
        settle();
        return row_of(*enacted->job);
    }
    RepairRow undo(std::int64_t job) {
        const auto undone = repairs_->undo(job, everybody(), an_act());
        if (!undone) {
            ADD_FAILURE() << describe(undone.error());
            return {};
        }
        settle();
        return row_of(*undone->job);
    }

    study::SubjectState results_of(SubjectId subject) {
        auto reading = session();
        study::StateView state;
        load_subject(reading, subject, state);
        return state.subjects.at(subject);
    }
    /// `CD4A 259 M1`, one a result that has a value, sorted.
    std::vector<std::string> standing(SubjectId subject) {
        std::vector<std::string> lines;
        for (const ResultRecord& record : results_of(subject).results)
            if (study::stands(record.taken) &&
                record.current_version().status != study::ObservationStatus::withdrawn)
                lines.push_back(fmt::format("{} {} {}", record.current_version().analyte,
                                            record.current_version().value.value_text,
                                            record.placement.visit.empty()
                                                ? study::to_string(record.placement.kind)
                                                : std::string_view(record.placement.visit)));
        std::ranges::sort(lines);
        return lines;
    }
    /// The one that must be there.
    static const ResultRecord* result(const study::SubjectState& state, std::string_view analyte) {
        for (const ResultRecord& record : state.results)
            if (record.current_version().analyte == analyte) return &record;
        throw std::runtime_error(fmt::format("no result of {}", analyte));
    }
    /// All that waits, as far as one batch goes, and is delivered with that. By one outbox: of a
    /// shared store another one would lead only when the server has ended the session of this one.
    std::vector<delivery::Delivery> take_and_deliver() {
        if (!outbox_) outbox_.emplace(*writer_);
        auto taken = outbox_->take("study", Instant{1}, 100);
        outbox_->mark_delivered(taken, Instant{1});
        outbox_->round_over("study");
        return taken;
    }
    /// Everything that waits is told.
    std::size_t deliver() {
        std::size_t told = 0;
        while (true) {
            const auto deliveries = take_and_deliver();
            if (deliveries.empty()) return told;
            for (const auto& delivery : deliveries) told += delivery.results.size();
        }
    }
    /// Reasons of what waits to be told of a subject, by analyte.
    std::map<std::string, std::string> waiting(SubjectId subject) {
        std::map<std::string, std::string> told;
        for (const auto& delivery : take_and_deliver())
            if (delivery.subject == subject)
                for (const auto& result : delivery.results)
                    told[result.record.current_version().analyte] =
                        result.record.current_version().value.value_text + " " + result.reason;
        return told;
    }
    void expect_balanced() {
        EXPECT_EQ(number("SELECT count(*) FROM message WHERE received <> stored + held + ignored"),
                  0);
        for (const char* column : {"stored", "held", "ignored"})
            EXPECT_EQ(
                number(fmt::format("SELECT CAST(coalesce(sum({}), 0) AS BIGINT) FROM message",
                                   column)),
                number(fmt::format("SELECT count(*) FROM observation WHERE disposition = '{}'",
                                   static_cast<char>(std::toupper(column[0])))));
        // Each stored line is a version of a result, each held one has its open hold.
        EXPECT_EQ(number("SELECT count(*) FROM observation WHERE disposition = 'S' AND number IS "
                         "NULL"),
                  0);
        EXPECT_EQ(number("SELECT count(*) FROM observation WHERE disposition = 'H'"),
                  number("SELECT count(*) FROM hold WHERE released_us IS NULL"));
    }

    pipeline::Snapshots snapshots_;
    ReadPool reads_;
    testing::IdleEngine engine_;
    Colleague colleague_;
    std::optional<pipeline::Committer> committer_;
    std::optional<api::Services> services_;
    std::optional<api::Repairs> repairs_;
    std::optional<SqlOutbox> outbox_;
    std::jthread thread_;
    std::int64_t last_message_ = 0;
};

TEST_F(RepairTest, ALinkedSubjectTakesTheGroupAndWhatComesLater) {
    for (int i = 1; i <= 3; ++i)
        send({fmt::format("C{}", i), "99990001", fmt::format("A{}", i),
              fmt::format("2026031{}080000", i)});
    const ProblemId problem = problem_of(Code::unknown_subject);
    const json body = {{"kind", "link-subject"},
                       {"authority", "QILU-MRN"},
                       {"value", "99990001"},
                       {"subject", kAnna.value}};
    const json shown = preview(problem, body);
    EXPECT_EQ(shown["total"], 9);
    EXPECT_EQ(shown["would_store"], 9);
    EXPECT_EQ(number("SELECT count(*) FROM overlay"), 0);
    EXPECT_TRUE(standing(kAnna).empty()) << "a preview writes nothing";

    const RepairRow job = enact(problem, body);
    EXPECT_EQ(job.state, RepairState::done);
    EXPECT_EQ(job.stored, 9);
    EXPECT_EQ(number("SELECT count(*) FROM message_again"), 3) << "each message once";
    EXPECT_EQ(waiting(kAnna).size(), 4U) << "the ratio is derived";
    send({"C9", "99990001", "A9", "20260320080000"});
    EXPECT_EQ(results_of(kAnna).results.size(), 16U);
    expect_balanced();
}

/// What a laboratory's patient 99990001 is to the registry is decided, delivered, and regretted.
class UndoTest : public RepairTest {
protected:
    json link(SubjectId subject) const {
        return {{"kind", "link-subject"},
                {"authority", "QILU-MRN"},
                {"value", "99990001"},
                {"subject", subject.value}};
    }
    json preview_undo(std::int64_t job) {
        const auto shown = repairs_->preview_undo(job, everybody());
        if (!shown) {
            ADD_FAILURE() << describe(shown.error());
            return json::object();
        }
        return json::parse(shown->dump());
    }
    Error refused(std::int64_t job) {
        const auto undone = repairs_->undo(job, everybody(), an_act());
        EXPECT_FALSE(undone);
        const auto shown = repairs_->preview_undo(job, everybody());
        EXPECT_FALSE(shown);
        return undone ? Error{} : undone.error();
    }
    std::int64_t facts() { return number("SELECT count(*) FROM registry_fact"); }
};

TEST_F(UndoTest, AWrongLinkIsTakenBackWithAllThatCameByIt) {
    send({"C0", "00481001", "A0", "20260301080000"});
    send({"C1", "99990001", "A1", "20260310080000"});
    const ProblemId problem = problem_of(Code::unknown_subject);
    const RepairRow job = enact(problem, link(kAnna));
    EXPECT_EQ(job.stored, 3);
    send({"C2", "99990001", "A2", "20260320080000"});
    settle();
    const auto linked = standing(kAnna);
    EXPECT_EQ(linked.size(), 12U);
    deliver();

    const std::int64_t before = facts();
    const json shown = preview_undo(job.id);
    EXPECT_EQ(shown["held_again"], 6) << shown.dump(1);
    EXPECT_EQ(shown["would_store"], 3) << "what the subject's own number brought stays";
    EXPECT_EQ(shown["changes_delivered"], 8) << "three counts and a ratio of each of two draws";
    EXPECT_EQ(shown["four_eyes"], false);
    EXPECT_EQ(facts(), before) << "a preview writes nothing";
    EXPECT_EQ(standing(kAnna), linked);

    const RepairRow undone = undo(job.id);
    EXPECT_EQ(undone.held, 6);
    EXPECT_EQ(undone.stored, 3);
    EXPECT_EQ(standing(kAnna).size(), 4U);
    EXPECT_EQ(waiting(kAnna).size(), 4U) << "each analyte is told as withdrawn";
    EXPECT_EQ(facts(), before + 1) << "a new fact; none is removed";
    EXPECT_EQ(problem_of(Code::unknown_subject), problem) << "it holds again, at once";
    expect_balanced();
    EXPECT_EQ(refused(job.id).code, Code::state_change_bad) << "once";
    // The right subject takes all of it.
    EXPECT_EQ(enact(problem, link(kBert)).stored, 6);
    EXPECT_EQ(standing(kBert).size(), 8U);
    EXPECT_EQ(standing(kAnna).size(), 4U);
    expect_balanced();
}

TEST_F(UndoTest, WhatALaterFactStandsOnIsNotTakenAway) {
    send({"C1", "99990001", "A1"});
    const RepairRow job = enact(problem_of(Code::unknown_subject), link(kAnna));
    pipeline::RegistryChange change;
    change.actor = "import specimens.csv";
    change.specimens.push_back(
        {{"QILU-ACC", "A99"}, study::Identifier{"QILU-MRN", "99990001"}, {}, {}, {}});
    committer_->change_registry([&](const study::Registry&) { return change; });
    const Error error = refused(job.id);
    EXPECT_EQ(error.code, Code::state_change_bad);
    EXPECT_NE(error.detail.find("specimens were registered since"), std::string::npos);
    EXPECT_EQ(standing(kAnna).size(), 4U);
}

TEST_F(UndoTest, ARegisteredSpecimenIsRegisteredNoMore) {
    send({"C1", "", "A77"});
    const ProblemId problem = problem_of(Code::unknown_specimen);
    const json body = {{"kind", "register-specimen"},
                       {"authority", "QILU-ACC"},
                       {"specimen", "A77"},
                       {"subject", kBert.value}};
    const RepairRow job = enact(problem, body);
    EXPECT_EQ(job.stored, 3);
    EXPECT_EQ(preview_undo(job.id)["held_again"], 3);
    EXPECT_EQ(undo(job.id).held, 3);
    EXPECT_TRUE(standing(kBert).empty());
    EXPECT_EQ(snapshots_.registry().specimen({"QILU-ACC", "A77"}), nullptr);
    EXPECT_EQ(problem_of(Code::unknown_specimen), problem);
    expect_balanced();
    // Also for whoever reads the registry anew.
    stop();
    reopen();
    store_->begin();
    snapshots_.replace(store_->load_registry());
    store_->rollback();
    EXPECT_EQ(snapshots_.registry().specimen({"QILU-ACC", "A77"}), nullptr);
    start();
    json other = body;
    other["subject"] = kAnna.value;
    const RepairRow again = enact(problem, other);
    EXPECT_EQ(again.stored, 3);
    EXPECT_EQ(standing(kAnna).size(), 4U);
    json visit = body;
    visit["subject"] = kAnna.value;
    visit["visit"] = "M1";
    send({"C2", "99990001", "A78"});
    enact(problem_of(Code::unknown_subject), visit);
    const Error error = refused(again.id);
    EXPECT_NE(error.detail.find("registered anew since"), std::string::npos) << error.detail;
}

TEST_F(UndoTest, ACorrectedSubjectIsAsBefore) {
    Sheet sheet{"C1", "00481001", "A1"};
    sheet.born = "19750101";
    send(sheet);
    const ProblemId problem = problem_of(Code::birth_date_contradicts);
    const auto correct = [&](const char* day) {
        return json{{"kind", "correct-subject"},
                    {"subject", kAnna.value},
                    {"fields", {{"birth_date", day}}}};
    };
    const RepairRow job = enact(problem, correct("1975-01-01"));
    EXPECT_EQ(job.stored, 3);
    deliver();
    EXPECT_EQ(preview_undo(job.id)["held_again"], 3);
    EXPECT_EQ(undo(job.id).held, 3);
    EXPECT_EQ(snapshots_.registry().subject(kAnna)->birth_date->text, "1974-12-28");
    EXPECT_TRUE(standing(kAnna).empty());
    EXPECT_EQ(problem_of(Code::birth_date_contradicts), problem);
    EXPECT_EQ(waiting(kAnna).size(), 4U);
    expect_balanced();
    const RepairRow again = enact(problem, correct("1975-01-01"));
    send({"C2", "99990001", "A2"});
    enact(problem_of(Code::unknown_subject), correct("1975-02-02"));
    const Error error = refused(again.id);
    EXPECT_NE(error.detail.find("birth_date of the subject was corrected again"), std::string::npos)
        << error.detail;
}

TEST_F(RepairTest, AnObservationIsGivenToASubjectAlthoughNobodyIsNamed) {
    send({"C1", "", "", "20260310080000"});
    settle();
    auto reading = session();
    const auto open = problems(reading, {});
    ASSERT_EQ(open.size(), 1U);
    const RepairRow job = enact(open[0].id, {{"kind", "link-subject"}, {"subject", kBert.value}});
    EXPECT_EQ(job.stored, 3);
    EXPECT_EQ(standing(kBert).size(), 4U);
    EXPECT_EQ(undo(job.id).held, 3);
    EXPECT_TRUE(standing(kBert).empty());
    expect_balanced();
}

TEST_F(RepairTest, ARegisteredSpecimenBringsItsResults) {
    send({"C1", "", "A77"});
    const ProblemId problem = problem_of(Code::unknown_specimen);
    const json body = {{"kind", "register-specimen"},
                       {"authority", "QILU-ACC"},
                       {"specimen", "A77"},
                       {"subject", kBert.value}};
    EXPECT_EQ(preview(problem, body)["would_store"], 3);
    EXPECT_EQ(enact(problem, body).stored, 3);
    EXPECT_EQ(standing(kBert).size(), 4U);
}

TEST_F(RepairTest, ACorrectedBirthDateLetsTheResultsThrough) {
    Sheet sheet{"C1", "00481001", "A1"};
    sheet.born = "19750101";
    send(sheet);
    const ProblemId problem = problem_of(Code::birth_date_contradicts);
    const json body = {{"kind", "correct-subject"},
                       {"subject", kAnna.value},
                       {"fields", {{"birth_date", "1975-01-01"}}}};
    EXPECT_EQ(preview(problem, body)["would_store"], 3);
    EXPECT_EQ(enact(problem, body).stored, 3);
    EXPECT_EQ(snapshots_.registry().subject(kAnna)->birth_date->text, "1975-01-01");
    const auto bad = repairs_->preview(
        problem, {{"kind", "correct-subject"}, {"subject", 1}, {"fields", {{"study", "X"}}}},
        everybody());
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().place.text, "study");
}

// R42
TEST_F(RepairTest, AfterAWithdrawalNoLaterDrawIsTaken) {
    send({"C1", "00481001", "A1", "20260310080000"});
    Sheet sheet{"C2", "00481001", "A2"};
    sheet.born = "19750101";
    send(sheet);
    const ProblemId problem = problem_of(Code::birth_date_contradicts);
    enact(problem, {{"kind", "correct-subject"},
                    {"subject", kAnna.value},
                    {"fields", {{"withdrawn_at", "2026-03-20"}}}});
    const auto before = standing(kAnna);
    EXPECT_EQ(before.size(), 4U) << "what was collected before is kept";
    const MessageId later = send({"C3", "00481001", "A3", "20260325080000"});
    EXPECT_EQ(number(fmt::format("SELECT count(*) FROM observation WHERE message_id = {} AND "
                                 "disposition = 'I' AND rule = {}",
                                 later.value, static_cast<int>(Code::after_withdrawal))),
              3);
    EXPECT_EQ(standing(kAnna), before);
    expect_balanced();
}

TEST_F(RepairTest, AValueIsAcceptedAgainstACheckAndTakenBackAgain) {
    send({"C1", "00481001", "A1", "20260310080000", kDoubtful});
    const ProblemId problem = problem_of(Code::panel_differs);
    const json shown = preview(problem, {{"kind", "accept-value"}});
    EXPECT_EQ(shown["would_store"], 3) << shown.dump(1);
    const RepairRow job = enact(problem, {{"kind", "accept-value"}});
    EXPECT_EQ(job.stored, 3);
    EXPECT_EQ(deliver(), 3U);
    EXPECT_EQ(standing(kAnna),
              (std::vector<std::string>{"CD3P 60.0 M1", "CD4P 50.0 M1", "CD8P 40.0 M1"}));

    EXPECT_EQ(undo(job.id).held, 3);
    EXPECT_TRUE(standing(kAnna).empty());
    const auto told = waiting(kAnna);
    ASSERT_EQ(told.size(), 3U) << "who was told hears of it";
    EXPECT_EQ(told.at("CD4P"), "WITHDRAWN panel-differs");
    expect_balanced();
    EXPECT_EQ(enact(problem_of(Code::panel_differs), {{"kind", "accept-value"}}).stored, 3);
    EXPECT_EQ(standing(kAnna).size(), 3U) << "and it can be accepted once more";
    expect_balanced();
}

TEST_F(RepairTest, WhatMakesTheValueUnknownIsNotAccepted) {
    send({"C1", "00481001", "A1", "20260310080000", {{"CD3+CD4+^^99BD|1", "furlongs", "12"}}});
    const ProblemId problem = problem_of(Code::unknown_unit);
    const auto refused = repairs_->preview(problem, {{"kind", "accept-value"}}, everybody());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::body_bad);
}

TEST_F(RepairTest, WhatIsNotForTheStudyIsIgnoredUntilThatIsTakenBack) {
    send({"C1", "99990001", "A1"});
    const ProblemId problem = problem_of(Code::unknown_subject);
    const RepairRow job =
        enact(problem, {{"kind", "not-for-study"}, {"reason_code", "not-a-trial-subject"}});
    EXPECT_EQ(job.ignored, 3);
    EXPECT_EQ(number(fmt::format("SELECT count(*) FROM observation WHERE rule = {}",
                                 static_cast<int>(Code::not_for_study))),
              3);
    expect_balanced();
    EXPECT_EQ(undo(job.id).held, 3);
    EXPECT_EQ(problem_of(Code::unknown_subject), problem);
    EXPECT_EQ(repairs_->undo(job.id, everybody(), an_act()).error().code, Code::state_change_bad);
}

TEST_F(RepairTest, APlacedDrawStaysWhereAPersonPutIt) {
    send({"C1", "00481001", "A1", "20260210"});  // the day of the infusion, no time
    const ProblemId problem = problem_of(Code::visit_time_needed);
    const auto bad =
        repairs_->preview(problem, {{"kind", "place-visit"}, {"visit", "M99"}}, everybody());
    EXPECT_EQ(bad ? Code::none : bad.error().code, Code::body_bad);
    const json body = {{"kind", "place-visit"}, {"visit", "M0"}};
    EXPECT_EQ(preview(problem, body)["would_store"], 3);
    const RepairRow job = enact(problem, body);
    EXPECT_EQ(job.stored, 3);
    EXPECT_EQ(standing(kAnna).front(), "CD3A 900 M0");
    // Placed again by the registry: a person's word stays.
    pipeline::RegistryChange change;
    change.subjects = {*snapshots_.registry().subject(kAnna)};
    change.subjects[0].second_infusion = *parse_iso_time("2026-03-12T10:00");
    committer_->change_registry([&](const study::Registry&) { return change; });
    settle();
    EXPECT_EQ(standing(kAnna).front(), "CD3A 900 M0");
    EXPECT_EQ(undo(job.id).held, 3);
    EXPECT_EQ(enact(problem_of(Code::visit_time_needed),
                    {{"kind", "place-visit"}, {"visit", "unscheduled"}})
                  .stored,
              3);
    EXPECT_EQ(standing(kAnna).front(), "CD3A 900 unscheduled");
    expect_balanced();
}

class MoveTest : public RepairTest {
protected:
    /// A specimen of Bert's that came under Anna's number, and was told.
    ProblemId withdrawn() {
        send({"C1", "00481001", "A1", "20260310080000"});
        EXPECT_EQ(deliver(), 4U);
        std::vector<Line> lines = kCounts;
        for (Line& line : lines) line.status = "W";
        send({"C2", "00481001", "A1", "20260310080000", lines});
        return problem_of(Code::withdrawn_whole_specimen);
    }
    ProblemId any_problem() {
        send({"Q1", "99990009", "Q1"});
        return problem_of(Code::unknown_subject);
    }
    json move() const {
        return {{"kind", "move-specimen"},
                {"specimen", "A1"},
                {"from", kAnna.value},
                {"to", kBert.value}};
    }
};

TEST_F(MoveTest, BothSubjectsAreCorrectedAndNothingMoreComesByItself) {
    send({"C1", "00481001", "A1", "20260310080000"});
    send({"C2", "00481001", "A2", "20260420080000"});
    const auto before = standing(kAnna);
    deliver();
    const ProblemId problem = any_problem();
    const json shown = preview(problem, move());
    EXPECT_EQ(shown["would_store"], 3);
    EXPECT_EQ(shown["changes_delivered"], 4) << "three counts and the ratio";

    const RepairRow job = enact(problem, move());
    EXPECT_EQ(job.stored, 3);
    EXPECT_EQ(standing(kBert), (std::vector<std::string>{"CD3A 900 M1", "CD4A 259 M1",
                                                         "CD4CD8 0.443 M1", "CD8A 584 M1"}));
    const auto anna = results_of(kAnna);
    EXPECT_EQ(result(anna, "CD4A")->taken, Taken::moved);
    EXPECT_EQ(result(anna, "CD4A")->current_version().value.value_text, "WITHDRAWN");
    EXPECT_EQ(result(anna, "CD4CD8")->current_version().value.value_text, "WITHDRAWN");
    expect_balanced();
    std::map<std::int64_t, std::map<std::string, std::string>> told;
    for (const auto& delivery : take_and_deliver())
        for (const auto& one : delivery.results)
            told[delivery.subject.value][one.record.current_version().analyte] =
                one.record.current_version().value.value_text + " " + one.reason;
    EXPECT_EQ(told[1]["CD4A"], "WITHDRAWN moved-from-subject");
    EXPECT_EQ(told[2]["CD4A"], "259 moved-to-subject");
    EXPECT_EQ(told[1].count("CD4CD8"), 1U);

    // The laboratory does not know of it: what it says next of the tube is held.
    std::vector<Line> correction{{"CD3+CD4+^^99BD|1", "cells/uL", "262", "C"},
                                 {"CD45+^^99BD|1", "cells/uL", "1200", "F"}};
    send({"C3", "00481001", "A1", "20260310080000", correction});
    const ProblemId next = problem_of(Code::moved_from_subject);
    EXPECT_EQ(standing(kAnna).size(), 4U) << "only the other specimen's";
    EXPECT_EQ(enact(next, move()).stored, 2);
    const auto bert = standing(kBert);
    for (const char* line : {"CD45A 1200 M1", "CD4A 262 M1", "CD4CD8 0.449 M1"})
        EXPECT_NE(std::ranges::find(bert, line), bert.end()) << line;
    expect_balanced();
}

TEST_F(MoveTest, TakenBackItIsAsItWas) {
    send({"C1", "00481001", "A1", "20260310080000"});
    send(
        {"C2", "00481001", "A1", "20260310080000", {{"CD3+CD4+^^99BD|1", "cells/uL", "262", "C"}}});
    const auto before = standing(kAnna);
    deliver();
    const RepairRow job = enact(any_problem(), move());
    EXPECT_EQ(job.stored, 4);
    EXPECT_EQ(standing(kBert), before);
    EXPECT_TRUE(standing(kAnna).empty());
    deliver();
    EXPECT_EQ(undo(job.id).stored, 4);
    EXPECT_EQ(standing(kAnna), before);
    EXPECT_TRUE(standing(kBert).empty());
    EXPECT_EQ(result(results_of(kAnna), "CD4A")->versions.size(), 2U);
    EXPECT_EQ(waiting(kAnna).size(), 4U);
    expect_balanced();
    // And open for the laboratory again.
    send({"C3", "00481001", "A1", "20260310080000", {{"CD45+^^99BD|1", "cells/uL", "1200", "F"}}});
    const auto after = standing(kAnna);
    EXPECT_NE(std::ranges::find(after, "CD45A 1200 M1"), after.end());
}

TEST_F(MoveTest, AWholeSpecimenThatTheLaboratoryWithdrawsAsksForIt) {
    const ProblemId problem = withdrawn();
    const RepairRow job = enact(problem, move());
    EXPECT_EQ(job.stored, 3);
    EXPECT_EQ(standing(kBert).size(), 4U) << "the values, not their withdrawal";
    const auto anna = results_of(kAnna);
    EXPECT_EQ(result(anna, "CD4A")->taken, Taken::left);
    EXPECT_EQ(result(anna, "CD4A")->current_version().status, study::ObservationStatus::withdrawn);
    expect_balanced();
    EXPECT_EQ(undo(job.id).stored, 3);
    EXPECT_EQ(result(results_of(kAnna), "CD4A")->versions.size(), 2U);
    EXPECT_EQ(result(results_of(kAnna), "CD4A")->current_version().status,
              study::ObservationStatus::withdrawn)
        << "what the laboratory withdrew stays withdrawn";
    expect_balanced();
}

TEST_F(MoveTest, WhatWasForwardedNeedsASecondPerson) {
    send({"C1", "00481001", "A1", "20260310080000"});
    deliver();
    const ProblemId problem = any_problem();
    colleague_.wanted = true;
    json body = move();
    body["reason"] = "told by Mr Xaver";
    const auto asked = repairs_->enact(problem, body, everybody(), an_act());
    ASSERT_TRUE(asked) << describe(asked.error());
    EXPECT_EQ(colleague_.content.find("Xaver"), std::string::npos)
        << "the approval's own reason can be erased, its content cannot";
    EXPECT_EQ(asked->approval, 77);
    EXPECT_FALSE(asked->job);
    settle();
    EXPECT_TRUE(standing(kBert).empty());
    EXPECT_EQ(json::parse(colleague_.preview)["would_store"], 3);
    // Neither somebody whose role has ended meanwhile, nor another plan than was looked at.
    EXPECT_EQ(
        repairs_->apply_approved(colleague_.content, an_act(), {}, everybody(), {}).error().code,
        Code::forbidden);
    EXPECT_EQ(
        repairs_->apply_approved(colleague_.content, an_act(), everybody(), {}, {}).error().code,
        Code::forbidden);
    json other = json::parse(colleague_.content);
    other["plan"] = "of another day";
    EXPECT_EQ(
        repairs_->apply_approved(other.dump(), an_act(), everybody(), everybody(), {}).error().code,
        Code::approval_stale);
    const auto job =
        repairs_->apply_approved(colleague_.content, an_act(), everybody(), everybody(), {});
    ASSERT_TRUE(job) << describe(job.error());
    settle();
    EXPECT_EQ(row_of(*job).stored, 3);
    EXPECT_EQ(standing(kBert).size(), 4U);
    const auto back = repairs_->undo(*job, everybody(), an_act());
    ASSERT_TRUE(back) << describe(back.error());
    EXPECT_EQ(back->approval, 77) << "nor is it taken back by one person";
    EXPECT_FALSE(back->job);
    EXPECT_EQ(standing(kBert).size(), 4U);
    EXPECT_EQ(
        repairs_->apply_approved(colleague_.content, an_act(), everybody(), {}, {}).error().code,
        Code::forbidden);
    const auto moved_back =
        repairs_->apply_approved(colleague_.content, an_act(), everybody(), everybody(), {});
    ASSERT_TRUE(moved_back) << describe(moved_back.error());
    settle();
    EXPECT_EQ(standing(kAnna).size(), 4U);
    EXPECT_TRUE(standing(kBert).empty());
    expect_balanced();
    repairs_.emplace(*services_, *committer_, nullptr);
    const auto nobody = repairs_->enact(
        problem, {{"kind", "move-specimen"}, {"specimen", "A1"}, {"from", 2}, {"to", 1}},
        everybody(), an_act());
    ASSERT_FALSE(nobody);
}

/// Two data managers; what the first asks for, the second approves, and then the server dies.
class ApprovedTest : public MoveTest {
protected:
    ApprovedTest() {
        auto database = direct();
        for (const char* id : {"1", "2"}) {
            database.execute(fmt::format(
                "INSERT INTO account(account_id, name, display_name, state, created_us) "
                "VALUES ({0}, 'p{0}', 'P{0}', 'active', 0)",
                id));
            database.execute(fmt::format(
                "INSERT INTO account_grant(grant_id, account_id, role, study, site, training, "
                "from_us, granted_by, reason) VALUES ({0}, {0}, 'data manager', '', '', 'SOP', 0, "
                "'root', '')",
                id));
        }
        send({"C1", "00481001", "A1", "20260310080000"});
        deliver();
        const ProblemId problem = any_problem();
        app::StoredSecondPerson colleague(*services_);
        api::Repairs repairs(*services_, *committer_, &colleague);
        security::Principal who;
        who.account = 1;
        who.grants = {{security::Role::data_manager, "", ""}};
        const auto asked = repairs.enact(problem, move(), who, an_act());
        EXPECT_TRUE(asked && asked->approval);
        approval_ = asked ? asked->approval.value_or(0) : 0;
        Desk desk(*writer_);
        EXPECT_TRUE(move_approval(desk, an_act(), *approval(desk, approval_),
                                  {review::ApprovalState::approved, 2, 0, {}}));
        desk.commit();
    }
    std::string state() {
        auto reading = session();
        return std::string(review::to_string(approval(reading, approval_)->state));
    }

    std::int64_t approval_ = 0;
};

TEST_F(ApprovedTest, WhatWasApprovedBeforeTheServerDiedIsDoneOnce) {
    stop();
    reopen();
    start();
    settle();
    EXPECT_TRUE(standing(kBert).empty());
    EXPECT_EQ(state(), "approved");
    {
        std::vector<std::jthread> nodes;
        for (int node = 0; node < 3; ++node)
            nodes.emplace_back([this] { app::finish_approved_repairs(*repairs_, *services_); });
    }
    settle();
    EXPECT_EQ(app::finish_approved_repairs(*repairs_, *services_), 0U);
    EXPECT_EQ(state(), "applied");
    EXPECT_EQ(number("SELECT count(*) FROM repair_job"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM overlay"), 3) << "a decision for each result, once";
    EXPECT_EQ(number("SELECT count(*) FROM problem_note WHERE kind = 'repair'"), 1);
    EXPECT_EQ(standing(kBert).size(), 4U);
    expect_balanced();
}

TEST_F(ApprovedTest, WhatFailsHalfWayLeavesNothingAndIsDoneLater) {
    const std::string content = [&] {
        auto reading = session();
        return approval(reading, approval_)->content;
    }();
    EXPECT_THROW(
        (void)repairs_->apply_approved(
            content, an_act(), everybody(), everybody(),
            [](Desk&) -> Result<void> { throw pipeline::StoreFault("the disk is full", true); }),
        pipeline::StoreFault);
    const auto refused =
        repairs_->apply_approved(content, an_act(), everybody(), everybody(),
                                 [](Desk&) -> Result<void> { return fail(Code::approval_stale); });
    EXPECT_EQ(refused.error().code, Code::approval_stale);
    EXPECT_EQ(number("SELECT count(*) FROM overlay"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM repair_job"), 0);
    EXPECT_EQ(app::finish_approved_repairs(*repairs_, *services_), 1U);
    settle();
    EXPECT_EQ(state(), "applied");
    EXPECT_EQ(standing(kBert).size(), 4U);
}

TEST_F(ApprovedTest, AStoreThatCannotBeReadForAMomentVoidsNoApproval) {
    const auto empty =
        DataDirectory::open(temporary_.path() / "without a store", DataDirectory::Use::write);
    ASSERT_TRUE(empty) << describe(empty.error());
    ReadPool away(*empty);
    ASSERT_FALSE(away.borrow());
    const api::Services blind{away, *writer_, snapshots_, clock_, engine_};
    api::ApprovalActions actions;
    app::add_approved_repairs(actions, *repairs_, blind);
    const auto approved = [&] {
        auto reading = session();
        return *approval(reading, approval_);
    }();
    actions.find(approved.action)->afterwards(approved);
    EXPECT_EQ(state(), "approved");
    EXPECT_EQ(app::finish_approved_repairs(*repairs_, *services_), 1U);
    settle();
    EXPECT_EQ(state(), "applied");
}

TEST_F(ApprovedTest, WhatMayNotBeDoneAnyMoreIsSaidAndLeftAlone) {
    direct().execute("UPDATE account SET state = 'disabled' WHERE account_id = 2");
    EXPECT_EQ(app::finish_approved_repairs(*repairs_, *services_), 1U);
    settle();
    EXPECT_EQ(state(), "stale");
    EXPECT_TRUE(standing(kBert).empty());
    EXPECT_EQ(app::finish_approved_repairs(*repairs_, *services_), 0U);
}

TEST_F(RepairTest, EveryoneDoesWhatTheirRolesAllowWhereTheyAre) {
    send({"C1", "99990001", "A1"});
    const ProblemId problem = problem_of(Code::unknown_subject);
    const json body = {{"kind", "link-subject"},
                       {"authority", "QILU-MRN"},
                       {"value", "99990001"},
                       {"subject", kAnna.value}};
    const auto may = [&](security::Role role, std::string study, std::string site) {
        security::Principal who;
        who.account = 5;
        who.grants = {{role, std::move(study), std::move(site)}};
        return repairs_->preview(problem, body, who).has_value();
    };
    EXPECT_TRUE(may(security::Role::data_manager, "", ""));
    EXPECT_TRUE(may(security::Role::data_manager, "NCT05872659", ""));
    EXPECT_FALSE(may(security::Role::data_manager, "NCT05872659", "QILU"))
        << "of nobody known: it may be another site's patient";
    EXPECT_FALSE(may(security::Role::data_manager, "NCT05872659", "ELSEWHERE"));
    EXPECT_FALSE(may(security::Role::data_manager, "ANOTHER", ""));
    for (const auto role : {security::Role::viewer, security::Role::mapper,
                            security::Role::administrator, security::Role::inspector})
        EXPECT_FALSE(may(role, "", ""));
    Act silent = an_act();
    silent.reason.clear();
    EXPECT_EQ(repairs_->enact(problem, body, everybody(), silent).error().code,
              Code::reason_needed);
    EXPECT_EQ(repairs_->preview(ProblemId{999}, body, everybody()).error().code, Code::not_found);
}

TEST_F(RepairTest, WhoeverTeachesHoldsTheRightForAllStudies) {
    api::RepairKind kind;
    kind.name = "teach-code";
    kind.permission = security::Permission::repair_mapping;
    kind.teaches = true;
    kind.fits = kind.likely = [](Code rule) { return rule == Code::unknown_code; };
    kind.plan = [](const json&, const pipeline::RepairScene& scene) {
        pipeline::RepairPlan plan;
        for (const pipeline::RepairItem& item : scene.held) plan.items.push_back(item.id);
        plan.subjects = {kAnna};
        plan.configuration = shipped();
        return Result<pipeline::RepairPlan>(std::move(plan));
    };
    repairs_->add(kind);
    send({"C1", "00481001", "A1", "20260310080400", {{"CD9 new^^99BD|1", "cells/uL", "900"}}});
    const ProblemId id = problem_of(Code::unknown_code);
    const json body = {{"kind", "teach-code"}, {"source", "facs-lyric"}};
    const auto person = [](security::Role role, std::string study, std::string site) {
        security::Principal who;
        who.account = 5;
        who.grants = {{role, std::move(study), std::move(site)}};
        return who;
    };
    const auto allowed = [&](const security::Principal& who) {
        auto reading = session();
        const auto options =
            json::parse(repairs_->options(reading, *problem(reading, id), who, false).dump());
        for (const json& option : options)
            if (option["kind"] == "teach-code") return option["allowed"].get<bool>();
        ADD_FAILURE() << options.dump(1);
        return false;
    };
    const std::string content = json({{"problem", id.value}, {"repair", body}}).dump();
    for (const auto role : {security::Role::mapper, security::Role::data_manager}) {
        for (const char* site : {"", "QILU"}) {
            const auto narrow = person(role, "NCT05872659", site);
            EXPECT_EQ(repairs_->preview(id, body, narrow).error().code, Code::forbidden) << site;
            EXPECT_EQ(repairs_->enact(id, body, narrow, an_act()).error().code, Code::forbidden);
            EXPECT_EQ(
                repairs_->apply_approved(content, an_act(), everybody(), narrow, {}).error().code,
                Code::forbidden)
                << "nor as the second person";
            EXPECT_FALSE(allowed(narrow)) << site;
        }
        EXPECT_TRUE(repairs_->preview(id, body, person(role, "", "")));
        EXPECT_TRUE(allowed(person(role, "", "")));
    }
    EXPECT_EQ(number("SELECT count(*) FROM repair_job"), 0);
}

TEST_F(RepairTest, CandidatesComeWithWhatSpeaksForAndAgainstThem) {
    Sheet sheet{"C1", "0000481001", "A1"};  // zeros too many
    send(sheet);
    const ProblemId id = problem_of(Code::unknown_subject);
    auto reading = session();
    const auto options =
        json::parse(repairs_->options(reading, *problem(reading, id), everybody(), true).dump());
    ASSERT_EQ(options[0]["kind"], "link-subject");
    EXPECT_EQ(options[0]["fields"]["value"], "0000481001");
    const json& candidates = options[0]["candidates"];
    ASSERT_EQ(candidates.size(), 2U) << options.dump(1);
    EXPECT_EQ(candidates[0]["subject"]["label"], "S-001");
    EXPECT_TRUE(candidates[0]["strong"]);
    EXPECT_FALSE(candidates[1]["strong"]) << "the same birth date is never enough";
    EXPECT_TRUE(standing(kAnna).empty());
}

TEST_F(RepairTest, AMaskedIdentifierStandsForThatOfItsProblem) {
    send({"C1", "0000481001", "A1"});
    const ProblemId id = problem_of(Code::unknown_subject);
    auto reading = session();
    const auto options =
        json::parse(repairs_->options(reading, *problem(reading, id), everybody(), false).dump());
    json body = options[0]["fields"];
    EXPECT_EQ(body["value"].get<std::string>().find("481001"), std::string::npos);
    body["kind"] = "link-subject";
    body["subject"] = kAnna.value;
    const auto preview = repairs_->preview(id, body, everybody());
    ASSERT_TRUE(preview) << describe(preview.error());
    EXPECT_GT((*preview)["would_store"].get<int>(), 0);
}

TEST_F(RepairTest, AStoppedRepairLeavesWhatItHasNotBegun) {
    send({"C1", "99990001", "A1"});
    const ProblemId problem = problem_of(Code::unknown_subject);
    stop();
    NewRepair planned;
    planned.problem = problem;
    planned.kind = "reprocess";
    planned.request = "{}";
    planned.items = {{MessageId{1}, 1}, {MessageId{1}, 2}};
    std::int64_t job = 0;
    {
        Desk desk(*writer_);
        job = queue_repair(desk, an_act(), planned);
        EXPECT_TRUE(stop_repair(desk, an_act(), job));
        EXPECT_FALSE(stop_repair(desk, an_act(), job));
        desk.commit();
    }
    EXPECT_FALSE(store_->next_job());
    EXPECT_EQ(row_of(job).state, RepairState::stopped);
    EXPECT_EQ(row_of(job).done(), 0);
}

TEST_F(RepairTest, ARepairIsStoppedByWhoeverSeesAllThatItHolds) {
    stop();
    pipeline::RegistryChange change;
    change.subjects = {a_person({}, "003", "00481003")};
    change.subjects.front().site = "ELSEWHERE";
    change.actor = "import subjects.csv";
    store_->begin();
    snapshots_.replace(store_->write_registry(snapshots_.registry(), change));
    store_->commit();
    start();
    const std::vector<Line> unknown{{"CD9 new^^99BD|1", "cells/uL", "900"}};
    send({"C1", "00481001", "A1", "20260310080400", unknown});
    send({"C2", "00481003", "A2", "20260310080400", unknown});
    const RepairRow done = enact(problem_of(Code::unknown_code), {{"kind", "reprocess"}});
    ASSERT_EQ(done.total, 2);
    api::Router router;
    api::add_repair_routes(router, *services_, *repairs_);
    const auto stopped = [&](const char* site) {
        api::Request request;
        request.method = api::Method::post;
        request.path = fmt::format("/jobs/{}/stop", done.id);
        request.body = "{}";
        request.who.account = 5;
        request.who.grants = {{security::Role::data_manager, "NCT05872659", site}};
        return router.serve(std::move(request)).status;
    };
    EXPECT_EQ(stopped("QILU"), 403) << "another site's result would not begin either";
    EXPECT_EQ(stopped("NOWHERE"), 404);
    EXPECT_EQ(stopped(""), 409) << "it has ended";
}

TEST_F(RepairTest, AQueuedRepairIsDoneAfterARestart) {
    send({"C1", "00481001", "A1", "20260310080000", kDoubtful});
    const ProblemId problem = problem_of(Code::panel_differs);
    stop();
    NewRepair planned;
    planned.problem = problem;
    planned.kind = "not-for-study";
    planned.request = "{}";
    for (int ordinal = 1; ordinal <= 3; ++ordinal) {
        planned.items.push_back({MessageId{1}, ordinal});
        NewOverlay& overlay = planned.overlays.emplace_back();
        overlay.message = MessageId{1};
        overlay.overlay.ordinal = ordinal;
        overlay.overlay.kind = study::OverlayKind::ignore;
        overlay.overlay.reason_code = "test";
    }
    std::int64_t job = 0;
    {
        Desk desk(*writer_);
        job = queue_repair(desk, an_act(), planned);
        desk.commit();
    }
    reopen();
    start();
    settle();
    EXPECT_EQ(row_of(job).state, RepairState::done);
    EXPECT_EQ(row_of(job).ignored, 3);
    expect_balanced();
}

TEST_F(RepairTest, WhatAPreviewSaysIsWhatComesAndEveryResultIsAccountedFor) {
    std::mt19937 random(5872659);
    const auto one_of = [&](int count) {
        return static_cast<int>(random() % static_cast<unsigned>(count));
    };
    for (int i = 0; i < 24; ++i) {
        Sheet sheet;
        sheet.control_id = fmt::format("R{}", i);
        sheet.specimen = fmt::format("S{}", i / 2);
        sheet.mrn =
            std::array{"00481001", "00481002", "99990001", ""}[static_cast<std::size_t>(i / 2 % 4)];
        sheet.collected = fmt::format("202603{:02}0800", 5 + i / 2);
        sheet.lines = one_of(3) == 0 ? kDoubtful : kCounts;
        for (Line& line : sheet.lines)
            if (one_of(6) == 0) line.status = "C";
        send(sheet);
    }
    deliver();
    std::vector<std::int64_t> made;
    for (int step = 0; step < 14; ++step) {
        settle();
        std::vector<ProblemRow> open;
        {
            auto reading = session();
            for (const ProblemRow& row : problems(reading, {}))
                if (row.held > 0) open.push_back(row);
        }
        if (open.empty()) break;
        if (step % 4 == 3 && !made.empty()) {
            (void)repairs_->undo(made.back(), everybody(), an_act());
            made.pop_back();
            settle();
            expect_balanced();
            continue;
        }
        const ProblemRow& chosen =
            open[static_cast<std::size_t>(one_of(static_cast<int>(open.size())))];
        const int subject = 1 + one_of(2);
        std::vector<json> bodies{
            {{"kind", "link-subject"}, {"subject", subject}},
            {{"kind", "not-for-study"}, {"reason_code", "test"}},
            {{"kind", "reprocess"}},
            {{"kind", "accept-value"}},
            {{"kind", "move-specimen"}, {"specimen", "S0"}, {"from", 1}, {"to", 2}}};
        const json body = bodies[static_cast<std::size_t>(one_of(5))];
        const auto shown = repairs_->preview(chosen.id, body, everybody());
        if (!shown) continue;  // not for this rule
        const auto enacted = repairs_->enact(chosen.id, body, everybody(), an_act());
        ASSERT_TRUE(enacted) << describe(enacted.error());
        settle();
        const RepairRow done = row_of(*enacted->job);
        made.push_back(done.id);
        EXPECT_EQ(done.stored, (*shown)["would_store"]) << body.dump();
        EXPECT_EQ(done.held, (*shown)["still_held"]) << body.dump();
        EXPECT_EQ(done.ignored, (*shown)["ignored"]) << body.dump();
        EXPECT_EQ(done.failed, 0);
        expect_balanced();
        if (one_of(2) == 0) deliver();
    }
    EXPECT_GT(made.size(), 1U);
}

TEST_F(RepairTest, RepairsAndTrafficGoOnTogether) {
    for (int i = 0; i < 40; ++i)
        send({fmt::format("H{}", i), "99990001", fmt::format("H{}", i),
              fmt::format("202603{:02}0800", 1 + i % 28)});
    const ProblemId problem = problem_of(Code::unknown_subject);
    std::vector<std::future<pipeline::Committed>> answers;
    const auto enacted = repairs_->enact(problem,
                                         {{"kind", "link-subject"},
                                          {"authority", "QILU-MRN"},
                                          {"value", "99990001"},
                                          {"subject", kAnna.value}},
                                         everybody(), an_act());
    ASSERT_TRUE(enacted);
    for (int i = 0; i < 60; ++i)
        answers.push_back(
            submit({fmt::format("N{}", i), i % 2 == 0 ? "99990001" : "00481002",
                    fmt::format("N{}", i), fmt::format("202604{:02}0800", 1 + i % 28)}));
    for (auto& answer : answers) EXPECT_TRUE(answer.get().stored);
    settle();
    EXPECT_EQ(row_of(*enacted->job).stored, 120);
    EXPECT_EQ(number("SELECT count(*) FROM observation WHERE disposition = 'S'"), 300);
    expect_balanced();
}

}  // namespace
}  // namespace labrelay::store
