// Who sees and acknowledges which critical values by REST.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "idle_engine.hpp"
#include "labrelay/api/alarm_routes.hpp"
#include "labrelay/store/critical_query.hpp"
#include "labrelay/store/sql_commit_store.hpp"
#include "shipped_mapping.hpp"
#include "store_items.hpp"

namespace labrelay::api {
namespace {

using security::Grant;
using security::Role;
using testing::StoreItem;

constexpr const char* kStudy = "NCT05872659";

study::Registry one_subject() {
    study::Subject subject = testing::a_subject("SCR-020", "00482020");
    subject.id = SubjectId{7};
    subject.study = kStudy;
    subject.site = "QILU";
    return study::Registry{}.with({subject}, {});
}

class CriticalRoutes : public ::testing::Test {
protected:
    CriticalRoutes()
        : directory_(store::DataDirectory::open(temporary_.path() / "data",
                                                store::DataDirectory::Use::write)
                         .value()),
          writer_(store::StoreWriter::open(directory_, clock_, {}).value()),
          reads_(directory_),
          snapshots_(std::shared_ptr<const mapping::Configuration>(&test::shipped_configuration(),
                                                                   [](const auto*) {}),
                     one_subject()),
          services_{reads_, *writer_, snapshots_, clock_, engine_} {
        add_critical_routes(router_, services_);
        store::SqlCommitStore commits(*writer_);
        StoreItem item(1, "A1");
        item.stored(1);                 // of subject 7
        item.held(Code::unknown_unit);  // of nobody
        item.proposal.forwards = true;
        item.proposal.observations[1].subjects.clear();
        for (study::ProposedObservation& observation : item.proposal.observations) {
            observation.findings.push_back(
                {Code::critical_value, Severity::warning, {}, "V3: critical", {}});
        }
        commits.begin();
        commits.write(item.item());
        commits.commit();
    }

    Response ask(Method method, const std::string& path, const std::vector<Grant>& grants,
                 const std::string& body = {}, const std::string& state = {}) {
        Request request;
        request.method = method;
        request.path = path;
        request.body = body;
        request.who.account = 1;
        request.who.name = "somebody";
        request.who.grants = grants;
        if (!state.empty()) {
            request.query.emplace("state", state);
        }
        return router_.serve(std::move(request));
    }
    /// Ordinals of what is listed.
    std::vector<std::string> seen(const std::vector<Grant>& grants, const std::string& state = {}) {
        const Response answer = ask(Method::get, "/critical", grants, {}, state);
        EXPECT_EQ(answer.status, 200) << answer.body;
        std::vector<std::string> ids;
        const nlohmann::json listed = nlohmann::json::parse(answer.body);
        for (const auto& item : listed["items"]) {
            ids.push_back(item["id"].get<std::string>().substr(14));
        }
        return ids;
    }
    static std::string place(int ordinal) {
        return "/critical/" + to_base32(MessageId{1}) + "." + std::to_string(ordinal) +
               "/acknowledge";
    }

    test::TemporaryDirectory temporary_;
    testing::FixedClock clock_;
    store::DataDirectory directory_;
    std::unique_ptr<store::StoreWriter> writer_;
    store::ReadPool reads_;
    pipeline::Snapshots snapshots_;
    testing::IdleEngine engine_;
    Services services_;
    Router router_;
};

using Ids = std::vector<std::string>;

TEST_F(CriticalRoutes, AreSeenWithinStudyAndSiteAndOfNobodyByAll) {
    EXPECT_EQ(seen({{Role::viewer, kStudy, "QILU"}}), (Ids{"2", "1"}));
    EXPECT_EQ(seen({{Role::viewer, "", ""}}), (Ids{"2", "1"}));
    EXPECT_EQ(seen({{Role::viewer, kStudy, "ELSEWHERE"}}), (Ids{"2"}));
    EXPECT_EQ(seen({{Role::viewer, "OTHER", ""}}), (Ids{"2"}));
    EXPECT_EQ(ask(Method::get, "/critical", {}).status, 403);
    EXPECT_EQ(ask(Method::get, "/critical", {{Role::administrator, "", ""}}).status, 403);
}

TEST_F(CriticalRoutes, AreAcknowledgedByWhoeverMayThere) {
    const std::string note = R"({"note":"told Dr. Wang"})";
    EXPECT_EQ(ask(Method::post, place(1), {{Role::viewer, kStudy, "QILU"}}, note).status, 403);
    EXPECT_EQ(ask(Method::post, place(1), {{Role::data_manager, kStudy, "ELSEWHERE"}}, note).status,
              403);
    const std::vector<Grant> here{{Role::data_manager, kStudy, "QILU"}};
    EXPECT_EQ(ask(Method::post, place(1), here, "{}").status, 422);
    EXPECT_EQ(ask(Method::post, place(9), here, note).status, 404);
    EXPECT_EQ(ask(Method::post, "/critical/1/acknowledge", here, note).status, 400);
    EXPECT_EQ(seen(here).size(), 2U);
    const Response done = ask(Method::post, place(1), here, note);
    ASSERT_EQ(done.status, 200) << done.body;
    const nlohmann::json item = nlohmann::json::parse(done.body);
    EXPECT_EQ(item["acknowledged_by"], "somebody");
    EXPECT_EQ(item["note"], "told Dr. Wang");
    EXPECT_EQ(item["subject"]["label"], "SCR-020");
    EXPECT_EQ(ask(Method::post, place(1), here, note).status, 409);
    EXPECT_EQ(seen(here), (Ids{"2"}));
    EXPECT_EQ(seen(here, "all"), (Ids{"2", "1"}));
}

}  // namespace
}  // namespace labrelay::api
