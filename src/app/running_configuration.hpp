#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/api/config_routes.hpp"
#include "labrelay/app/settings.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/committer.hpp"
#include "labrelay/pipeline/snapshots.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::app {

/// The configuration of a running server: what it begins with, what it must fit, and what people
/// ask of it or of one that is to follow. take_over() before anything is processed; the rest any
/// thread.
class RunningConfiguration final : public api::ConfigurationPort {
public:
    /// What of the server it works with; all of it outlives it.
    struct Engine {
        const ServerSettings& settings;
        const store::DataDirectory& directory;
        store::StoreWriter& writer;
        pipeline::Snapshots& snapshots;
        pipeline::Committer& committer;
        const Clock& clock;
    };

    explicit RunningConfiguration(const Engine& engine) : engine_(engine) {}

    /// What was activated since the files were taken holds, and is what everything is made with.
    /// Errors: those of take_configuration() and fits_whole().
    Result<void> take_over(const std::vector<mapping::ConfigurationFile>& files, bool drop_taught);
    /// What a start asks beyond fits(): nor may the settings speak of what the configuration lacks.
    /// Error: setting-bad.
    Result<void> fits_whole(const mapping::Configuration& configuration) const;

    Result<std::string> change_configuration(std::string_view json) override;
    Result<void> fits(const mapping::Configuration& configuration) const override;
    void follow() override;
    api::CasesRun run_cases(
        const std::shared_ptr<const mapping::Configuration>& configuration) const override;
    Result<views::ConfigurationEffect> effect(
        const std::shared_ptr<const mapping::Configuration>& candidate,
        const mapping::TouchedSources& touched) const override;
    Result<std::vector<views::ExplainedMessage>> explain(
        const std::shared_ptr<const mapping::Configuration>& configuration,
        const api::ToExplain& asked) const override;

private:
    const Engine engine_;
};

}  // namespace labrelay::app
