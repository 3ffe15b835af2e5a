// The REDCap target against the stub: where a result stands, what is refused alone, what a broken
// answer means. The states of deliveries are target_table_test.cpp's.
#include "labrelay/targets/redcap_target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>
#include <utility>

#include "../unit/targets/delivered_results.hpp"
#include "redcap_maps.hpp"
#include "redcap_stub.hpp"
#include "target_bench.hpp"
#include "temporary_directory.hpp"

namespace labrelay::targets {
namespace {

using delivery::Delivery;
using delivery::DeliveryAnswer;
using delivery::Preparation;
using delivery::Standing;
using delivery::TargetAnswer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::RedcapFault;
using testing::RedcapStub;
using units::ResultState;

RedcapStub::Where lab(const std::string& event, const std::string& instance,
                      const std::string& record = "S-004") {
    return {record, event, "lab_results", instance};
}

RedcapStub::Where safety(const std::string& event) {
    return {"S-004", event, "safety", ""};
}

delivery::DeliveredResult count(std::int64_t number, std::string_view value,
                                std::string_view visit = "M3") {
    ResultBuilder result = a_result("R" + std::to_string(number)).analyte("CD4A", value, "/uL");
    result.at_visit(visit, 92).collected("20260701081500+0800", 1);
    result.edit().number = number;
    result.edit().record.number = number;
    return result;
}

delivery::DeliveredResult potassium(std::int64_t number, std::string_view value,
                                    study::Role role = study::Role::chosen) {
    ResultBuilder result = a_result("R" + std::to_string(number)).analyte("K", value, "mmol/L");
    result.at_visit("M3", 92).role(role);
    result.edit().number = number;
    return result;
}

delivery::DeliveredResult alt(std::int64_t number, std::string_view value) {
    ResultBuilder result = a_result("R" + std::to_string(number)).analyte("ALT", value, "U/L");
    result.at_visit("M3", 92);
    result.edit().number = number;
    return result;
}

/// As the ratio of two counts, beside the laboratory's own.
delivery::DeliveredResult computed(delivery::DeliveredResult result) {
    study::ResultRecord& record = result.record;
    record.key.derived = record.versions.back().analyte;
    record.versions.back().inputs = {ObservationId{MessageId{1}, 1}};
    result.derived_from = {"RA"};
    return result;
}

class RedcapTargetTest : public ::testing::Test {
protected:
    RedcapTargetTest() : map_(testing::a_redcap_map()) {
        testing::build_laboratory_project(stub_);
        write_token(0600);
        make();
    }

    void write_token(::mode_t mode) {
        const auto token = directory_.path() / "token";
        std::ofstream(token) << RedcapStub::kToken << "\n";
        ::chmod(token.c_str(), mode);
    }
    void make() {
        RedcapTargetSettings settings;
        settings.study = "NCT05872659";
        settings.client.http.url = stub_.url();
        settings.client.token_file = directory_.path() / "token";
        settings.client.requests_per_minute = 60;
        target_ = std::make_unique<RedcapTarget>(settings, map_, AnalyteNames{},
                                                 std::vector<study::GradeScale>{}, clock_,
                                                 [this](Instant until) { clock_.set(until); });
    }

    /// As the worker does it: prepare, deliver, remember.
    TargetAnswer tell(std::vector<Delivery> batch) {
        for (Delivery& delivery : batch) {
            delivery.standings.written = written_;
        }
        prepared_ = target_->prepare(batch);
        if (prepared_.kind != Preparation::Kind::ready) {
            return {TargetAnswer::Kind::stopped, prepared_.why, false, {}};
        }
        std::vector<Delivery> to_send;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            remember(prepared_.each[i].stands);
            if (!prepared_.each[i].sending.empty()) {
                to_send.push_back(batch[i]);
            }
        }
        if (to_send.empty()) {
            return {};
        }
        TargetAnswer answer = target_->deliver(to_send);
        for (const DeliveryAnswer& each : answer.each) {
            remember(each.stands);
        }
        return answer;
    }
    TargetAnswer tell(std::vector<delivery::DeliveredResult> results) {
        return tell(std::vector<Delivery>{a_delivery(++id_, std::move(results))});
    }
    void remember(const std::vector<Standing>& stands) {
        for (const Standing& one : stands) {
            std::erase_if(written_, [&](const Standing& old) { return old.number == one.number; });
            if (!one.content.empty()) {
                written_.push_back(one);
            }
        }
    }
    int imports() const { return stub_.count("record:import"); }

    test::TemporaryDirectory directory_;
    RedcapStub stub_;
    MovingClock clock_;
    study::RedcapMap map_;
    std::unique_ptr<RedcapTarget> target_;
    std::vector<Standing> written_;
    Preparation prepared_;
    std::int64_t id_ = 0;
};

TEST_F(RedcapTargetTest, ValueComparatorAndStateGoToTheirOwnFieldsFlatAndEav) {
    for (const auto format : {study::RedcapMap::Format::flat, study::RedcapMap::Format::eav}) {
        map_.format = format;
        make();
        const std::int64_t first = format == study::RedcapMap::Format::flat ? 1 : 3;
        ResultBuilder limit = a_result("R" + std::to_string(first + 1))
                                  .analyte("CD4A", "20", "/uL")
                                  .without_number(ResultState::below_lloq, "<20");
        limit.at_visit("M3", 92);
        limit.edit().number = first + 1;
        limit.edit().record.versions[0].value.comparator = units::Comparator::less;
        tell({count(first, "412"), limit});
        const auto number = lab("m3_arm_1", std::to_string(first));
        EXPECT_EQ(stub_.value(number, "lr_value"), "412");
        EXPECT_EQ(stub_.value(number, "lr_state"), "1");
        EXPECT_EQ(stub_.value(number, "lr_drawn"), "2026-07-01 08:15");
        EXPECT_EQ(stub_.value(number, "lab_results_complete"), "2");
        const auto below = lab("m3_arm_1", std::to_string(first + 1));
        EXPECT_EQ(stub_.value(below, "lr_value"), "") << "<20 is no number";
        EXPECT_EQ(stub_.value(below, "lr_comparator"), "<");
        EXPECT_EQ(stub_.value(below, "lr_text"), "<20");
        EXPECT_EQ(stub_.value(below, "lr_state"), "2");
    }
}

TEST_F(RedcapTargetTest, ANumberThatBecomesALimitIsErased) {
    tell({count(1, "412")});
    ResultBuilder limit =
        a_result("R1").analyte("CD4A", "20", "/uL").without_number(ResultState::below_lloq, "<20");
    limit.at_visit("M3", 92).collected("20260701081500+0800", 1);
    limit.edit().number = 1;
    tell({limit});
    EXPECT_EQ(stub_.value(lab("m3_arm_1", "1"), "lr_value"), "");
    EXPECT_EQ(stub_.value(lab("m3_arm_1", "1"), "lr_text"), "<20");
    EXPECT_EQ(stub_.calls().back().what, "record:export") << "and was read again";
}

TEST_F(RedcapTargetTest, ANewResultTakesTheNextFreeInstanceAndKeepsItForLife) {
    stub_.enter(lab("m3_arm_1", "4"), "lr_value", "1");  // the site's own
    tell({count(1, "412")});
    tell({count(2, "398")});
    EXPECT_EQ(stub_.value(lab("m3_arm_1", "5"), "lr_id"), "R1");
    EXPECT_EQ(stub_.value(lab("m3_arm_1", "6"), "lr_id"), "R2");
    tell({count(1, "413")});
    EXPECT_EQ(stub_.value(lab("m3_arm_1", "5"), "lr_value"), "413");
    EXPECT_THAT(stub_.instances("S-004", "m3_arm_1", "lab_results"), ElementsAre("4", "5", "6"));
}

TEST_F(RedcapTargetTest, AnInstanceIsFoundByItsResultIdWhereOurMemoryOfItIsLost) {
    tell({count(1, "412")});
    written_.clear();  // as after a store that was restored
    tell({count(1, "412")});
    EXPECT_THAT(stub_.instances("S-004", "m3_arm_1", "lab_results"), ElementsAre("1"));
    EXPECT_EQ(imports(), 1) << "it stands as wanted";
    ASSERT_EQ(written_.size(), 1U) << "and is known again";
}

TEST_F(RedcapTargetTest, TwoDeliveriesOfOneResultInABatchAreOneInstance) {
    const TargetAnswer answer =
        tell({a_delivery(1, {count(1, "412")}), a_delivery(2, {count(1, "412")})});
    ASSERT_EQ(answer.each.size(), 2U);
    EXPECT_EQ(answer.each[1].kind, DeliveryAnswer::Kind::delivered);
    EXPECT_THAT(stub_.instances("S-004", "m3_arm_1", "lab_results"), ElementsAre("1"));
}

TEST_F(RedcapTargetTest, AMovedResultLeavesItsOldEvent) {
    tell({count(1, "412", "M3")});
    tell({count(1, "412", "M6")});
    EXPECT_THAT(stub_.instances("S-004", "m3_arm_1", "lab_results"), IsEmpty());
    EXPECT_EQ(stub_.value(lab("m6_arm_1", "1"), "lr_value"), "412");
    EXPECT_EQ(imports(), 2) << "both ends in one request, which REDCap takes whole or not at all";
}

TEST_F(RedcapTargetTest, AMovedResultStaysWhereItWasWhileItsOldFormIsLocked) {
    for (const bool named : {true, false}) {
        RedcapStub::Where old_place = lab("m3_arm_1", "1");
        if (named) {
            tell({count(1, "412", "M3")});
            stub_.lock(old_place);
        } else {
            // REDCap refuses the request without naming a cell, and the batch is halved.
            stub_.lock(old_place, false);
            stub_.set_events({"scr_arm_1", "m6_arm_1", "m12_arm_1"});
        }
        const char* target = named ? "M6" : "M12";
        const std::string event = named ? "m6_arm_1" : "m12_arm_1";
        const TargetAnswer answer = tell({count(1, "412", target), count(2, "398", target)});
        ASSERT_EQ(answer.each.size(), 1U);
        ASSERT_EQ(answer.each[0].kind, DeliveryAnswer::Kind::rejected) << answer.why;
        ASSERT_EQ(answer.each[0].refusals.size(), 1U);
        EXPECT_EQ(answer.each[0].refusals[0].number, 1);
        EXPECT_THAT(answer.each[0].refusals[0].why, HasSubstr("m3_arm_1"));
        EXPECT_EQ(stub_.value(old_place, "lr_value"), "412");
        EXPECT_EQ(stub_.value(lab(event, "1"), "lr_value"), "") << "never at two visits";
        EXPECT_EQ(stub_.value(lab(event, "2"), "lr_value"), "398") << "which is not concerned";
        const auto kept = std::find_if(written_.begin(), written_.end(),
                                       [](const Standing& one) { return one.number == 1; });
        ASSERT_NE(kept, written_.end());
        EXPECT_THAT(kept->place, HasSubstr("m3_arm_1"));
    }
}

TEST_F(RedcapTargetTest, AMovedResultIsFoundOnlyWhereItHasLeftItsOldPlace) {
    tell({count(1, "412", "M3")});
    std::vector<Delivery> batch{a_delivery(9, {count(1, "412", "M6")})};
    batch[0].standings.written = written_;
    const Preparation prepared = target_->prepare(batch);
    batch[0].standings.sending = prepared.each.at(0).sending;
    stub_.fail(RedcapFault::commit_then_drop);
    ASSERT_EQ(target_->deliver(batch).each.at(0).kind, DeliveryAnswer::Kind::unknown);
    EXPECT_EQ(target_->read_back(batch).at(0).kind, delivery::ReadBack::Kind::found);
    stub_.enter(lab("m3_arm_1", "1"), "lr_value", "412");
    EXPECT_EQ(target_->read_back(batch).at(0).kind, delivery::ReadBack::Kind::not_found);
}

TEST_F(RedcapTargetTest, ARemovalThatTwoDeliveriesTellIsSettledByWhatWasSent) {
    tell({potassium(1, "4.1")});
    stub_.lock(safety("m3_arm_1"));
    const auto removal = [] { return potassium(1, "4.1", study::Role::additional); };
    const TargetAnswer answer = tell({a_delivery(11, {removal()}), a_delivery(12, {removal()})});
    ASSERT_EQ(answer.each.size(), 2U);
    EXPECT_EQ(answer.each[0].kind, DeliveryAnswer::Kind::rejected);
    EXPECT_EQ(answer.each[1].kind, DeliveryAnswer::Kind::rejected);
    ASSERT_EQ(written_.size(), 1U) << "it stands there still";
    stub_.lock(safety("m3_arm_1"), false);
    tell({removal()});
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "");
    EXPECT_THAT(written_, IsEmpty());
}

TEST_F(RedcapTargetTest, ARemovalThatTwoDeliveriesTellIsReadBackForBoth) {
    tell({potassium(1, "4.1")});
    std::vector<Delivery> batch;
    for (const std::int64_t id : {11, 12}) {
        batch.push_back(a_delivery(id, {potassium(1, "4.1", study::Role::additional)}));
        batch.back().standings.written = written_;
    }
    const Preparation prepared = target_->prepare(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        EXPECT_THAT(prepared.each.at(i).stands, IsEmpty()) << i;
        batch[i].standings.sending = prepared.each[i].sending;
    }
    stub_.fail(RedcapFault::refuse_connection_early);
    target_->deliver(batch);
    for (const delivery::ReadBack& reading : target_->read_back(batch)) {
        EXPECT_EQ(reading.kind, delivery::ReadBack::Kind::not_found);
        EXPECT_THAT(reading.stands, IsEmpty());
    }
}

TEST_F(RedcapTargetTest, AResultThatAnotherReplacesIsForgottenOnlyWithIt) {
    tell({potassium(1, "4.1")});
    stub_.lock(safety("m3_arm_1"));
    tell({potassium(2, "4.4"), potassium(1, "4.1", study::Role::additional)});
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_EQ(written_[0].number, 1);
    stub_.lock(safety("m3_arm_1"), false);
    tell({potassium(2, "4.4"), potassium(1, "4.1", study::Role::additional)});
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "4.4");
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_EQ(written_[0].number, 2);
}

TEST_F(RedcapTargetTest, AReplacementWhoseAnswerIsLostIsReadBackForBoth) {
    for (const bool arrived : {false, true}) {
        const std::int64_t old = arrived ? 2 : 1;  // the first round leaves nothing behind
        tell({potassium(old, "4.1")});
        std::vector<Delivery> batch{a_delivery(
            20 + old, {potassium(old, "4.1", study::Role::additional), potassium(old + 2, "4.4")})};
        batch[0].standings.written = written_;
        batch[0].standings.sending = target_->prepare(batch).each.at(0).sending;
        stub_.fail(arrived ? RedcapFault::commit_then_drop : RedcapFault::refuse_connection_early);
        target_->deliver(batch);
        const delivery::ReadBack reading = target_->read_back(batch).at(0);
        EXPECT_EQ(reading.kind,
                  arrived ? delivery::ReadBack::Kind::found : delivery::ReadBack::Kind::not_found);
        EXPECT_EQ(reading.stands.size(), arrived ? 2U : 0U);
        tell({potassium(old, "4.1", study::Role::additional)});
    }
}

TEST_F(RedcapTargetTest, AResultThatCannotLeaveWholeIsLeftWhole) {
    tell({potassium(1, "4.1")});
    stub_.enter(safety("m3_arm_1"), "k_text", "4.2");
    tell({potassium(1, "4.1", study::Role::additional), count(2, "398")});
    ASSERT_EQ(prepared_.each[0].refusals.size(), 1U);
    EXPECT_EQ(prepared_.each[0].refusals[0].rule, Code::target_value_edited);
    EXPECT_EQ(stub_.value(lab("m3_arm_1", "1"), "lr_value"), "398");
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_state"), "quantified");
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_text"), "4.2");
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "4.1");
}

TEST_F(RedcapTargetTest, ALockedFormLeavesTheOtherFormsOfItsEventAlone) {
    stub_.lock(safety("m3_arm_1"));
    const TargetAnswer answer = tell({potassium(1, "4.1"), alt(2, "33")});
    ASSERT_EQ(answer.each.size(), 1U);
    ASSERT_EQ(answer.each[0].refusals.size(), 1U);
    EXPECT_EQ(answer.each[0].refusals[0].number, 1);
    const RedcapStub::Where liver{"S-004", "m3_arm_1", "liver", ""};
    EXPECT_EQ(stub_.value(liver, "alt_value"), "33");
    EXPECT_EQ(stub_.value(liver, "liver_complete"), "1");
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_EQ(written_[0].number, 2);
    EXPECT_EQ(imports(), 2) << "both forms in one request, then the rest once more";
}

TEST_F(RedcapTargetTest, TheFormsOfAnEventAreOneRowOfARequest) {
    tell({potassium(1, "4.1"), alt(2, "33")});
    std::vector<std::string> sent;
    for (const RedcapStub::Call& call : stub_.calls()) {
        if (call.what == "record:import") {
            sent.push_back(call.parameters.at("data"));
        }
    }
    ASSERT_EQ(sent.size(), 1U);
    const std::string_view event = "redcap_event_name";
    const std::size_t first = sent[0].find(event);
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(sent[0].find(event, first + 1), std::string::npos);
}

TEST_F(RedcapTargetTest, AComputedValueGivesWayToTheLaboratorysOwn) {
    for (const bool computed_first : {false, true}) {
        const std::int64_t base = computed_first ? 10 : 0;
        std::vector<delivery::DeliveredResult> results{potassium(base + 1, "4.1"),
                                                       computed(potassium(base + 2, "4.12"))};
        if (computed_first) {
            std::swap(results[0], results[1]);
        }
        tell(results);
        EXPECT_THAT(prepared_.each[0].refusals, IsEmpty());
        EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "4.1");
        ASSERT_EQ(written_.size(), 1U);
        EXPECT_EQ(written_[0].number, base + 1);
        const int before = imports();
        tell({computed(potassium(base + 2, "4.13"))});
        EXPECT_EQ(imports(), before) << "nor does its correction come between";
        tell({potassium(base + 1, "4.2")});
        EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "4.2");
        tell({potassium(base + 1, "4.2", study::Role::additional),
              computed(potassium(base + 2, "4.13", study::Role::additional))});
        EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "");
        EXPECT_THAT(written_, IsEmpty());
    }
}

TEST_F(RedcapTargetTest, AComputedValueThatWasToldFirstIsReplacedAndForgotten) {
    tell({computed(potassium(1, "4.12"))});
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "4.12");
    tell({potassium(2, "4.1")});
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "4.1");
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_EQ(written_[0].number, 2);
    tell({potassium(2, "4.2")});
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "4.2");
    tell({potassium(2, "4.2", study::Role::additional)});
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "");
    EXPECT_THAT(written_, IsEmpty());
}

TEST_F(RedcapTargetTest, AComputedValueIsForgottenWhereTheAnswerOfItsReplacementIsLost) {
    tell({computed(potassium(1, "4.12"))});
    std::vector<Delivery> batch{a_delivery(9, {potassium(2, "4.1")})};
    batch[0].standings.written = written_;
    batch[0].standings.sending = target_->prepare(batch).each.at(0).sending;
    stub_.fail(RedcapFault::commit_then_drop);
    target_->deliver(batch);
    const delivery::ReadBack reading = target_->read_back(batch).at(0);
    ASSERT_EQ(reading.kind, delivery::ReadBack::Kind::found);
    remember(reading.stands);
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_EQ(written_[0].number, 2);
}

TEST_F(RedcapTargetTest, TwoReportedResultsDoNotShareAField) {
    tell({potassium(1, "4.1"), potassium(2, "4.4")});
    for (int round = 0; round < 2; ++round) {
        ASSERT_EQ(prepared_.each[0].refusals.size(), 1U);
        EXPECT_EQ(prepared_.each[0].refusals[0].number, 2);
        EXPECT_EQ(prepared_.each[0].refusals[0].rule, Code::delivery_rejected);
        EXPECT_THAT(prepared_.each[0].refusals[0].why, HasSubstr("instrument safety at m3_arm_1"));
        EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "4.1");
        tell({potassium(2, "4.5")});  // alone, as its correction comes
    }
    tell({potassium(1, "4.0")});
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "4.0");
}

TEST_F(RedcapTargetTest, FieldsThatAnEventHasOnceHoldTheChosenDraw) {
    stub_.enter(safety("m3_arm_1"), "remarks", "by the site");
    tell({potassium(1, "4.1")});
    tell({potassium(1, "4.1", study::Role::additional), potassium(2, "4.4")});
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "4.4");
    tell({potassium(2, "4.4", study::Role::additional)});
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "");
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "remarks"), "by the site");
    EXPECT_THAT(written_, IsEmpty());
}

TEST_F(RedcapTargetTest, WhatTheSiteFilledInFirstIsRaisedAndKept) {
    stub_.enter(safety("m3_arm_1"), "k_value", "4.0");
    tell({potassium(1, "4.1")});
    ASSERT_EQ(prepared_.each[0].refusals.size(), 1U);
    EXPECT_EQ(prepared_.each[0].refusals[0].rule, Code::target_value_edited);
    EXPECT_THAT(prepared_.each[0].refusals[0].why, HasSubstr("field k_value"));
    EXPECT_EQ(stub_.value(safety("m3_arm_1"), "k_value"), "4.0");
}

TEST_F(RedcapTargetTest, AValueThatTheSiteErasedIsRaisedToo) {
    tell({count(1, "412")});
    stub_.enter(lab("m3_arm_1", "1"), "lr_value", "");
    tell({count(1, "413")});
    ASSERT_EQ(prepared_.each[0].refusals.size(), 1U);
    EXPECT_THAT(prepared_.each[0].refusals[0].why, HasSubstr("erased"));
    EXPECT_EQ(stub_.value(lab("m3_arm_1", "1"), "lr_value"), "");
}

TEST_F(RedcapTargetTest, ALockedFormBlocksOnlyItself) {
    for (const bool old : {false, true}) {
        if (old) {
            stub_.speak_as_old_server();
        }
        const std::int64_t base = old ? 100 : 0;
        stub_.lock(lab("m6_arm_1", old ? "2" : "1"));
        const int before = imports();
        const TargetAnswer answer =
            tell({count(base + 1, "412", "M3"), count(base + 2, "398", "M6"),
                  count(base + 3, "377", "M12")});
        ASSERT_EQ(answer.each.size(), 1U);
        ASSERT_EQ(answer.each[0].kind, DeliveryAnswer::Kind::rejected) << answer.why;
        ASSERT_EQ(answer.each[0].refusals.size(), 1U);
        EXPECT_EQ(answer.each[0].refusals[0].number, base + 2);
        const std::string& why = answer.each[0].refusals[0].why;
        EXPECT_THAT(why, HasSubstr("form that is locked")) << "the target's words";
        EXPECT_THAT(why, HasSubstr("field lr_")) << "beside our field";
        EXPECT_THAT(why, HasSubstr("m6_arm_1"));
        EXPECT_THAT(why, Not(HasSubstr("398")));
        EXPECT_THAT(why, Not(HasSubstr("S-004")));
        EXPECT_EQ(answer.each[0].stands.size(), 2U);
        EXPECT_EQ(imports() - before, 2) << "refused, and the rest once more";
        stub_.lock(lab("m6_arm_1", "1"), false);
        if (!old) {
            tell({count(2, "398", "M6")});
        }
    }
}

TEST_F(RedcapTargetTest, ACellThatFitsTwoRowsIsToldApartBySendingThem) {
    tell({count(1, "400", "M3"), count(2, "400", "M6")});
    stub_.lock(lab("m6_arm_1", "1"));
    const TargetAnswer answer = tell({count(1, "412", "M3"), count(2, "412", "M6")});
    ASSERT_EQ(answer.each[0].refusals.size(), 1U);
    EXPECT_EQ(answer.each[0].refusals[0].number, 2);
    EXPECT_EQ(stub_.value(lab("m3_arm_1", "1"), "lr_value"), "412");
}

TEST_F(RedcapTargetTest, ABadBatchWithoutNamesIsHalvedUntilTheBadRowStandsAlone) {
    tell({count(50, "1", "M0")});
    stub_.set_events({"scr_arm_1", "m0_arm_1", "m1_arm_1", "m2_arm_1", "m3_arm_1", "m12_arm_1"});
    std::vector<Delivery> batch;
    for (std::int64_t number = 1; number <= 16; ++number) {
        batch.push_back(
            a_delivery(number + 100, {count(number, "412", number == 11 ? "M6" : "M3")}));
    }
    const TargetAnswer answer = tell(batch);
    ASSERT_EQ(answer.each.size(), 16U);
    for (std::size_t i = 0; i < 16; ++i) {
        EXPECT_EQ(answer.each[i].kind,
                  i == 10 ? DeliveryAnswer::Kind::rejected : DeliveryAnswer::Kind::delivered)
            << i;
    }
    EXPECT_THAT(answer.each[10].refusals.at(0).why, HasSubstr("redcap_event_name"));
    EXPECT_EQ(stub_.instances("S-004", "m3_arm_1", "lab_results").size(), 15U);
}

struct Broken {
    RedcapFault fault;
    const char* what;
    DeliveryAnswer::Kind kind;  ///< of the delivery
    bool stopped;
    const char* stands;
};

constexpr Broken kBroken[] = {
    {RedcapFault::unavailable, "record:import", DeliveryAnswer::Kind::unknown, false, ""},
    {RedcapFault::page_with_200, "record:import", DeliveryAnswer::Kind::unknown, false, ""},
    {RedcapFault::truncated, "record:import", DeliveryAnswer::Kind::unknown, false, "412"},
    {RedcapFault::slow, "record:import", DeliveryAnswer::Kind::unknown, false, "412"},
    {RedcapFault::commit_then_drop, "record:import", DeliveryAnswer::Kind::unknown, false, "412"},
    {RedcapFault::refuse_connection_early, "record:import", DeliveryAnswer::Kind::unknown, false,
     ""},
    // A redirect drops the body: nothing is written, and the URL is wrong.
    {RedcapFault::redirect, "record:import", DeliveryAnswer::Kind::retry, true, ""},
};

/// What was sent is done, however late.
bool comes_to_import(const RedcapStub& stub) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (stub.count("record:import") == 0) {
        if (std::chrono::steady_clock::now() > limit) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

TEST_F(RedcapTargetTest, WhateverIsNoAnswerOfTheApiSaysNothingAboutTheData) {
    for (const Broken& broken : kBroken) {
        RedcapStub stub;
        testing::build_laboratory_project(stub);
        RedcapTargetSettings settings;
        settings.study = "NCT05872659";
        settings.client.http.url = stub.url();
        const bool slow = broken.fault == RedcapFault::slow;
        if (slow) {
            settings.client.http.answer_timeout = std::chrono::milliseconds{150};
        }
        settings.client.token_file = directory_.path() / "token";
        RedcapTarget target(settings, map_, {}, {}, clock_,
                            [this](Instant until) { clock_.set(until); });
        const std::vector<Delivery> batch{a_delivery(1, {count(1, "412")})};
        Preparation prepared = target.prepare(batch);
        // On a busy machine a sound answer may take too long as well; then it is asked for again.
        while (slow && prepared.kind == Preparation::Kind::retry) {
            prepared = target.prepare(batch);
        }
        ASSERT_EQ(prepared.kind, Preparation::Kind::ready) << prepared.why;
        stub.fail(broken.fault, broken.what);
        const TargetAnswer answer = target.deliver(batch);
        if (slow) {
            ASSERT_TRUE(comes_to_import(stub));  // whoever waited has left by now
        }
        const int fault = static_cast<int>(broken.fault);
        EXPECT_FALSE(answer.why.empty()) << fault;
        if (broken.stopped) {
            EXPECT_EQ(answer.kind, TargetAnswer::Kind::stopped) << fault;
        } else {
            ASSERT_EQ(answer.each.size(), 1U) << fault << answer.why;
            EXPECT_EQ(answer.each[0].kind, broken.kind) << fault;
        }
        EXPECT_EQ(stub.value(lab("m3_arm_1", "1"), "lr_value"), broken.stands) << fault;
    }
}

TEST_F(RedcapTargetTest, AnExportThatIsCutShortIsNotTakenForAnEmptyProject) {
    tell({count(1, "412")});
    stub_.fail(RedcapFault::truncated, "record:export");
    std::vector<Delivery> batch{a_delivery(9, {count(2, "398")})};
    EXPECT_EQ(target_->prepare(batch).kind, Preparation::Kind::retry);
}

TEST_F(RedcapTargetTest, ACountIsNoProof) {
    stub_.forget_field("lr_text");
    const TargetAnswer answer = tell({count(1, "412")});
    ASSERT_EQ(answer.each.at(0).kind, DeliveryAnswer::Kind::rejected);
    EXPECT_THAT(answer.each[0].refusals.at(0).why,
                HasSubstr("field lr_text at m3_arm_1, lab_results instance 1: was accepted"));
}

TEST_F(RedcapTargetTest, AMapThatDoesNotFitStopsEverythingAndNamesEachDifference) {
    stub_.change_field("lr_text", {"lr_words", "lab_results"});
    stub_.set_repeating("m6_arm_1", "lab_results", false);
    const TargetAnswer answer = tell({count(1, "412")});
    EXPECT_EQ(answer.kind, TargetAnswer::Kind::stopped);
    EXPECT_THAT(answer.why, HasSubstr("field lr_text is not in the project"));
    EXPECT_THAT(answer.why, HasSubstr("does not repeat in the event m6_arm_1"));
    EXPECT_EQ(imports(), 0);
}

TEST_F(RedcapTargetTest, TheMapIsCheckedAgainEveryDay) {
    tell({count(1, "412")});
    tell({count(2, "398")});
    EXPECT_EQ(stub_.count("metadata"), 1);
    clock_.advance(std::chrono::hours{24});
    stub_.change_field("lr_state", {"lr_state", "lab_results", "dropdown", "", "1, Number"});
    const TargetAnswer answer = tell({count(3, "377")});
    EXPECT_EQ(answer.kind, TargetAnswer::Kind::stopped);
    EXPECT_THAT(answer.why, HasSubstr("field lr_state has no choice 2"));
    EXPECT_EQ(stub_.count("metadata"), 2);
}

TEST_F(RedcapTargetTest, ATokenThatOthersMayReadIsNotUsed) {
    write_token(0644);
    const TargetAnswer answer = tell({count(1, "412")});
    EXPECT_EQ(answer.kind, TargetAnswer::Kind::stopped);
    EXPECT_THAT(answer.why, HasSubstr("secret-file-bad"));
    EXPECT_THAT(stub_.calls(), IsEmpty());
    write_token(0600);
    EXPECT_EQ(tell({count(1, "412")}).kind, TargetAnswer::Kind::each) << "no restart is needed";
}

TEST_F(RedcapTargetTest, NothingButTheMapLeaves) {
    tell({count(1, "412")});
    for (const RedcapStub::Call& call : stub_.calls()) {
        const auto data = call.parameters.find("data");
        if (data == call.parameters.end()) {
            continue;
        }
        EXPECT_THAT(data->second, Not(HasSubstr("A260701"))) << "the specimen is not mapped";
        EXPECT_THAT(data->second, Not(HasSubstr("QILU")));
    }
    EXPECT_EQ(imports(), 1);
}

TEST_F(RedcapTargetTest, AClassicProjectWorksWithoutEvents) {
    stub_.set_classic();
    stub_.set_repeating("", "lab_results");
    map_.longitudinal = false;
    map_.events.clear();
    make();
    tell({count(1, "412")});
    EXPECT_EQ(stub_.value(lab("", "1"), "lr_value"), "412");
    EXPECT_EQ(stub_.count("event"), 0) << "asking a classic project for events is an error";
}

}  // namespace
}  // namespace labrelay::targets
