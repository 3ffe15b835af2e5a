#pragma once

#include <memory>
#include <string>
#include <vector>

#include "labrelay/delivery/target.hpp"
#include "labrelay/targets/lab_row.hpp"
#include "labrelay/targets/study_place.hpp"

namespace labrelay::targets {

struct SqlTargetSettings {
    std::string name = "study";
    StudyPlace place;
};

/// The study database, as an SQLite file of mode 0600 (WAL, synchronous FULL) or on PostgreSQL:
/// lab_result, lab_result_version, lab_delivery and the views of src/targets/sql/.
///
/// A batch is one transaction; the lab_delivery row stands in it, so a delivery that is already
/// there changes nothing, whatever crashed in between, and one that is there with a newer fence is
/// passed over. Opened at the first delivery and again after a fault, so that a missing disk or
/// server delays the study and not the engine. A lock is a `retry`; a full or failing disk, a lost
/// server or a foreign file is a `retry` with alert; a password or right that is missing is
/// `stopped`; a constraint is `rejected`. Used by one thread.
class SqlTarget final : public delivery::Target {
public:
    SqlTarget(SqlTargetSettings settings, AnalyteNames names,
              std::vector<study::GradeScale> scales = {});
    ~SqlTarget() override;

    const std::string& name() const override { return settings_.name; }
    delivery::TargetAnswer deliver(const std::vector<delivery::Delivery>& deliveries) override;

private:
    struct Study;
    struct RenderedDelivery;

    Study& study();

    SqlTargetSettings settings_;
    AnalyteNames names_;
    std::vector<study::GradeScale> scales_;
    std::unique_ptr<Study> study_;
    bool unsure_ = false;  ///< what was committed last may be on one machine only
};

}  // namespace labrelay::targets
