#include "labrelay/views/reconciliation.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "labrelay/core/file.hpp"

namespace labrelay::views {
namespace {

using study::Difference;

Reconciliation a_reconciliation() {
    Reconciliation all;
    all.study = "NCT05872659";
    all.study_name = "HIV immune non-responders";
    all.target = "study";
    all.config_hash = "c0ffee";
    all.store_state = "newest message 0ABC, registry fact 12";
    all.at = Instant{1'795'903'200'000'000};
    all.subjects = 2;
    all.kept_back = 1;
    all.schedule = {5, 3, 1, 1, {"S-004 M3 HIVVL"}};
    all.target_comparison.counts = {8, 7, 5, 1, 1, 0, 1, 0, 0};
    all.target_comparison.counts.extra = 0;
    all.target_comparison.differences = {
        Difference{Code::missing_there, SubjectId{7}, "k1",
                   "S-004 M3 CD4A: result R1 is stored here and not there."},
        Difference{Code::differs_there, SubjectId{7}, "k2",
                   "S-004 M3 HIVVL: value_text is 45 here and 54 there."}};
    all.list_name = "lab.csv";
    study::ListComparison list;
    list.counts = {3, 1, 0, 1, 1, 0, 1};
    list.differences = {Difference{Code::never_arrived, SubjectId{7}, "k3",
                                   "line 4, S-004 WBC: it never arrived here."},
                        Difference{Code::header_differs, SubjectId{7}, "k4",
                                   "line 2, S-004 HIVVL: the birth date differs."}};
    all.list = list;
    return all;
}

TEST(ReconciliationReport, IsTheGoldenText) {
    const Reconciliation all = a_reconciliation();
    EXPECT_TRUE(all.target_comparison.counts.add_up());
    EXPECT_TRUE(all.list->counts.add_up());
    const std::string file =
        std::string(LABRELAY_SOURCE_DIR) + "/tests/unit/views/reconciliation.txt";
    if (std::getenv("LABRELAY_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(file, std::ios::binary) << reconciliation_text(all);
    }
    const Result<std::string> written = read_file(file);
    ASSERT_TRUE(written);
    EXPECT_EQ(*written, reconciliation_text(all));
}

TEST(ReconciliationReport, JsonSaysTheSame) {
    const auto json = nlohmann::json::parse(reconciliation_json(a_reconciliation()));
    EXPECT_EQ(json.at("differences"), 4);
    EXPECT_EQ(json.at("target_comparison").at("missing"), 1);
    EXPECT_EQ(json.at("list_comparison").at("differences").at(0).at("rule"), "never-arrived");
}

TEST(ReconciliationReport, WithoutAListAndWithoutDifferences) {
    Reconciliation all = a_reconciliation();
    all.list.reset();
    all.target_comparison.differences.clear();
    EXPECT_NE(reconciliation_text(all).find("Result: no difference."), std::string::npos);
    EXPECT_EQ(reconciliation_text(all).find("own list"), std::string::npos);
}

}  // namespace
}  // namespace labrelay::views
