#include "running_configuration.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "labrelay/app/alarm_watch.hpp"
#include "labrelay/app/configuration_change.hpp"
#include "labrelay/app/configuration_workbench.hpp"
#include "labrelay/app/forwarding.hpp"

namespace labrelay::app {

Result<void> RunningConfiguration::take_over(const std::vector<mapping::ConfigurationFile>& files,
                                             bool drop_taught) {
    Result<TakenConfiguration> taken =
        take_configuration(engine_.writer, files, drop_taught,
                           [this](const auto& configuration) { return fits_whole(configuration); });
    if (!taken) {
        return tl::unexpected(taken.error());
    }
    for (const std::string& line : taken->said) {
        spdlog::info("{}", line);
    }
    engine_.snapshots.replace(std::move(taken->configuration));
    return {};
}

/// A reply connection that is no longer needed may stay until a restart: what waits on it is still
/// sent.
Result<void> RunningConfiguration::fits(const mapping::Configuration& configuration) const {
    for (const mapping::SourceDefinition& source : configuration.sources()) {
        if (source.replies_apart && !engine_.settings.replies.contains(source.id)) {
            return fail(Code::setting_bad, Place{"reply." + source.id},
                        "the source has reply=\"apart\"; the setting says host:port, and a server "
                        "reads it when it starts");
        }
    }
    return Forwarding::fits(engine_.settings, configuration, engine_.clock);
}

Result<void> RunningConfiguration::fits_whole(const mapping::Configuration& configuration) const {
    for (const auto& [source, endpoint] : engine_.settings.replies) {
        const mapping::SourceDefinition* known = configuration.source(source);
        if (known == nullptr || !known->replies_apart) {
            return fail(Code::setting_bad, Place{"reply." + source},
                        "no source of this name has reply=\"apart\"");
        }
    }
    if (Result<void> known = check_alarm_studies(engine_.settings, configuration.rules()); !known) {
        return known;
    }
    return fits(configuration);
}

/// Everybody who waits for the next commit takes up the new configuration with it.
void RunningConfiguration::follow() {
    try {
        engine_.committer.follow_configuration();
    } catch (const pipeline::StoreFault& fault) {
        // It is activated; the next transaction takes it up.
        spdlog::error("configuration: {}", fault.what());
    }
}

Result<std::string> RunningConfiguration::change_configuration(std::string_view json) {
    const Result<ConfigurationRequest> request = configuration_request_from(json);
    if (!request) {
        return tl::unexpected(request.error());
    }
    try {
        Result<std::string> done = app::change_configuration(
            engine_.writer, *request,
            [this](const auto& configuration) { return fits(configuration); });
        if (done) {
            follow();
        }
        return done;
    } catch (const pipeline::StoreFault& fault) {
        return fail(Code::store_io, Place{"config"}, fault.what());
    }
}

api::CasesRun RunningConfiguration::run_cases(
    const std::shared_ptr<const mapping::Configuration>& configuration) const {
    return app::run_cases(engine_.settings.mappings, configuration);
}

Result<views::ConfigurationEffect> RunningConfiguration::effect(
    const std::shared_ptr<const mapping::Configuration>& candidate,
    const mapping::TouchedSources& touched) const {
    return effect_on_store(engine_.directory, *candidate, touched);
}

Result<std::vector<views::ExplainedMessage>> RunningConfiguration::explain(
    const std::shared_ptr<const mapping::Configuration>& configuration,
    const api::ToExplain& asked) const {
    return explain_on_store(engine_.directory, configuration, asked);
}

}  // namespace labrelay::app
