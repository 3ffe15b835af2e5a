#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/delivery/target.hpp"
#include "labrelay/targets/redcap_client.hpp"
#include "labrelay/targets/redcap_plan.hpp"

namespace labrelay::targets {

struct RedcapTargetSettings {
    std::string name = "redcap";
    std::string study;  ///< results of other studies are not for this project
    RedcapClientSettings client;
    /// How long the project's metadata count; then they are loaded and checked again.
    std::chrono::milliseconds metadata_age{24 * 3600 * 1000};
};

/// A study's project in REDCap, over its API. A repeat can do harm, because the site works in the
/// same project: so a batch is read before it is written (redcap_plan.hpp), imported in one request
/// that REDCap takes or refuses as a whole, and read again value by value, because a count is no
/// proof. What REDCap refuses is taken out, with all that is written together with it or not at all
/// (RedcapPart), and the rest sent once more; else the batch is halved until the bad part stands
/// alone. Before the first write and daily the map is checked against the
/// project; where it does not fit nothing is sent. docs/targets.md. One thread.
class RedcapTarget final : public delivery::Target {
public:
    RedcapTarget(RedcapTargetSettings settings, study::RedcapMap map, AnalyteNames names,
                 std::vector<study::GradeScale> scales, const Clock& clock, RateLimiter::Wait wait);

    const std::string& name() const override { return settings_.name; }
    bool repeat_is_harmless() const override { return false; }
    delivery::Preparation prepare(const std::vector<delivery::Delivery>& deliveries) override;
    delivery::TargetAnswer deliver(const std::vector<delivery::Delivery>& deliveries) override;
    std::vector<delivery::ReadBack> read_back(
        const std::vector<delivery::Delivery>& deliveries) override;

private:
    using Fates = std::vector<struct RedcapFate>;  ///< of the plan's parts

    /// A delivery of the last prepare().
    struct Prepared {
        std::vector<delivery::Standing> sending;
        std::vector<delivery::Standing> stands;  ///< there as wanted already
        std::map<std::int64_t, RedcapSent> sent;
    };

    /// Nothing where map and project fit.
    std::optional<RedcapAnswer> check_project();
    std::optional<RedcapAnswer> load_project(RedcapProject& project);
    /// The batch's records as they stand; `kind` accepted where it worked.
    RedcapAnswer export_records(const std::vector<std::string>& records, RedcapRecords& found);
    std::vector<RedcapWanted> wanted_of(const delivery::Delivery& delivery,
                                        delivery::Preparation::Each& each) const;

    // `parts`: indices into the plan's.
    RedcapAnswer import(const std::vector<std::size_t>& parts);
    void send(const std::vector<std::size_t>& parts, bool may_strip, Fates& fates);
    void strip_or_halve(const std::vector<std::size_t>& parts, const RedcapAnswer& answer,
                        bool may_strip, Fates& fates);
    void prove(const std::vector<std::size_t>& parts, Fates& fates);
    delivery::DeliveryAnswer answer_of(const delivery::Delivery& delivery,
                                       const Fates& fates) const;

    RedcapTargetSettings settings_;
    study::RedcapMap map_;
    AnalyteNames names_;
    std::vector<study::GradeScale> scales_;
    const Clock& clock_;
    RedcapClient client_;
    std::optional<RedcapProject> project_;
    Instant checked_{};
    RedcapPlan plan_;                            ///< of the last prepare()
    std::map<std::int64_t, Prepared> prepared_;  ///< by delivery
};

}  // namespace labrelay::targets
