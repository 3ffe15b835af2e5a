#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/api/oversight.hpp"
#include "labrelay/api/services.hpp"
#include "labrelay/api/signing.hpp"
#include "labrelay/mapping/difference.hpp"
#include "labrelay/views/configuration.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::api {

/// What became of the golden cases beside the mappings.
struct CasesRun {
    struct Failure {
        std::string name;
        std::string file;
        std::string expected;
        std::string got;
    };
    std::int64_t passed = 0;
    std::vector<Failure> failed;
};

/// What is to be explained: bytes that arrive, or a message of the store as it would be processed
/// again, with what people decided for it.
struct ToExplain {
    std::string bytes = {};
    std::optional<MessageId> message = {};
};

/// What configurations ask of the running engine. Called from request threads, concurrently. May
/// throw pipeline::StoreFault.
class ConfigurationPort {
public:
    virtual ~ConfigurationPort() = default;
    /// Activates or rolls back, as a command on this host asks in JSON (app/configuration_change).
    virtual Result<std::string> change_configuration(std::string_view json) = 0;
    /// Whether the server's settings, which only a restart changes, allow it. Error: setting-bad.
    virtual Result<void> fits(const mapping::Configuration& configuration) const = 0;
    /// What was activated is taken up when it returns: no message is processed with an older one.
    virtual void follow() = 0;
    virtual CasesRun run_cases(
        const std::shared_ptr<const mapping::Configuration>& configuration) const = 0;
    /// What is held at the sources, tried with the candidate; nothing is stored. As far as the
    /// person is told of it.
    virtual Result<views::ConfigurationEffect> effect(
        const std::shared_ptr<const mapping::Configuration>& candidate,
        const mapping::TouchedSources& touched, const views::Sight& sight) const = 0;
    virtual Result<std::vector<views::ExplainedMessage>> explain(
        const std::shared_ptr<const mapping::Configuration>& configuration,
        const ToExplain& asked) const = 0;
};

/// GET /config, /config/{id}, its files and differences, /mappings/vocabulary; POST /config/check,
/// /config/effect, /config, /config/{id}/activate, /config/rollback, /explain; for commands
/// /config/command.
void add_config_routes(Router& router, const Services& services, ConfigurationPort& port,
                       FourEyes& four_eyes, Signing& signing);

}  // namespace labrelay::api
