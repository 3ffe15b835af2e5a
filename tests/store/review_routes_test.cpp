// The resources of audit, approvals, problem work and site queries, as a request sees them.
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "idle_engine.hpp"
#include "labrelay/api/access_routes.hpp"
#include "labrelay/api/approval_routes.hpp"
#include "labrelay/api/audit_routes.hpp"
#include "labrelay/api/problem_work_routes.hpp"
#include "labrelay/api/site_query_routes.hpp"
#include "labrelay/app/lock_change.hpp"
#include "labrelay/store/audit_verify.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using api::Method;
using nlohmann::json;
using security::Role;

/// The password is `right`; remembers what was signed. Its signatures are rows 1, 2 … of the store.
class Notebook final : public api::Signing {
public:
    struct Signed {
        std::string kind;
        std::string object;
        json content;
    };
    Result<api::EnterSignature> confirm(const api::Request&, const json& body) override {
        const auto signature = body.find("signature");
        if (signature == body.end()) return fail(Code::signature_needed);
        if (signature->value("password", "") != "right") return fail(Code::signature_failed);
        return api::EnterSignature([this](Desk&, std::string_view kind, std::string_view object,
                                          const json& content) -> std::int64_t {
            made.push_back({std::string(kind), std::string(object), content});
            return static_cast<std::int64_t>(made.size());
        });
    }
    std::vector<Signed> made;
};

class ReviewRoutes : public StoreTest {
protected:
    ReviewRoutes() : reads_(*directory_), services_{reads_, *writer_, snapshots_, clock_, engine_} {
        auto database = direct();
        database.execute(
            "INSERT INTO account(account_id, name, display_name, state, created_us) VALUES "
            "(1, 'anna', 'Anna', 'active', 0), (2, 'boris', 'Boris', 'active', 0)");
        for (int id = 1; id < 9; ++id)
            database.execute(
                "INSERT INTO signature(signature_id, account_id, name, at_us, meaning, "
                "object_kind, object, content, session_id) VALUES (" +
                std::to_string(id) + ", 1, 'Anna', 0, 'reviewed', '', '', " +
                (postgres_ ? "''::bytea" : "x''") + ", '')");
        api::ApprovalAction convert;
        convert.permission = security::Permission::repair_mapping;
        convert.content = [this](Desk&, const Approval&) { return Result<std::string>(content_); };
        convert.apply = [this](Desk&, const Act& act, const Approval& approval) -> Result<void> {
            if (refuses_) return fail(Code::config_parent_old);
            applied_.push_back(act.actor + " " + approval.object);
            return {};
        };
        actions_.on("unit.convert", convert);
        api::add_audit_routes(router_, services_, signing_, actions_);
        api::add_approval_routes(router_, services_, signing_, actions_);
        api::add_problem_work_routes(router_, services_, {});
        api::add_site_query_routes(router_, services_);
        api::add_signature_routes(router_, services_);
        api::add_access_routes(router_, services_, signing_, std::chrono::days{180});
    }

    static security::Principal person(std::int64_t account, Role role, std::string study = "",
                                      std::string site = "") {
        security::Principal who;
        who.account = account;
        who.name = account == 1 ? "anna" : "boris";
        who.session = "s" + std::to_string(account);
        who.grants.push_back({role, std::move(study), std::move(site)});
        return who;
    }
    api::Response ask(Method method, std::string path, const security::Principal& who,
                      const json& body = json::object(), std::string if_match = "",
                      std::multimap<std::string, std::string> query = {}) {
        api::Request request;
        request.method = method;
        request.path = std::move(path);
        request.query = std::move(query);
        request.body = body.dump();
        request.who = who;
        request.if_match = std::move(if_match);
        request.at = Instant{clock_.now().microseconds + 1};
        return router_.serve(std::move(request));
    }
    static std::string code(const api::Response& made) {
        return json::parse(made.body).value("code", "");
    }
    void hold() {
        commit(testing::StoreItem(1, "A1").held(Code::unknown_code));
        group_holds(*writer_);
    }
    std::string problem() { return std::to_string(number("SELECT max(problem_id) FROM problem")); }
    std::int64_t asked() {
        Desk desk(*writer_);
        Act act;
        act.actor = "anna";
        act.reason = "why";
        const auto id = ask_approval(desk, act, {"unit.convert", "7", content_, {}, 1});
        desk.commit();
        return id.value();
    }

    const security::Principal anna_ = person(1, Role::data_manager);
    const security::Principal boris_ = person(2, Role::data_manager);
    const json signed_ = {{"reason", "seen"}, {"signature", {{"password", "right"}}}};
    testing::IdleEngine engine_;
    Notebook signing_;
    ReadPool reads_;
    pipeline::Snapshots snapshots_{
        std::make_shared<const mapping::Configuration>(std::vector<mapping::SourceDefinition>{},
                                                       study::StudyRules{}),
        study::Registry{}};
    api::Services services_;
    api::ApprovalActions actions_;
    api::Router router_;
    std::string content_ = R"({"n":1})";
    bool refuses_ = false;
    std::vector<std::string> applied_;
};

TEST_F(ReviewRoutes, AnApprovalIsSignedAndDoneInOneTransaction) {
    const std::string path = "/approvals/" + std::to_string(asked());
    EXPECT_EQ(code(ask(Method::post, path + "/approve", anna_, signed_)), "four-eyes-same-person");
    EXPECT_EQ(code(ask(Method::post, path + "/approve", boris_)), "signature-needed");
    EXPECT_EQ(ask(Method::post, path + "/approve", person(2, Role::viewer), signed_).status, 403);
    refuses_ = true;
    EXPECT_EQ(code(ask(Method::post, path + "/approve", boris_, signed_)), "config-parent-old");
    EXPECT_EQ(json::parse(ask(Method::get, path, boris_).body)["state"], "pending")
        << "what could not be done is not approved";
    refuses_ = false;
    const api::Response done = ask(Method::post, path + "/approve", boris_, signed_);
    ASSERT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(json::parse(done.body)["state"], "applied");
    EXPECT_EQ(json::parse(done.body)["decided_by"]["name"], "boris");
    EXPECT_EQ(applied_, std::vector<std::string>{"boris 7"});
    EXPECT_EQ(signing_.made.back().content["content_sha256"],
              json::parse(done.body)["content_sha256"]);
    EXPECT_EQ(code(ask(Method::post, path + "/refuse", boris_, {{"reason", "x"}})),
              "approval-settled");
}

TEST_F(ReviewRoutes, WhatChangedMeanwhileIsStale) {
    const std::string path = "/approvals/" + std::to_string(asked());
    content_ = R"({"n":2})";
    EXPECT_EQ(code(ask(Method::post, path + "/approve", boris_, signed_)), "approval-stale");
    EXPECT_TRUE(applied_.empty());
    EXPECT_EQ(json::parse(ask(Method::get, path, boris_).body)["state"], "stale");
}

TEST_F(ReviewRoutes, ARefusalNeedsAReason) {
    const std::string path = "/approvals/" + std::to_string(asked());
    EXPECT_EQ(code(ask(Method::post, path + "/refuse", boris_)), "reason-needed");
    EXPECT_EQ(
        json::parse(ask(Method::post, path + "/refuse", boris_, {{"reason", "no"}}).body)["state"],
        "refused");
    const api::Response list =
        ask(Method::get, "/approvals", boris_, {}, "", {{"state", "pending"}});
    EXPECT_TRUE(json::parse(list.body)["items"].empty());
}

TEST_F(ReviewRoutes, FourEyesAreSwitchedByAdministratorsOnly) {
    const json off = {
        {"required", false}, {"reason", "one person"}, {"signature", {{"password", "right"}}}};
    EXPECT_EQ(ask(Method::put, "/four-eyes/config.activate", anna_, off).status, 403);
    const security::Principal admin = person(2, Role::administrator);
    EXPECT_EQ(code(ask(Method::put, "/four-eyes/config.activate", admin,
                       {{"required", false}, {"signature", {{"password", "right"}}}})),
              "reason-needed");
    EXPECT_EQ(code(ask(Method::put, "/four-eyes/audit.erase", admin, off)), "state-change-bad");
    EXPECT_EQ(ask(Method::put, "/four-eyes/config.activate", admin, off).status, 200);
    const json items = json::parse(ask(Method::get, "/four-eyes", admin).body)["items"];
    const auto purge = std::find_if(items.begin(), items.end(), [](const json& one) {
        return one["action"] == "config.activate";
    });
    EXPECT_EQ((*purge)["required"], false);
}

TEST_F(ReviewRoutes, AProblemIsChangedByItsVersion) {
    hold();
    const std::string path = "/problems/" + problem();
    const json change = {{"state", "in review"}, {"assignee", "me"}, {"reason", "triage"}};
    EXPECT_EQ(ask(Method::patch, path, anna_, change).status, 428);
    EXPECT_EQ(ask(Method::patch, path, anna_, change, "7").status, 412);
    EXPECT_EQ(ask(Method::patch, path, person(1, Role::viewer), change, "0").status, 403);
    const api::Response done = ask(Method::patch, path, anna_, change, "0");
    ASSERT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(done.etag, "1");
    EXPECT_EQ(json::parse(done.body)["assignee"]["name"], "Anna");
    EXPECT_EQ(ask(Method::patch, path, anna_, {{"nothing", 1}}, "1").status, 400);
    const json dismiss = {{"state", "dismissed"}, {"reason", "a control"}};
    EXPECT_EQ(ask(Method::patch, path, person(2, Role::mapper), dismiss, "1").status, 403)
        << "a mapper does not say what is for the study";
    EXPECT_EQ(ask(Method::patch, path, anna_, dismiss, "1").status, 200);
    EXPECT_EQ(ask(Method::post, path + "/comments", anna_, {{"text", "hello"}}).status, 201);
}

TEST_F(ReviewRoutes, AProblemOfAnotherSiteIsNotTouched) {
    store_->begin();
    pipeline::RegistryChange change;
    change.subjects.push_back(testing::a_subject("S-01", "00481523"));
    change.actor = "import";
    const study::Registry registry = store_->write_registry(study::Registry{}, change);
    store_->commit();
    snapshots_.replace(registry);
    const study::Subject& subject = *registry.all_subjects().front();
    hold();
    direct().execute("INSERT INTO problem_who(problem_id, who) VALUES (" + problem() + ", " +
                     std::to_string(subject.id.value) + ")");
    const json change_it = {{"state", "in review"}, {"reason", "triage"}};
    const auto here = person(1, Role::data_manager, subject.study, subject.site);
    const auto elsewhere = person(2, Role::data_manager, subject.study, "another site");
    EXPECT_EQ(ask(Method::patch, "/problems/" + problem(), elsewhere, change_it, "0").status, 404);
    EXPECT_EQ(ask(Method::patch, "/problems/" + problem(), here, change_it, "0").status, 200);
    const json question = {
        {"problem", std::stoll(problem())}, {"recipient", "site"}, {"text", "Which?"}};
    EXPECT_EQ(ask(Method::post, "/queries", elsewhere, question).status, 403);
    EXPECT_EQ(ask(Method::post, "/queries", here, question).status, 201);
    EXPECT_TRUE(json::parse(ask(Method::get, "/queries", elsewhere).body)["items"].empty());
    EXPECT_EQ(json::parse(ask(Method::get, "/queries", here).body)["items"].size(), 1U);
}

TEST_F(ReviewRoutes, ASelectionIsChangedAtOnceAndRefusalsAreNamed) {
    hold();
    const api::Response done =
        ask(Method::post, "/problems/bulk", anna_,
            {{"action", "dismiss"}, {"ids", {std::stoll(problem()), 999}}, {"reason", "controls"}});
    ASSERT_EQ(done.status, 200) << done.body;
    const json said = json::parse(done.body);
    EXPECT_EQ(said["changed"], 1);
    EXPECT_EQ(said["refused"][0]["id"], 999);
    EXPECT_EQ(said["refused"][0]["code"], "not-found");
    EXPECT_EQ(ask(Method::post, "/problems/bulk", anna_, {{"action", "eat"}, {"ids", {1}}}).status,
              400);
    const json many = {{"action", "dismiss"}, {"ids", std::vector<int>(501, 1)}};
    EXPECT_EQ(code(ask(Method::post, "/problems/bulk", anna_, many)), "too-many-items");
}

TEST_F(ReviewRoutes, ASelectionOfManyResultsIsTouchedByTheirNumberOnly) {
    hold();
    direct().execute("UPDATE problem SET open_count = 412");
    json all = {{"action", "dismiss"}, {"ids", {std::stoll(problem())}}, {"reason", "controls"}};
    const api::Response untyped = ask(Method::post, "/problems/bulk", anna_, all);
    EXPECT_EQ(code(untyped), "body-bad");
    EXPECT_NE(untyped.body.find("412 results"), std::string::npos) << untyped.body;
    all["count"] = 411;
    EXPECT_EQ(code(ask(Method::post, "/problems/bulk", anna_, all)), "body-bad");
    json assign = {{"action", "assign"}, {"ids", all["ids"]}, {"assignee", "me"}, {"reason", "x"}};
    EXPECT_EQ(ask(Method::post, "/problems/bulk", anna_, assign).status, 200)
        << "nothing of a result is touched";
    all["count"] = 412;
    EXPECT_EQ(json::parse(ask(Method::post, "/problems/bulk", anna_, all).body)["changed"], 1);
}

TEST_F(ReviewRoutes, ASiteQueryGoesItsWay) {
    const api::Response made =
        ask(Method::post, "/queries", anna_,
            {{"recipient", "site 01"}, {"text", "Which unit?"}, {"due", "2026-12-01"}});
    ASSERT_EQ(made.status, 201) << made.body;
    const json query = json::parse(made.body);
    EXPECT_EQ(query["due"], "2026-12-01T00:00:00.000000Z");
    const std::string path = "/queries/" + std::to_string(query["id"].get<int>());
    EXPECT_EQ(code(ask(Method::post, path + "/close", anna_)), "state-change-bad");
    EXPECT_EQ(ask(Method::post, path + "/answer", anna_, {{"text", "10*6/L"}}).status, 200);
    EXPECT_EQ(ask(Method::post, path + "/close", anna_, json::object(), "1").status, 412);
    EXPECT_EQ(json::parse(ask(Method::post, path + "/close", anna_).body)["state"], "closed");
    EXPECT_FALSE(json::parse(ask(Method::get, "/queries/templates", anna_).body)["items"].empty());
}

TEST_F(ReviewRoutes, TheAuditTrailIsListedVerifiedTakenAwayAndReviewed) {
    hold();
    ask(Method::post, "/problems/" + problem() + "/comments", anna_, {{"text", "=1+1 <b>"}});
    const json listed =
        json::parse(ask(Method::get, "/audit", boris_, {}, "", {{"kind", "comment"}}).body);
    ASSERT_EQ(listed["items"].size(), 1U);
    EXPECT_EQ(listed["items"][0]["after"]["text"], "=1+1 <b>");
    EXPECT_EQ(listed["items"][0]["actor"], "anna");
    EXPECT_EQ(listed["items"][0]["session"], "s1");
    const json verified = json::parse(ask(Method::get, "/audit/verify", boris_).body);
    EXPECT_EQ(verified["ok"], true);
    EXPECT_FALSE(verified["not_proven"].empty());
    EXPECT_EQ(ask(Method::get, "/audit/export", person(1, Role::mapper)).status, 403);
    for (const char* format : {"csv", "json", "html"}) {
        api::Response file =
            ask(Method::get, "/audit/export", boris_, {}, "", {{"format", format}});
        ASSERT_EQ(file.status, 200) << file.body;
        std::ostringstream out;
        file.stream(out);
        EXPECT_NE(out.str().find("was commented on"), std::string::npos) << format;
        if (std::string_view(format) == "json") {
            EXPECT_GE(json::parse(out.str())["count"], 2);
        }
        if (std::string_view(format) == "html") {
            EXPECT_EQ(out.str().find("<b>"), std::string::npos);
        }
    }
    EXPECT_EQ(number("SELECT count(*) FROM audit WHERE kind = 'export' AND actor = 'boris'"), 3);
    json review = signed_;
    review["from"] = "2026-01-01";
    review["to"] = "2026-02-01";
    review["finding"] = "nothing to say";
    EXPECT_EQ(ask(Method::post, "/audit/reviews", person(1, Role::administrator), review).status,
              403);
    EXPECT_EQ(ask(Method::post, "/audit/reviews", person(1, Role::inspector, "NCT05872659"), review)
                  .status,
              403)
        << "of the whole trail";
    const api::Response made = ask(Method::post, "/audit/reviews", anna_, review);
    ASSERT_EQ(made.status, 201) << made.body;
    const json reviews = json::parse(ask(Method::get, "/audit/reviews", boris_).body)["items"];
    ASSERT_EQ(reviews.size(), 1U);
    EXPECT_EQ(reviews[0]["finding"], "nothing to say");
    EXPECT_EQ(reviews[0]["signature"]["name"], "Anna");
    review.erase("signature");
    EXPECT_EQ(code(ask(Method::post, "/audit/reviews", anna_, review)), "signature-needed");
}

TEST_F(ReviewRoutes, ErasedTextsAreErasedWhereverTheyStand) {
    hold();
    const std::string name = "told by Mr Xaver of ward 4";
    for (const std::string& text : {name, std::string("Mr X")}) {
        ask(Method::patch, "/problems/" + problem(), anna_,
            {{"state", "in review"}, {"reason", text}},
            std::to_string(number("SELECT coalesce(max(version), 0) FROM problem_work")));
        ask(Method::patch, "/problems/" + problem(), anna_, {{"state", "open"}, {"reason", text}},
            std::to_string(number("SELECT coalesce(max(version), 0) FROM problem_work")));
        ask(Method::post, "/problems/" + problem() + "/comments", anna_, {{"text", text}});
        ask(Method::post, "/queries", anna_,
            {{"recipient", "site 01"}, {"text", "Is it: " + text}});
    }
    ask(Method::post, "/problems/" + problem() + "/comments", anna_, {{"text", "nothing of him"}});
    const auto holding = [&](const std::string& text) {
        std::int64_t found = 0;
        for (const char* where :
             {"audit WHERE before || after || reason", "problem_note WHERE text",
              "site_query WHERE text", "approval WHERE reason || why"})
            found +=
                number("SELECT count(*) FROM " + std::string(where) + " LIKE '%" + text + "%'");
        return found;
    };
    const auto erase = [&](const std::string& reason) {
        const std::string row = std::to_string(
            number("SELECT min(audit_id) FROM audit WHERE reason = '" + reason + "'"));
        const api::Response asked =
            ask(Method::post, "/audit/" + row + "/erase", anna_, {{"reason", "a name"}});
        ASSERT_EQ(asked.status, 202) << asked.body;
        const std::string path =
            "/approvals/" + std::to_string(json::parse(asked.body)["approval"].get<int>());
        ASSERT_EQ(ask(Method::post, path + "/approve", boris_, signed_).status, 200);
    };
    EXPECT_GT(holding(name), 6);
    erase(name);
    EXPECT_EQ(holding(name), 0);
    EXPECT_GT(holding("Mr X"), 0) << "another text";
    erase("Mr X");
    EXPECT_EQ(holding("Mr X"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM problem_note WHERE text = 'nothing of him'"), 1);
    EXPECT_GT(number("SELECT count(*) FROM audit WHERE kind = 'tombstone'"), 4);
    ReadSession reading = session();
    EXPECT_TRUE(verify_audit(reading).ok()) << "each erased row has its record";
}

/// A problem of a subject of one site, with an approval about it.
class NarrowedRoutes : public ReviewRoutes {
protected:
    NarrowedRoutes() {
        store_->begin();
        pipeline::RegistryChange change;
        change.subjects.push_back(testing::a_subject("S-01", "00481523"));
        change.actor = "import";
        const study::Registry registry = store_->write_registry(study::Registry{}, change);
        store_->commit();
        snapshots_.replace(registry);
        const study::Subject& subject = *registry.all_subjects().front();
        study_ = subject.study;
        site_ = subject.site;
        hold();
        direct().execute("INSERT INTO problem_who(problem_id, who) VALUES (" + problem() + ", " +
                         std::to_string(subject.id.value) + ")");
        const json content = {{"problem", std::stoll(problem())},
                              {"plan", "p"},
                              {"repair",
                               {{"kind", "move-specimen"},
                                {"specimen", "A1"},
                                {"from", subject.id.value},
                                {"to", subject.id.value}}}};
        Desk desk(*writer_);
        Act act;
        act.actor = "anna";
        act.reason = "swapped";
        const auto asked = ask_approval(
            desk, act, {"subject.reassign", "problem " + problem(), content.dump(), {}, 1});
        desk.commit();
        approval_ = "/approvals/" + std::to_string(asked.value_or(0));
    }
    std::vector<std::string> kinds(const security::Principal& who) {
        std::vector<std::string> kinds;
        const json page =
            json::parse(ask(Method::get, "/audit", who, {}, "", {{"limit", "500"}}).body);
        for (const json& row : page["items"]) kinds.push_back(row["kind"]);
        return kinds;
    }
    static std::int64_t of(const std::vector<std::string>& kinds, const char* kind) {
        return std::count(kinds.begin(), kinds.end(), kind);
    }

    std::string study_;
    std::string site_;
    std::string approval_;
};

TEST_F(NarrowedRoutes, AnApprovalIsForWhoeverSeesWhatItIsAbout) {
    const auto here = person(2, Role::data_manager, study_, site_);
    const auto elsewhere = person(2, Role::data_manager, study_, "another site");
    EXPECT_TRUE(json::parse(ask(Method::get, "/approvals", elsewhere).body)["items"].empty());
    EXPECT_EQ(ask(Method::get, approval_, elsewhere).status, 404);
    EXPECT_EQ(ask(Method::post, approval_ + "/approve", elsewhere, signed_).status, 404);
    EXPECT_EQ(ask(Method::post, approval_ + "/refuse", elsewhere, {{"reason", "x"}}).status, 404);
    const json items = json::parse(ask(Method::get, "/approvals", here).body)["items"];
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0]["object_href"], "/problems/" + problem());
    EXPECT_EQ(items[0]["may_decide"], true);
    ASSERT_EQ(items[0]["changes"].size(), 1U);
    EXPECT_EQ(items[0]["changes"][0]["what"], "A1");
    EXPECT_EQ(items[0]["changes"][0]["before"], "S-01");
    EXPECT_EQ(json::parse(ask(Method::get, approval_, person(2, Role::mapper)).body)["may_decide"],
              true)
        << "no action is known here that asks for more";
    EXPECT_EQ(json::parse(ask(Method::get, approval_, anna_).body)["may_decide"], false)
        << "who asked does not decide";
    // To see it in one of two places is not to decide it in both.
    direct().execute(
        "INSERT INTO subject(subject_id, study, site, stable_key, record, fact_id) "
        "SELECT 77, study, 'another site', 'S-77', record, fact_id FROM subject");
    study::Subject other = *snapshots_.registry().all_subjects().front();
    other.id = SubjectId{77};
    other.site = "another site";
    other.screening_no = "S-77";
    other.identifiers.clear();
    snapshots_.replace(snapshots_.registry().with(other));
    direct().execute("INSERT INTO problem_who(problem_id, who) VALUES (" + problem() + ", 77)");
    EXPECT_EQ(json::parse(ask(Method::get, approval_, here).body)["may_decide"], false);
    EXPECT_EQ(ask(Method::post, approval_ + "/approve", here, signed_).status, 403);
}

TEST_F(NarrowedRoutes, WhatChangesTheConfigurationIsDecidedForAllStudies) {
    content_ = json({{"problem", std::stoll(problem())},
                     {"plan", "p"},
                     {"repair", {{"kind", "teach-unit"}, {"source", "facs-lyric"}}}})
                   .dump();
    const std::string path = "/approvals/" + std::to_string(asked());
    for (const std::string& site : {site_, std::string()}) {
        const auto narrow = person(2, Role::data_manager, study_, site);
        const api::Response shown = ask(Method::get, path, narrow);
        ASSERT_EQ(shown.status, 200) << shown.body;
        EXPECT_EQ(json::parse(shown.body)["may_decide"], false) << site;
        EXPECT_EQ(ask(Method::post, path + "/approve", narrow, signed_).status, 403) << site;
    }
    EXPECT_TRUE(applied_.empty());
    EXPECT_EQ(json::parse(ask(Method::get, path, boris_).body)["may_decide"], true);
    EXPECT_EQ(ask(Method::post, path + "/approve", boris_, signed_).status, 200);
}

TEST_F(NarrowedRoutes, AuditRowsAreForWhoeverSeesWhatTheyAreAbout) {
    ask(Method::post, "/problems/" + problem() + "/comments", anna_, {{"text", "hello"}});
    ask(Method::put, "/four-eyes/config.activate", person(2, Role::administrator),
        {{"required", false}, {"reason", "one"}, {"signature", {{"password", "right"}}}});
    const auto all = kinds(anna_);
    const auto here = kinds(person(1, Role::data_manager, study_, site_));
    const auto elsewhere = kinds(person(1, Role::data_manager, study_, "another site"));
    for (const char* kind : {"comment", "approval", "problem"}) {
        EXPECT_GE(of(all, kind), 1) << kind;
        EXPECT_EQ(of(here, kind), of(all, kind)) << kind;
        EXPECT_EQ(of(elsewhere, kind), 0) << kind;
    }
    for (const char* kind : {"four-eyes", "registry"}) {
        EXPECT_GE(of(all, kind), 1) << kind;
        EXPECT_EQ(of(here, kind), 0) << kind << ": of no study";
    }
    EXPECT_TRUE(elsewhere.empty());
    const auto exported = [&](const security::Principal& who) {
        std::ostringstream out;
        ask(Method::get, "/audit/export", who, {}, "", {{"format", "json"}}).stream(out);
        return json::parse(out.str())["count"].get<std::size_t>();
    };
    EXPECT_EQ(exported(person(1, Role::data_manager, study_, "another site")), 0U);
    EXPECT_EQ(exported(person(1, Role::data_manager, study_, site_)), here.size());
    const std::string row =
        std::to_string(number("SELECT audit_id FROM audit WHERE kind = 'comment'"));
    EXPECT_EQ(ask(Method::post, "/audit/" + row + "/erase",
                  person(1, Role::data_manager, study_, "another site"), {{"reason", "x"}})
                  .status,
              404);
}

TEST_F(NarrowedRoutes, WhatIsErasedIsAgreedOnRowByRow) {
    const std::string text = "told by Mr Xaver of ward 4";
    const auto comment = [&] {
        ask(Method::post, "/problems/" + problem() + "/comments", anna_, {{"text", text}});
    };
    comment();
    const std::int64_t row = number("SELECT max(audit_id) FROM audit");
    ask(Method::put, "/four-eyes/config.activate", person(2, Role::administrator),
        {{"required", false}, {"reason", text}, {"signature", {{"password", "right"}}}});
    const std::int64_t elsewhere = number("SELECT max(audit_id) FROM audit");
    const auto asked = [&](json body) {
        body["reason"] = "a name";
        const api::Response made =
            ask(Method::post, "/audit/" + std::to_string(row) + "/erase",
                person(1, Role::data_manager, study_, site_), std::move(body));
        EXPECT_EQ(made.status, 202) << made.body;
        return json::parse(made.body);
    };
    const json first = asked(json::object());
    EXPECT_EQ(first["others"], json::array({elsewhere}));
    const auto path = [](const json& made) {
        return "/approvals/" + std::to_string(made["approval"].get<int>());
    };
    const json shown = json::parse(ask(Method::get, path(first), boris_).body);
    EXPECT_EQ(shown["content"]["others"], json::array({elsewhere}));
    EXPECT_EQ(shown["changes"].size(), 2U);
    const auto here = person(2, Role::data_manager, study_, site_);
    EXPECT_EQ(json::parse(ask(Method::get, path(first), here).body)["may_decide"], false)
        << "one of the rows is not theirs to see";
    EXPECT_EQ(ask(Method::post, path(first) + "/approve", here, signed_).status, 403);
    comment();
    EXPECT_EQ(code(ask(Method::post, path(first) + "/approve", boris_, signed_)), "approval-stale")
        << "another row holds it now";
    const json second = asked(json::object());
    EXPECT_EQ(second["others"].size(), 2U);
    ASSERT_EQ(ask(Method::post, path(second) + "/approve", boris_, signed_).status, 200);
    EXPECT_EQ(number("SELECT count(*) FROM audit WHERE after LIKE '%Xaver%'"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM audit WHERE audit_id = " + std::to_string(elsewhere) +
                     " AND reason = '' AND after <> ''"),
              1);
    ReadSession reading = session();
    EXPECT_TRUE(verify_audit(reading).ok());
}

TEST_F(NarrowedRoutes, IdentitySeenIsForWhoeverSeesWhose) {
    const std::string subject =
        std::to_string(snapshots_.registry().all_subjects().front()->id.value);
    {
        Desk desk(*writer_);
        Act act;
        act.actor = "anna";
        act.reason = "a call of the site";
        desk.audit(act, {"identity", "identity was revealed", "subject", subject, {}, {}});
        act.reason = "a call of another site";
        desk.audit(act, {"identity", "identity was revealed", "subject", "9999", {}, {}});
        desk.commit();
    }
    const auto total = [&](const security::Principal& who) {
        return json::parse(ask(Method::get, "/reveals", who).body)["total"].get<int>();
    };
    const auto here = person(2, Role::data_manager, study_, site_);
    EXPECT_EQ(total(boris_), 2);
    EXPECT_EQ(total(here), 1);
    EXPECT_EQ(total(person(2, Role::data_manager, study_, "another site")), 0);
    std::ostringstream file;
    ask(Method::get, "/reveals/file", here).stream(file);
    EXPECT_NE(file.str().find("a call of the site"), std::string::npos);
    EXPECT_EQ(file.str().find("a call of another site"), std::string::npos);
}

TEST_F(NarrowedRoutes, ASignatureIsForWhoeverSeesWhatWasSigned) {
    study::StudyRules rules;
    rules.studies.emplace_back().id = study_;
    const mapping::Configuration configuration({}, std::move(rules));
    std::string kind;
    std::string object;
    const auto status = [&](const security::Principal& who) {
        direct().execute(
            "UPDATE signature SET object_kind = '" + kind + "', object = '" + object +
            "', content = " + (postgres_ ? "decode(repeat('00', 32), 'hex')" : "zeroblob(32)") +
            " WHERE signature_id = 3");
        return ask(Method::get, "/signatures/3", who).status;
    };
    const auto here = person(2, Role::data_manager, study_, site_);
    const auto elsewhere = person(2, Role::data_manager, study_, "another site");
    const auto all_sites = person(2, Role::data_manager, study_);
    const auto freeze = [&](const std::string& subject) {
        app::LockRequest request;
        request.action = study::LockAction::freeze;
        request.study = study_;
        request.subject = subject;
        request.by = "anna";
        request.reason = "reviewed";
        const auto done = app::change_lock(
            *writer_, configuration, request, Act{},
            [&](Desk&, std::string_view signed_kind, std::string_view signed_object, const json&) {
                kind = signed_kind;
                object = signed_object;
                return std::int64_t{3};
            });
        ASSERT_TRUE(done) << describe(done.error());
    };
    freeze(snapshots_.registry().all_subjects().front()->screening_no);
    EXPECT_EQ(
        number("SELECT count(*) FROM audit WHERE kind = 'lock' AND object = '" + object + "'"), 1)
        << object;
    EXPECT_EQ(status(boris_), 200);
    EXPECT_EQ(status(here), 200);
    EXPECT_EQ(status(elsewhere), 404);
    EXPECT_EQ(status(person(1, Role::data_manager, study_, "another site")), 200) << "their own";
    freeze("");
    EXPECT_EQ(status(all_sites), 200);
    EXPECT_EQ(status(here), 404);
    object = study_ + " S-01 M3";  // of an earlier version
    EXPECT_EQ(status(all_sites), 200);
    EXPECT_EQ(status(here), 404);
    kind = "problem";
    object = problem();
    EXPECT_EQ(status(here), 200);
    EXPECT_EQ(status(elsewhere), 404);
}

TEST_F(NarrowedRoutes, ATextIsSearchedInWhatThePersonMayRead) {
    study::StudyRules rules;
    study::StudyDefinition& study = rules.studies.emplace_back();
    study.id = study_;
    study.blinds.push_back({{"CD4A"}, {"data-manager"}});
    snapshots_.replace(std::make_shared<const mapping::Configuration>(
        std::vector<mapping::SourceDefinition>{}, std::move(rules)));
    const auto inspector = person(2, Role::inspector);
    {
        Desk desk(*writer_);
        Act act;
        act.actor = "anna";
        act.reason = "CD4A was 73731";
        desk.audit(act, {"problem", "something was done", "target", study_, {}, {}});
        act.reason = "it was 818";
        desk.audit(act, {"problem", "something was done", "target", study_, {}, {}});
        desk.commit();
    }
    const auto found = [&](const security::Principal& who, const std::string& text,
                           const std::string& limit = "50") {
        const json made = json::parse(
            ask(Method::get, "/audit", who, {}, "", {{"q", text}, {"limit", limit}}).body);
        std::ostringstream out;
        ask(Method::get, "/audit/export", who, {}, "", {{"q", text}, {"format", "json"}})
            .stream(out);
        if (limit == "50") {
            EXPECT_EQ(json::parse(out.str())["count"].get<std::size_t>(), made["items"].size());
        }
        return made["items"].size();
    };
    EXPECT_EQ(found(inspector, "73731"), 1U);
    EXPECT_EQ(found(boris_, "73731"), 0U) << "nor digit by digit";
    EXPECT_EQ(found(boris_, "818"), 1U);
    EXPECT_EQ(found(boris_, "SOMETHING was", "1"), 1U);
    const json first = json::parse(
        ask(Method::get, "/audit", boris_, {}, "", {{"q", "something was"}, {"limit", "1"}}).body);
    const json second =
        json::parse(ask(Method::get, "/audit", boris_, {}, "",
                        {{"q", "something was"}, {"limit", "1"}, {"after", first["next"]}})
                        .body);
    ASSERT_EQ(second["items"].size(), 1U);
    EXPECT_LT(second["items"][0]["id"].get<int>(), first["items"][0]["id"].get<int>());
    // Nor does a review say what was looked for.
    json review = signed_;
    review["from"] = "2026-01-01";
    review["to"] = "2026-02-01";
    review["finding"] = "nothing to say";
    review["filter"] = {{"q", "CD4A was 73731"}};
    ASSERT_EQ(ask(Method::post, "/audit/reviews", inspector, review).status, 201);
    EXPECT_NE(ask(Method::get, "/audit/reviews", inspector).body.find("73731"), std::string::npos);
    EXPECT_EQ(ask(Method::get, "/audit/reviews", boris_).body.find("73731"), std::string::npos);
}

TEST_F(ReviewRoutes, TheKindsOfAuditRowsAreSaidAndHaveTheirWordsOnThePage) {
    const json items = json::parse(ask(Method::get, "/audit/kinds", anna_).body)["items"];
    std::ostringstream texts;
    texts << std::ifstream(LABRELAY_SOURCE_DIR "/src/console/page/text/audit.ts").rdbuf();
    std::ostringstream document;
    document << std::ifstream(LABRELAY_SOURCE_DIR "/docs/audit.md").rdbuf();
    EXPECT_GT(items.size(), 20U);
    for (const json& item : items) {
        const std::string kind = item["kind"];
        EXPECT_NE(texts.str().find("'audit.kind." + kind + "'"), std::string::npos) << kind;
        EXPECT_NE(document.str().find("`" + kind + "`"), std::string::npos) << kind;
    }
    Desk desk(*writer_);
    EXPECT_THROW(desk.audit(Act{}, {"nonsense", "x", "x", "1", {}, {}}), std::logic_error);
}

TEST_F(ReviewRoutes, PersonalDataIsErasedByTwoPersons) {
    hold();
    ask(Method::post, "/problems/" + problem() + "/comments", anna_, {{"text", "Mr X"}});
    const std::string row =
        std::to_string(number("SELECT audit_id FROM audit WHERE kind = 'comment'"));
    const api::Response asked =
        ask(Method::post, "/audit/" + row + "/erase", anna_, {{"reason", "a name"}});
    ASSERT_EQ(asked.status, 202) << asked.body;
    const std::string path =
        "/approvals/" + std::to_string(json::parse(asked.body)["approval"].get<int>());
    EXPECT_EQ(ask(Method::post, path + "/approve", anna_, signed_).status, 409);
    const api::Response done = ask(Method::post, path + "/approve", boris_, signed_);
    ASSERT_EQ(done.status, 200) << done.body;
    const json items =
        json::parse(ask(Method::get, "/audit", boris_, {}, "", {{"kind", "comment"}}).body);
    EXPECT_EQ(items["items"][0]["erased"], true);
    EXPECT_EQ(items.dump().find("Mr X"), std::string::npos);
    EXPECT_EQ(number("SELECT count(*) FROM problem_note WHERE text LIKE '%Mr X%'"), 0);
    ReadSession reading = session();
    EXPECT_TRUE(verify_audit(reading).ok());
}

}  // namespace
}  // namespace labrelay::store
