// The audit trail as a whole: what a row says, what editing the file shows, anchors, erased texts.
#include <algorithm>

#include "labrelay/crypto/digest.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/audit_desk.hpp"
#include "labrelay/store/audit_query.hpp"
#include "labrelay/store/audit_verify.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

class AuditTrail : public StoreTest {
protected:
    static Act person(std::string name = "anna") {
        Act act;
        act.actor = std::move(name);
        act.role = "data manager";
        act.origin = Origin::page;
        act.session = "s1";
        act.reason = "because";
        return act;
    }
    void enter(const Act& act, const std::string& object, const std::string& after = R"({"n":1})",
               std::string_view kind = "problem") {
        Desk desk(*writer_);
        desk.audit(act, {kind, "something was done", "problem", object, R"({"n":0})", after});
        desk.commit();
    }
    void enter_many(int count) {
        for (int index = 1; index <= count; ++index) enter(person(), std::to_string(index));
    }
    AuditVerification verify(VerifyOptions options = {}) {
        ReadSession reading = session();
        return verify_audit(reading, options);
    }
    Result<AuditErasure> erasure_of(std::int64_t row, bool elsewhere, std::string_view why) {
        ReadSession reading = session();
        return audit_erasure(reading, row, elsewhere, why);
    }
    void change(const std::string& sql) { direct().execute(sql); }
    std::int64_t nth(int row) {
        return number("SELECT audit_id FROM audit ORDER BY audit_id LIMIT 1 OFFSET " +
                      std::to_string(row - 1));
    }
};

TEST_F(AuditTrail, ARowSaysWhoWhereWhatBeforeAfterAndWhy) {
    writer_->core();  // the writer of the fixture
    store_->begin();
    store_->remember_configuration("c0ffee", "mappings");
    store_->commit();
    enter(person(), "12", R"({"n":1})");
    ReadSession reading = session();
    const AuditPage page = audit_rows(reading, {}, 0, 10);
    ASSERT_EQ(page.rows.size(), 1U);
    const AuditRow& row = page.rows[0];
    EXPECT_EQ(row.actor, "anna");
    EXPECT_EQ(row.role, "data manager");
    EXPECT_EQ(row.origin, "page");
    EXPECT_EQ(row.session, "s1");
    EXPECT_EQ(row.object_kind + ":" + row.object, "problem:12");
    EXPECT_EQ(row.before, R"({"n":0})");
    EXPECT_EQ(row.after, R"({"n":1})");
    EXPECT_EQ(row.reason, "because");
    EXPECT_EQ(row.config_hash, "c0ffee");
    EXPECT_FALSE(row.version.empty());
    EXPECT_EQ(row.drift_us, 0);
    EXPECT_FALSE(row.erased);
}

TEST_F(AuditTrail, EveryKindOfRowVerifiesAlsoOverRestarts) {
    commit(testing::StoreItem(1, "A1").stored(1));
    enter_many(3);
    commit_again(testing::StoreItem(1, "A1").stored(1));
    reopen();
    enter_many(2);
    const AuditVerification found = verify({{}, 2});
    EXPECT_TRUE(found.ok()) << (found.first_bad ? found.first_bad->why : "");
    EXPECT_EQ(found.rows, 7);
    EXPECT_EQ(found.chains, 2);
    EXPECT_FALSE(found.not_proven.empty());
}

TEST_F(AuditTrail, AnEditedRowIsNamed) {
    struct Edit {
        const char* what;
        const char* sql;
    };
    const Edit edits[] = {
        {"who", "UPDATE audit SET actor = 'boris' WHERE audit_id = "},
        {"when", "UPDATE audit SET at_us = at_us + 1 WHERE audit_id = "},
        {"after", "UPDATE audit SET after = '{\"n\":2}' WHERE audit_id = "},
        {"before", "UPDATE audit SET before = '' WHERE audit_id = "},
        {"why", "UPDATE audit SET reason = 'other' WHERE audit_id = "},
        {"session", "UPDATE audit SET session = 's2' WHERE audit_id = "},
        {"version", "UPDATE audit SET version = '9' WHERE audit_id = "},
        {"drift", "UPDATE audit SET drift_us = 5 WHERE audit_id = "},
    };
    enter_many(5);
    const std::int64_t third = nth(3);
    auto database = direct();
    database.execute("CREATE TABLE kept AS SELECT * FROM audit WHERE audit_id = " +
                     std::to_string(third));
    for (const Edit& edit : edits) {
        change(edit.sql + std::to_string(third));
        const AuditVerification found = verify({{}, 2});
        ASSERT_FALSE(found.ok()) << edit.what;
        EXPECT_EQ(found.first_bad->row, third) << edit.what;
        EXPECT_EQ(found.first_bad->code, Code::audit_broken);
        change("DELETE FROM audit WHERE audit_id = " + std::to_string(third));
        change("INSERT INTO audit SELECT * FROM kept");
        ASSERT_TRUE(verify().ok()) << "as it was";
    }
}

TEST_F(AuditTrail, ADeletedRowIsMissedByTheNext) {
    enter_many(5);
    const std::int64_t fourth = nth(4);
    change("DELETE FROM audit WHERE audit_id = " + std::to_string(nth(3)));
    const AuditVerification found = verify();
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.first_bad->row, fourth);
}

TEST_F(AuditTrail, TheFirstRowOfAChainCannotGo) {
    enter_many(3);
    const std::int64_t second = nth(2);
    change("DELETE FROM audit WHERE audit_id = " + std::to_string(nth(1)));
    ASSERT_FALSE(verify().ok());
    EXPECT_EQ(verify().first_bad->row, second);
}

TEST_F(AuditTrail, SwappedRowsAreNamed) {
    enter_many(5);
    const std::string second = std::to_string(nth(2));
    const std::string third = std::to_string(nth(3));
    change("UPDATE audit SET audit_id = 99999 WHERE audit_id = " + second);
    change("UPDATE audit SET audit_id = " + second + " WHERE audit_id = " + third);
    change("UPDATE audit SET audit_id = " + third + " WHERE audit_id = 99999");
    const AuditVerification found = verify({{}, 2});
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.first_bad->row, std::stoll(second));
}

TEST_F(AuditTrail, RowsMissingAtTheEndAreFoundByTheLastAnchor) {
    enter_many(5);
    const std::string fourth = std::to_string(nth(4));
    change("CREATE TABLE kept AS SELECT * FROM audit WHERE audit_id >= " + fourth);
    ASSERT_TRUE(anchor_audit(*writer_));
    ASSERT_TRUE(verify().ok());
    change("DELETE FROM audit WHERE audit_id >= " + fourth);
    const AuditVerification found = verify();
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.first_bad->code, Code::audit_gap);
    EXPECT_EQ(found.first_bad->row, 0);
}

TEST_F(AuditTrail, WithoutAnAnchorTheEndIsNotProvenAndSaysSo) {
    enter_many(5);
    change("DELETE FROM audit WHERE audit_id >= " + std::to_string(nth(4)));
    const AuditVerification found = verify();
    EXPECT_TRUE(found.ok());
    EXPECT_TRUE(std::ranges::any_of(found.not_proven, [](const std::string& sentence) {
        return sentence.find("no anchor yet") != std::string::npos;
    }));
}

TEST_F(AuditTrail, ACheckAsksBetweenPagesWhetherToGoOn) {
    enter_many(5);
    VerifyOptions options;
    options.page = 2;
    int asked = 0;
    options.go_on = [&] { return ++asked > 0; };
    EXPECT_TRUE(verify(options).ok());
    EXPECT_EQ(asked, 2);
    options.go_on = [&] { return false; };
    const AuditVerification ended = verify(options);
    EXPECT_FALSE(ended.finished);
    EXPECT_FALSE(ended.ok()) << "what was not looked at is not said to be whole";
    EXPECT_FALSE(ended.first_bad);
    EXPECT_EQ(ended.rows, 2);
}

TEST_F(AuditTrail, AnchorsCoverEachOtherAndWhatIsNew) {
    enter_many(2);
    const auto first = anchor_audit(*writer_);
    ASSERT_TRUE(first);
    EXPECT_TRUE(first->first_of_day);
    EXPECT_FALSE(anchor_audit(*writer_)) << "nothing is new";
    reopen();
    enter_many(1);
    clock_.set(Instant{clock_.now().microseconds + 60'000'000});
    const auto second = anchor_audit(*writer_);
    ASSERT_TRUE(second);
    EXPECT_FALSE(second->first_of_day);
    EXPECT_EQ(second->heads, 1U) << "the chain before has not gone on";
    EXPECT_EQ(verify().anchors, 2);
    EXPECT_TRUE(verify({{first->digest, second->digest}, 5000}).ok());
    change("DELETE FROM audit_anchor WHERE anchor_id = " + std::to_string(first->id));
    ASSERT_FALSE(verify().ok());
    EXPECT_EQ(verify().first_bad->code, Code::audit_gap);
}

TEST_F(AuditTrail, AnAnchorOfTheLogThatTheStoreLacksIsAGap) {
    enter_many(2);
    const auto anchor = anchor_audit(*writer_);
    ASSERT_TRUE(anchor);
    // Somebody writes trail and anchors anew, so that they fit each other.
    change("DELETE FROM audit_anchor");
    change("DELETE FROM audit WHERE audit_id = " + std::to_string(nth(2)));
    EXPECT_TRUE(verify().ok()) << "the store alone cannot show it";
    const AuditVerification found = verify({{anchor->digest}, 5000});
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.first_bad->code, Code::audit_gap);
}

TEST_F(AuditTrail, ErasedTextsLeaveTheChainAndSayBothNames) {
    enter(person(), "1", R"({"text":"Mr X lives here"})", "comment");
    enter_many(2);
    ASSERT_TRUE(anchor_audit(*writer_));
    const std::int64_t row = nth(1);
    const std::vector<std::int64_t> others{nth(2), nth(3)};
    EXPECT_EQ(erasure_of(9999, true, "a name").error().code, Code::not_found);
    {
        const auto erasure = erasure_of(row, true, "a name");
        ASSERT_TRUE(erasure);
        EXPECT_EQ(erasure->others, others) << "of the same act";
        Desk desk(*writer_);
        EXPECT_EQ(erase_audit_texts(desk, person(), "anna", *erasure).error().code,
                  Code::four_eyes_same_person);
        EXPECT_EQ(erase_audit_texts(desk, person("boris"), "anna", AuditErasure{9999, true, {}})
                      .error()
                      .code,
                  Code::not_found);
        ASSERT_TRUE(erase_audit_texts(desk, person("boris"), "anna", *erasure));
        EXPECT_EQ(erase_audit_texts(desk, person("boris"), "anna", *erasure).error().code,
                  Code::state_change_bad);
        EXPECT_EQ(audit_erasure_now(desk, *erasure, clock_.now(), "a name").error().code,
                  Code::state_change_bad);
        desk.commit();
    }
    EXPECT_EQ(erasure_of(row, true, "a name").error().code, Code::state_change_bad);
    EXPECT_TRUE(verify().ok()) << verify().first_bad->why;
    ReadSession reading = session();
    const auto erased = audit_row(reading, row);
    ASSERT_TRUE(erased);
    EXPECT_TRUE(erased->erased);
    EXPECT_EQ(erased->before + erased->after + erased->reason, "");
    EXPECT_EQ(erased->actor, "anna");
    const AuditRow tombstone = audit_rows(reading, {}, 0, 1).rows.at(0);
    EXPECT_EQ(tombstone.kind, "tombstone");
    EXPECT_EQ(tombstone.actor, "boris");
    EXPECT_EQ(tombstone.object, std::to_string(row));
    EXPECT_NE(tombstone.after.find(crypto::to_hex(crypto::sha256(R"({"text":"Mr X lives here"})"))),
              std::string::npos);
    EXPECT_EQ(tombstone.after.find("Mr X"), std::string::npos);
}

TEST_F(AuditTrail, OfOtherRowsTheTextThatIsTheSameGoesAndNoOther) {
    const auto by = [&](const std::string& reason) {
        Act act = person();
        act.reason = reason;
        return act;
    };
    const std::string stock = "confirmed by site";
    enter(by(stock), "1", R"({"text":"Mr X lives here"})", "comment");
    const std::int64_t row = nth(1);
    clock_.set(Instant{clock_.now().microseconds + 3'600'000'000});
    enter(by(stock), "2");
    enter(by("not confirmed by site yet"), "3");
    enter(by("other"), "4", R"({"confirmed by site":1,"state":"confirmed by site"})");
    enter(by("was confirmed by site"), "1");
    enter(by("ignored"), "5", R"({"reason":"confirmed by site"})", "overlay");
    const std::vector<std::int64_t> same_object{nth(5)};
    const std::vector<std::int64_t> all{nth(2), nth(5)};
    EXPECT_EQ(erasure_of(row, true, "confirmed by site, with a name").error().code, Code::body_bad)
        << "it would be entered anew";
    EXPECT_EQ(erasure_of(row, false, "a name")->others, same_object);
    {
        const auto erasure = erasure_of(row, true, "a name");
        ASSERT_TRUE(erasure);
        EXPECT_EQ(erasure->others, all);
        Desk desk(*writer_);
        ASSERT_TRUE(erase_audit_texts(desk, person("boris"), "anna", *erasure));
        desk.commit();
    }
    ReadSession reading = session();
    const auto texts = [&](int number) {
        const AuditRow found = *audit_row(reading, nth(number));
        return found.before + found.after + found.reason;
    };
    EXPECT_EQ(texts(1), "");
    EXPECT_EQ(texts(2), R"({"n":0}{"n":1})") << "the same reason alone";
    EXPECT_EQ(texts(3), R"({"n":0}{"n":1}not confirmed by site yet)");
    EXPECT_EQ(texts(4), R"({"n":0}{"confirmed by site":1,"state":"confirmed by site"}other)");
    EXPECT_EQ(texts(5), R"({"n":0}{"n":1})") << "the same problem";
    EXPECT_EQ(texts(6), R"({"n":0}{"reason":"confirmed by site"}ignored)") << "a code";
    EXPECT_TRUE(verify().ok()) << verify().first_bad->why;
}

TEST_F(AuditTrail, WhatIsToBeErasedIsLookedForBeforeTheStoreIsWrittenTo) {
    constexpr std::int64_t kDay = 86'400'000'000;
    const auto later = [&] { clock_.set(Instant{clock_.now().microseconds + kDay}); };
    const auto enter_for = [&](const std::string& object, const std::string& reason) {
        Act act = person();
        act.reason = reason;
        enter(act, object);
        return number("SELECT max(audit_id) FROM audit");
    };
    const std::int64_t row = enter_for("1", "Mr X lives here");
    later();
    const std::int64_t old = enter_for("2", "Mr X lives here");
    later();
    Desk desk(*writer_);
    const auto asked = erasure_of(row, true, "a name");
    ASSERT_TRUE(asked) << "also while somebody writes";
    EXPECT_EQ(asked->others, std::vector{old});
    const auto now = [&](const AuditErasure& erasure, Instant asked_at) {
        return audit_erasure_now(desk, erasure, asked_at, "a name")->others;
    };
    EXPECT_EQ(now(*asked, clock_.now()), std::vector{old});
    // What was there when it was asked for is not looked for again.
    EXPECT_EQ(now({row, true, {}}, clock_.now()), std::vector<std::int64_t>{});
    const Instant asked_at = clock_.now();
    later();
    Act act = person();
    act.reason = "Mr X lives here";
    desk.audit(act, {"problem", "something was done", "problem", "3", {}, {}});
    const std::vector<std::int64_t> both = now(*asked, asked_at);
    ASSERT_EQ(both.size(), 2U) << "what came after it was asked for";
    EXPECT_EQ(both[0], old);
    EXPECT_EQ(now({row, false, {}}, asked_at), std::vector<std::int64_t>{});
}

TEST_F(AuditTrail, ATextErasedWithoutItsRecordIsFound) {
    enter(person(), "1", R"({"n":7})");
    enter_many(1);
    const std::int64_t row = nth(1);
    auto database = direct();
    const auto digest = crypto::sha256(R"({"n":7})");
    database.prepare("UPDATE audit SET after = '', after_digest = ? WHERE audit_id = ?")
        .bind(sql::Blob{{reinterpret_cast<const char*>(digest.data()), digest.size()}}, row)
        .run();
    ASSERT_FALSE(verify().ok());
    EXPECT_EQ(verify().first_bad->row, row);
    // Nor can another text be put beside the digest.
    database.prepare("UPDATE audit SET after = 'x' WHERE audit_id = ?").bind(row).run();
    EXPECT_EQ(verify().first_bad->row, row);
}

TEST_F(AuditTrail, AChangeWithoutItsRowIsNoChange) {
    auto database = direct();
    const bool postgres = database.engine().dialect() == sql::Dialect::postgres;
    database.execute("CREATE TABLE changed(n INTEGER)");
    database.execute(
        postgres
            ? "CREATE FUNCTION full_up() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'no room'; "
              "END $$ LANGUAGE plpgsql; CREATE TRIGGER full_up BEFORE INSERT ON audit FOR EACH "
              "ROW EXECUTE FUNCTION full_up()"
            : "CREATE TRIGGER full_up BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no "
              "room'); END");
    const auto attempt = [&] {
        Desk desk(*writer_);
        (void)erase_audit_texts(desk, person("boris"), "anna", AuditErasure{1, true, {}});
        desk.audit(person(), {"problem", "x", "problem", "1", {}, {}});
        desk.commit();
    };
    EXPECT_THROW(attempt(), pipeline::StoreFault);
    store_->begin();
    const auto message = [&] {
        store_->write(testing::StoreItem(1, "A1").stored(1).item());
        store_->commit();
    };
    EXPECT_THROW(message(), pipeline::StoreFault);
    EXPECT_EQ(number("SELECT count(*) FROM message"), 0) << "no message without its row";
    database.execute(postgres ? "DROP TRIGGER full_up ON audit" : "DROP TRIGGER full_up");
    commit(testing::StoreItem(1, "A1").stored(1));
    EXPECT_EQ(number("SELECT count(*) FROM message"), 1);
    EXPECT_TRUE(verify().ok());
}

TEST_F(AuditTrail, AClockThatGoesBackChangesNoOrderAndIsNoted) {
    const Instant start = clock_.now();
    enter(person(), "1");
    clock_.set(Instant{start.microseconds - 7'200'000'000});
    enter(person(), "2");
    clock_.set(Instant{start.microseconds + 1});
    enter(person(), "3");
    EXPECT_TRUE(verify().ok());
    ReadSession reading = session();
    const AuditPage all = audit_rows(reading, {}, 0, 10);
    ASSERT_EQ(all.rows.size(), 3U);
    EXPECT_EQ(all.rows[0].object, "3");
    EXPECT_EQ(all.rows[1].object, "2");
    EXPECT_EQ(all.rows[1].drift_us, 7'200'000'000);
    // A period finds what its clock said, wherever it stands.
    AuditFilter filter;
    filter.until = start;
    const AuditPage early = audit_rows(reading, filter, 0, 10);
    ASSERT_EQ(early.rows.size(), 1U);
    EXPECT_EQ(early.rows[0].object, "2");
    filter = {};
    filter.from = start;
    EXPECT_EQ(audit_rows(reading, filter, 0, 10).rows.size(), 2U);
}

TEST_F(AuditTrail, FiltersAndPagesByKey) {
    commit(testing::StoreItem(1, "A1").stored(1));
    for (int index = 0; index < 6; ++index)
        enter(person(index % 2 == 0 ? "anna" : "boris"), std::to_string(index), R"({"n":1})",
              index < 3 ? "problem" : "lock");
    ReadSession reading = session();
    AuditFilter filter;
    filter.actor = "anna";
    AuditPage page = audit_rows(reading, filter, 0, 2);
    ASSERT_EQ(page.rows.size(), 2U);
    EXPECT_EQ(page.rows[0].object, "4");
    EXPECT_EQ(page.rows[1].object, "2");
    page = audit_rows(reading, filter, page.next, 2);
    ASSERT_EQ(page.rows.size(), 1U);
    EXPECT_EQ(page.rows[0].object, "0");
    EXPECT_EQ(page.next, 0);
    filter.kind = "lock";
    EXPECT_EQ(audit_rows(reading, filter, 0, 10).rows.size(), 1U);
    filter = {};
    filter.kind = "ingest";
    EXPECT_EQ(audit_rows(reading, filter, 0, 10).rows.size(), 1U);
    filter = {};
    filter.object_kind = "problem";
    filter.object = "5";
    EXPECT_EQ(audit_rows(reading, filter, 0, 10).rows.size(), 1U);
    filter = {};
    filter.text = "BORIS";
    EXPECT_EQ(audit_rows(reading, filter, 0, 10).rows.size(), 3U);
    filter.text = "nowhere";
    EXPECT_TRUE(audit_rows(reading, filter, 0, 10).rows.empty());
    EXPECT_EQ(audit_rows(reading, {}, 0, 10).rows.size(), 7U);
}

}  // namespace
}  // namespace labrelay::store
