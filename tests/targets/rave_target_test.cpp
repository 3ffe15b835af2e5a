// The Rave target against the stub: what a touched item proves, and what is refused alone. The
// states of deliveries are target_table_test.cpp's.
#include "labrelay/targets/rave_target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "../unit/targets/delivered_results.hpp"
#include "rave_stub.hpp"
#include "target_bench.hpp"
#include "temporary_directory.hpp"

namespace labrelay::targets {
namespace {

using delivery::Delivery;
using delivery::DeliveryAnswer;
using delivery::Preparation;
using delivery::ReadBack;
using delivery::TargetAnswer;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RaveFault;
using testing::RaveStub;

/// Each visit is an event with a form of its own; keys are those of our ODM.
Result<OdmSubjectEvent> items_of(const LabRow& row) {
    OdmSubjectEvent event{row.subject, "L1", "SE_" + row.visit, {}, {}};
    if (row.visit.empty()) {
        event.event_repeat_key = row.specimen;
    }
    OdmItem item;
    item.group_repeat_key = row.result_id;
    item.form_oid = "F_" + row.visit;
    item.item_group_oid = "IG";
    item.item_oid = "I_" + row.analyte;
    item.value = row.value_num;
    event.items.push_back(item);
    return event;
}

delivery::DeliveredResult count(std::int64_t number, std::string_view value,
                                std::string_view visit) {
    ResultBuilder result = a_result("R" + std::to_string(number)).analyte("CD4A", value, "/uL");
    result.at_visit(visit, 92);
    result.edit().number = number;
    return result;
}

class RaveTargetTest : public ::testing::Test {
protected:
    RaveTargetTest() {
        stub_.add_subject("S-004");
        for (const char* event : {"SE_M3", "SE_M6"}) {
            stub_.add_event(event);
        }
        stub_.add_item("I_CD4A");
        const auto password = directory_.path() / "password";
        std::ofstream(password) << RaveStub::kPassword << "\n";
        ::chmod(password.c_str(), 0600);
        RaveTargetSettings settings;
        settings.study = "NCT05872659";
        settings.http.url = stub_.url();
        settings.password_file = password;
        settings.project = "Mediflex";
        settings.environment = "Dev";
        settings.header.study_oid = "Mediflex (Dev)";
        target_ = std::make_unique<RaveTarget>(settings, items_of, AnalyteNames{},
                                               std::vector<study::GradeScale>{}, clock_,
                                               [this](Instant until) { clock_.set(until); });
    }

    TargetAnswer tell(std::vector<delivery::DeliveredResult> results) {
        batch_ = {a_delivery(1, std::move(results))};
        prepared_ = target_->prepare(batch_);
        EXPECT_EQ(prepared_.kind, Preparation::Kind::ready) << prepared_.why;
        return target_->deliver(batch_);
    }

    test::TemporaryDirectory directory_;
    RaveStub stub_;
    MovingClock clock_;
    std::unique_ptr<RaveTarget> target_;
    std::vector<Delivery> batch_;
    Preparation prepared_;
};

TEST_F(RaveTargetTest, ADocumentHasRavesAttributesAndOnlyWhatChanges) {
    const TargetAnswer answer = tell({count(1, "412", "M3")});
    EXPECT_EQ(answer.each.at(0).kind, DeliveryAnswer::Kind::delivered);
    EXPECT_EQ(answer.each[0].stands.size(), 1U);
    EXPECT_THAT(stub_.last_document(), HasSubstr("mdsol:Submission=\"SpecifiedItemsOnly\""));
    EXPECT_THAT(stub_.last_document(), HasSubstr("StudyOID=\"Mediflex (Dev)\""));
    EXPECT_THAT(stub_.last_document(), HasSubstr("TransactionType=\"Upsert\""));
}

TEST_F(RaveTargetTest, RepeatKeysAreNumbersThatStayWithTheDrawAndTheResult) {
    stub_.add_event("SE_");
    const auto unscheduled = [](std::int64_t number, std::string_view value, const char* draw) {
        delivery::DeliveredResult result = count(number, value, "");
        result.specimen = draw;
        return result;
    };
    const auto tell_after = [&](std::int64_t delivery, std::vector<delivery::Standing> written,
                                delivery::DeliveredResult result) {
        batch_ = {a_delivery(delivery, {std::move(result)})};
        batch_[0].standings.written = std::move(written);
        prepared_ = target_->prepare(batch_);
        std::vector<delivery::Standing> stands = target_->deliver(batch_).each.at(0).stands;
        EXPECT_EQ(stands.size(), 1U);
        return stands;
    };
    auto told = tell_after(1, {}, unscheduled(7, "412", "E1"));
    EXPECT_THAT(stub_.last_document(), HasSubstr("StudyEventRepeatKey=\"7\""));
    EXPECT_THAT(stub_.last_document(), HasSubstr("ItemGroupRepeatKey=\"7\""));
    // The same draw, another result; then another draw, and the first result's correction.
    stub_.enter({"S-004", "SE_", "F_", "I_CD4A"}, "");
    tell_after(2, told, unscheduled(3, "700", "E1"));
    EXPECT_THAT(stub_.last_document(), HasSubstr("StudyEventRepeatKey=\"7\""));
    EXPECT_THAT(stub_.last_document(), HasSubstr("ItemGroupRepeatKey=\"3\""));
    stub_.enter({"S-004", "SE_", "F_", "I_CD4A"}, "");
    tell_after(3, told, unscheduled(8, "398", "E2"));
    EXPECT_THAT(stub_.last_document(), HasSubstr("StudyEventRepeatKey=\"8\""));
}

TEST_F(RaveTargetTest, WhatIsAcceptedAndDoesNotStandThereIsRefused) {
    stub_.fail(RaveFault::touches_nothing);
    const TargetAnswer answer = tell({count(1, "412", "M3")});
    ASSERT_EQ(answer.each.at(0).kind, DeliveryAnswer::Kind::rejected);
    ASSERT_EQ(answer.each[0].refusals.size(), 1U);
    EXPECT_EQ(answer.each[0].refusals[0].number, 1);
    EXPECT_THAT(answer.each[0].refusals[0].why,
                HasSubstr("item I_CD4A of F_M3 at SE_M3: was accepted and does not stand there"));
    EXPECT_TRUE(answer.each[0].stands.empty());
}

TEST_F(RaveTargetTest, WhatStandsThereAlthoughNothingWasTouchedIsDelivered) {
    batch_ = {a_delivery(1, {count(1, "412", "M3")})};
    ASSERT_EQ(target_->prepare(batch_).each.at(0).sending.size(), 1U);
    ASSERT_EQ(target_->deliver(batch_).each.at(0).kind, DeliveryAnswer::Kind::delivered);
    const TargetAnswer again = target_->deliver(batch_);  // as if somebody else had been first
    ASSERT_EQ(again.each.at(0).kind, DeliveryAnswer::Kind::delivered);
    EXPECT_EQ(again.each[0].stands.size(), 1U);
}

TEST_F(RaveTargetTest, WhatWasAcceptedAndCannotBeReadIsUnknown) {
    batch_ = {a_delivery(1, {count(1, "412", "M3")})};
    ASSERT_EQ(target_->prepare(batch_).kind, Preparation::Kind::ready);
    stub_.fail(RaveFault::touches_nothing);
    stub_.answer_reads(503, "HTTP 503 Service Temporarily Unavailable");
    const TargetAnswer answer = target_->deliver(batch_);
    ASSERT_EQ(answer.each.at(0).kind, DeliveryAnswer::Kind::unknown);
    EXPECT_THAT(answer.why, HasSubstr("1 items were sent and 0 touched"));
    stub_.answer_reads(0);
    batch_[0].standings.sending = {
        {1, R"(["S-004","SE_M3","",""])", R"([["SE_M3","","F_M3","IG","1","I_CD4A","412"]])"}};
    EXPECT_EQ(target_->read_back(batch_).at(0).kind, ReadBack::Kind::not_found);
}

struct Refusal {
    const char* name;
    int status;
    const char* body;
    Preparation::Kind kind;
};

constexpr Refusal kRefusedReads[] = {
    {"no such subject", 404,
     R"(<Response IsTransactionSuccessful="0" ErrorClientResponseMessage="Subject not found."/>)",
     Preparation::Kind::ready},
    {"no such form", 404,
     R"(<Response IsTransactionSuccessful="0" ErrorClientResponseMessage="Form F not found."/>)",
     Preparation::Kind::ready},
    {"no such study", 404,
     R"(<Response IsTransactionSuccessful="0" ErrorClientResponseMessage="Study not found."/>)",
     Preparation::Kind::stopped},
    {"another status", 400,
     R"(<Response IsTransactionSuccessful="0" ErrorClientResponseMessage="Subject not found."/>)",
     Preparation::Kind::stopped},
    {"an ODM root", 404,
     R"(<ODM xmlns:mdsol="m" mdsol:ErrorDescription="Subject not found. [RWS00008]"/>)",
     Preparation::Kind::stopped},
    {"a proxy's page", 400, "<html><body>Bad Request</body></html>", Preparation::Kind::stopped},
    {"away", 503, "HTTP 503 Service Temporarily Unavailable", Preparation::Kind::retry},
};

TEST_F(RaveTargetTest, NothingStandsThereOnlyWhereRaveSaysSo) {
    stub_.enter({"S-004", "SE_M3", "F_M3", "I_CD4A"}, "500");  // what must not be overwritten
    for (const Refusal& read : kRefusedReads) {
        stub_.answer_reads(read.status, read.body);
        const Preparation prepared = target_->prepare({a_delivery(1, {count(1, "412", "M3")})});
        EXPECT_EQ(prepared.kind, read.kind) << read.name << ": " << prepared.why;
        batch_ = {a_delivery(1, {count(1, "412", "M3")})};
        batch_[0].standings.sending = {
            {1, R"(["S-004","SE_M3","",""])", R"([["SE_M3","","F_M3","IG","1","I_CD4A","412"]])"}};
        const bool read_at_all = read.kind == Preparation::Kind::ready;
        EXPECT_EQ(target_->read_back(batch_).at(0).kind == ReadBack::Kind::not_found, read_at_all)
            << read.name;
    }
}

TEST_F(RaveTargetTest, WhatAnEarlierDeliveryOfTheBatchWritesDoesNotStandThereYet) {
    batch_ = {a_delivery(1, {count(1, "412", "M3")}), a_delivery(2, {count(1, "412", "M3")})};
    prepared_ = target_->prepare(batch_);
    EXPECT_EQ(stub_.reads(), 1) << "one form, read once";
    ASSERT_EQ(prepared_.each.size(), 2U);
    EXPECT_EQ(prepared_.each[1].sending, prepared_.each[0].sending);
    EXPECT_TRUE(prepared_.each[1].stands.empty());
    stub_.lock("S-004", "SE_M3", "F_M3");
    const TargetAnswer refused = target_->deliver(batch_);
    EXPECT_EQ(refused.each.at(0).kind, DeliveryAnswer::Kind::rejected);
    EXPECT_EQ(refused.each.at(1).kind, DeliveryAnswer::Kind::rejected);
    stub_.lock("S-004", "SE_M3", "F_M3", false);
    target_->prepare(batch_);
    const TargetAnswer taken = target_->deliver(batch_);
    EXPECT_EQ(taken.each.at(0).kind, DeliveryAnswer::Kind::delivered);
    ASSERT_EQ(taken.each.at(1).kind, DeliveryAnswer::Kind::delivered);
    EXPECT_EQ(taken.each[1].stands, prepared_.each[1].sending);
}

TEST_F(RaveTargetTest, AnErrorMayFollowARequestThatWorked) {
    stub_.fail(RaveFault::commit_then_drop);
    EXPECT_EQ(tell({count(1, "412", "M3")}).each.at(0).kind, DeliveryAnswer::Kind::unknown);
    batch_[0].standings.sending = prepared_.each[0].sending;
    EXPECT_EQ(target_->read_back(batch_).at(0).kind, ReadBack::Kind::found);
    stub_.enter({"S-004", "SE_M3", "F_M3", "I_CD4A"}, "500");
    EXPECT_EQ(target_->read_back(batch_).at(0).kind, ReadBack::Kind::differs);
    for (const RaveFault fault : {RaveFault::page_with_500, RaveFault::unavailable}) {
        stub_.fail(fault);
        EXPECT_EQ(tell({count(2, "398", "M6")}).each.at(0).kind, DeliveryAnswer::Kind::unknown);
    }
}

TEST_F(RaveTargetTest, ALockedFormBlocksOnlyItself) {
    stub_.lock("S-004", "SE_M6", "F_M6");
    const TargetAnswer answer = tell({count(1, "412", "M3"), count(2, "398", "M6")});
    ASSERT_EQ(answer.each.at(0).kind, DeliveryAnswer::Kind::rejected);
    ASSERT_EQ(answer.each[0].refusals.size(), 1U);
    EXPECT_EQ(answer.each[0].refusals[0].number, 2);
    EXPECT_THAT(answer.each[0].refusals[0].why, HasSubstr("item I_CD4A of F_M6 at SE_M6: Form is "
                                                          "locked."));
    EXPECT_THAT(answer.each[0].refusals[0].why, Not(HasSubstr("398")));
    EXPECT_EQ(answer.each[0].stands.size(), 1U);
    EXPECT_EQ(stub_.value({"S-004", "SE_M3", "F_M3", "I_CD4A"}), "412");
}

TEST_F(RaveTargetTest, APasswordThatOthersMayReadIsNotUsed) {
    ::chmod((directory_.path() / "password").c_str(), 0640);
    EXPECT_EQ(target_->prepare({a_delivery(1, {count(1, "412", "M3")})}).kind,
              Preparation::Kind::stopped);
}

}  // namespace
}  // namespace labrelay::targets
