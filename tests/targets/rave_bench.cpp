#include <sys/stat.h>

#include <fstream>

#include "labrelay/targets/rave_target.hpp"
#include "rave_stub.hpp"
#include "target_bench.hpp"
#include "temporary_directory.hpp"

namespace labrelay::targets {
namespace {

using testing::RaveFault;
using testing::RaveStub;

constexpr const char* kEvent = "SE_M3";
constexpr const char* kForm = "F_LAB";
constexpr const char* kNumber = "I_CD4A";
constexpr const char* kState = "I_CD4A_STATE";

/// As odm_export.hpp makes them of a study's <odm>.
Result<OdmSubjectEvent> items_of(const LabRow& row) {
    OdmSubjectEvent event{row.subject, "L_QILU", "SE_" + row.visit, {}, {}};
    OdmItem item;
    item.form_oid = kForm;
    item.item_group_oid = "IG_CD4A";
    item.group_repeat_key = row.result_id;
    item.source_id = row.lineage_id;
    item.reason = row.reason;
    item.item_oid = kNumber;
    item.value = row.value_num;
    event.items.push_back(item);
    item.item_oid = kState;
    item.value = row.result_state;
    event.items.push_back(item);
    return event;
}

class RaveBench final : public TargetBench {
public:
    explicit RaveBench(const Clock& clock) {
        stub_.add_subject("S-004");
        stub_.add_event(kEvent);
        stub_.add_item(kNumber);
        stub_.add_item(kState);
        const auto password = directory_.path() / "password";
        std::ofstream(password) << RaveStub::kPassword << "\n";
        ::chmod(password.c_str(), 0600);
        RaveTargetSettings settings;
        settings.name = "study";
        settings.study = "NCT05872659";
        settings.http.url = stub_.url();
        settings.password_file = password;
        settings.project = "Mediflex";
        settings.environment = "Dev";
        settings.header.study_oid = "Mediflex (Dev)";
        settings.header.metadata_version_oid = "1";
        settings.header.user_oid = "labrelay";
        target_ =
            std::make_unique<RaveTarget>(settings, items_of, AnalyteNames{},
                                         std::vector<study::GradeScale>{}, clock, [](Instant) {});
    }

    delivery::Target& target() override { return *target_; }

    void begin(Trouble trouble) override {
        switch (trouble) {
            case Trouble::none:
                break;
            case Trouble::locked:
                stub_.lock("S-004", kEvent, kForm);
                break;
            case Trouble::edited:
                edit("500");
                break;
            case Trouble::unknown_subject:
                stub_.add_subject("S-004", false);
                break;
            case Trouble::unknown_visit:
                stub_.add_event(kEvent, false);
                break;
            case Trouble::unknown_item:
                stub_.add_item(kNumber, false);
                break;
            case Trouble::bad_value:
                stub_.refuse_value("401.50");
                break;
            case Trouble::rights_lost:
                stub_.set_rights(RaveStub::Rights::not_authorised);
                break;
            case Trouble::banned:
                stub_.set_rights(RaveStub::Rights::banned);
                break;
            case Trouble::timeout_before:
                stub_.fail(RaveFault::drop_early);
                break;
            case Trouble::timeout_after:
                stub_.fail(RaveFault::commit_then_drop);
                break;
        }
    }

    void mend(Trouble trouble) override {
        stub_.lock("S-004", kEvent, kForm, false);
        stub_.add_subject("S-004");
        stub_.add_event(kEvent);
        stub_.add_item(kNumber);
        stub_.refuse_value("401.50", false);
        stub_.set_rights(RaveStub::Rights::all);
        if (trouble == Trouble::edited) {
            edit("401.50");  // the site takes its edit back
        }
    }

    std::string stands() override {
        const std::string number = stub_.value({"S-004", kEvent, kForm, kNumber});
        return number.empty() ? stub_.value({"S-004", kEvent, kForm, kState}) : number;
    }
    std::size_t results() override { return stub_.count(kState); }
    int writes() override { return stub_.posts(); }

private:
    void edit(const std::string& value) { stub_.enter({"S-004", kEvent, kForm, kNumber}, value); }

    test::TemporaryDirectory directory_;
    RaveStub stub_;
    std::unique_ptr<RaveTarget> target_;
};

}  // namespace

std::unique_ptr<TargetBench> rave_bench(const Clock& clock) {
    return std::make_unique<RaveBench>(clock);
}

}  // namespace labrelay::targets
