#include <sys/stat.h>

#include <fstream>

#include "labrelay/targets/redcap_target.hpp"
#include "redcap_maps.hpp"
#include "redcap_stub.hpp"
#include "target_bench.hpp"
#include "temporary_directory.hpp"

namespace labrelay::targets {
namespace {

using testing::RedcapFault;
using testing::RedcapStub;

constexpr const char* kEvent = "m3_arm_1";
constexpr const char* kForm = "lab_results";

class RedcapBench final : public TargetBench {
public:
    explicit RedcapBench(const Clock& clock) {
        testing::build_laboratory_project(stub_);
        const auto token = directory_.path() / "token";
        std::ofstream(token) << RedcapStub::kToken << "\n";
        ::chmod(token.c_str(), 0600);
        RedcapTargetSettings settings;
        settings.name = "study";
        settings.study = "NCT05872659";
        settings.client.http.url = stub_.url();
        settings.client.token_file = token;
        settings.client.requests_per_minute = 6000;
        target_ =
            std::make_unique<RedcapTarget>(settings, testing::a_redcap_map(), AnalyteNames{},
                                           std::vector<study::GradeScale>{}, clock, [](Instant) {});
    }

    delivery::Target& target() override { return *target_; }

    void begin(Trouble trouble) override {
        const RedcapStub::Where place{"S-004", kEvent, kForm, "1"};
        switch (trouble) {
            case Trouble::none:
                break;
            case Trouble::locked:
                stub_.lock(place);
                break;
            case Trouble::edited:
                stub_.enter(place, "lr_value", "500");
                break;
            case Trouble::unknown_subject:
                stub_.remove_record("S-004");
                break;
            case Trouble::unknown_visit:
                target_->prepare({});  // the map fitted when it was checked
                stub_.designate(kEvent, kForm, false);
                break;
            case Trouble::unknown_item:
                target_->prepare({});
                stub_.change_field("lr_text", {"lr_words", kForm});
                break;
            case Trouble::bad_value:
                target_->prepare({});
                stub_.change_field("lr_value", {"lr_value", kForm, "text", "integer"});
                break;
            case Trouble::rights_lost:
                stub_.set_rights(RedcapStub::Rights::no_import);
                break;
            case Trouble::banned:
                stub_.ban();
                break;
            case Trouble::timeout_before:
                stub_.fail(RedcapFault::refuse_connection_early);
                break;
            case Trouble::timeout_after:
                stub_.fail(RedcapFault::commit_then_drop);
                break;
        }
    }

    void mend(Trouble trouble) override {
        const RedcapStub::Where place{"S-004", kEvent, kForm, "1"};
        stub_.lock(place, false);
        stub_.set_rights(RedcapStub::Rights::all);
        stub_.ban(false);
        stub_.add_record("S-004");
        stub_.designate(kEvent, kForm);
        if (trouble == Trouble::edited) {
            stub_.enter(place, "lr_value", "401.50");  // the site takes its edit back
        }
        if (trouble == Trouble::unknown_item) {
            stub_.change_field("lr_words", {"lr_text", kForm});
        }
        if (trouble == Trouble::bad_value) {
            stub_.change_field("lr_value", {"lr_value", kForm, "text", "number"});
        }
    }

    std::string stands() override {
        const RedcapStub::Where place{"S-004", kEvent, kForm, "1"};
        const std::string number = stub_.value(place, "lr_value");
        const std::string state = stub_.value(place, "lr_state");
        return number.empty() ? (state == "9"   ? "withdrawn"
                                 : state == "2" ? "below_lloq"
                                                : state)
                              : number;
    }
    std::size_t results() override { return stub_.instances("S-004", kEvent, kForm).size(); }
    int writes() override { return stub_.count("record:import"); }

private:
    test::TemporaryDirectory directory_;
    RedcapStub stub_;
    std::unique_ptr<RedcapTarget> target_;
};

}  // namespace

std::unique_ptr<TargetBench> redcap_bench(const Clock& clock) {
    return std::make_unique<RedcapBench>(clock);
}

}  // namespace labrelay::targets
