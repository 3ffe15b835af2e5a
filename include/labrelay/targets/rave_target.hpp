#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "labrelay/delivery/target.hpp"
#include "labrelay/targets/http_exchange.hpp"
#include "labrelay/targets/lab_row.hpp"
#include "labrelay/targets/odm.hpp"
#include "labrelay/targets/rate_limiter.hpp"
#include "labrelay/targets/rave_answer.hpp"

namespace labrelay::targets {

class RaveKeys;

struct RaveTargetSettings {
    std::string name = "rave";
    std::string study;                    ///< results of other studies are not for it
    HttpSettings http;                    ///< https://HOST/RaveWebServices
    std::filesystem::path password_file;  ///< `user:password`, mode 0600
    OdmHeader header;  ///< study_oid `Project (ENV)`, metadata version, user; the rest is filled in
    std::string project;
    std::string environment;
    std::uint32_t requests_per_minute = 300;
};

/// A study in Medidata Rave, over its web services: each delivery is one ODM 1.3.2 transaction,
/// which Rave takes or refuses as a whole, with Rave's attributes. A repeat can do harm: the site
/// works in the same forms, and there is no key by which Rave would know a repeat. So the forms are
/// read (data sets) before they are written; what the site edited since is raised and never
/// overwritten; "objects touched" is compared with what was sent, and where it is less the forms
/// are read at once, and what does not stand there is refused; where the answer was lost they are
/// read later. Nothing stands there only where Rave says so in its own words: any other refusal of
/// a read stops the target. A refused delivery of several results is sent result by result, so that
/// a locked form blocks only itself. One thread.
class RaveTarget final : public delivery::Target {
public:
    /// The items of one result (odm_export.hpp); its error is a refusal. Repeat keys that are texts
    /// there become numbers, as Rave wants them.
    using ItemsOf = std::function<Result<OdmSubjectEvent>(const LabRow&)>;

    RaveTarget(RaveTargetSettings settings, ItemsOf items_of, AnalyteNames names,
               std::vector<study::GradeScale> scales, const Clock& clock, RateLimiter::Wait wait);

    const std::string& name() const override { return settings_.name; }
    bool repeat_is_harmless() const override { return false; }
    delivery::Preparation prepare(const std::vector<delivery::Delivery>& deliveries) override;
    delivery::TargetAnswer deliver(const std::vector<delivery::Delivery>& deliveries) override;
    std::vector<delivery::ReadBack> read_back(
        const std::vector<delivery::Delivery>& deliveries) override;

private:
    /// A result as it is to stand in Rave, and the draw that its event repeats by.
    struct Wanted {
        const delivery::DeliveredResult& result;
        OdmSubjectEvent event;
        std::string draw;
    };
    /// What is to be written of one result.
    struct Change {
        delivery::Standing standing;          ///< once it is written
        std::vector<OdmSubjectEvent> events;  ///< only the items that change
        RaveItems wanted;                     ///< of the items that change; empty: taken away
    };
    /// What stands of a subject in the forms that were asked for, once the deliveries of the batch
    /// that were looked at so far are written.
    struct Stands {
        std::set<std::string> forms;  ///< that were read
        RaveItems items;
        std::set<RaveItem> changed;  ///< by these deliveries, and not written yet
    };

    RaveAnswer ask(const HttpRequest& request);
    /// Reads the forms that are not yet in `stands`.
    RaveAnswer read_forms(const std::string& subject, const std::set<std::string>& forms,
                          std::map<std::string, Stands>& stands);
    RaveAnswer plan(const delivery::Delivery& delivery, delivery::Preparation::Each& each,
                    std::map<std::string, Stands>& stands, RaveKeys& keys);
    void compare(const Wanted& one, const delivery::Delivery& delivery, Stands& there,
                 delivery::Preparation::Each& each, std::vector<Change>& changes);
    RaveAnswer post(const std::vector<Change>& changes);
    delivery::DeliveryAnswer deliver_one(const delivery::Delivery& delivery, bool& stopped);
    void take(const std::vector<Change>& changes, const RaveAnswer& answer,
              delivery::DeliveryAnswer& given, bool& stopped);
    void prove(const std::vector<Change>& changes, delivery::DeliveryAnswer& given);

    RaveTargetSettings settings_;
    ItemsOf items_of_;
    AnalyteNames names_;
    std::vector<study::GradeScale> scales_;
    const Clock& clock_;
    HttpExchange http_;
    RateLimiter limiter_;
    std::int64_t documents_ = 0;
    // By delivery, of the last prepare(): what changes, and what stands there as wanted already.
    std::map<std::int64_t, std::vector<Change>> changes_;
    std::map<std::int64_t, std::vector<delivery::Standing>> already_;
};

}  // namespace labrelay::targets
