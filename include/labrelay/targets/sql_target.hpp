#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "labrelay/delivery/target.hpp"
#include "labrelay/targets/lab_row.hpp"

namespace labrelay::targets {

struct SqliteTargetSettings {
    std::string name = "study";
    std::filesystem::path path;
    /// How long a write waits for another program's lock before the delivery is tried again later.
    std::chrono::milliseconds busy_timeout{2000};
    std::string vfs;  ///< SQLite's file layer; empty: its default. For tests that break disks.
};

/// The study database as an SQLite file of mode 0600 (WAL, synchronous FULL): lab_result,
/// lab_result_version, lab_delivery and the views of sql/1.sqlite.sql.
///
/// A batch is one transaction; the lab_delivery row stands in it, so a delivery that is already
/// there changes nothing, whatever crashed in between. Opened at the first delivery and again after
/// a fault, so that a missing disk delays the study and not the engine. A lock is a `retry`; a full
/// or failing disk or a foreign file is a `retry` with alert; a constraint is `rejected`. Used by
/// one thread.
class SqliteTarget final : public delivery::Target {
public:
    SqliteTarget(SqliteTargetSettings settings, AnalyteNames names,
                 std::vector<study::GradeScale> scales = {});
    ~SqliteTarget() override;

    const std::string& name() const override { return settings_.name; }
    delivery::TargetAnswer deliver(const std::vector<delivery::Delivery>& deliveries) override;

private:
    struct Connection;
    struct RenderedDelivery;

    Connection& connection();

    SqliteTargetSettings settings_;
    AnalyteNames names_;
    std::vector<study::GradeScale> scales_;
    std::unique_ptr<Connection> connection_;
};

}  // namespace labrelay::targets
