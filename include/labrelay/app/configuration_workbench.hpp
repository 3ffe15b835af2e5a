#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

#include "labrelay/api/config_routes.hpp"
#include "labrelay/app/dry_run.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/study/registry.hpp"
#include "labrelay/views/explain.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::app {

// What an engineer asks of a configuration before it is activated. Nothing is stored.

/// As many held observations as are tried within seconds.
inline constexpr std::size_t kEffectObservations = 5000;

/// Processes again, with `candidate`, what is held at the sources, in order of arrival, each
/// message seeing what the ones before it would have stored. What is closed to the person, by what
/// it was or by what the candidate makes of it, acts and is not told of.
views::ConfigurationEffect effect_of(store::ReadSession& session, const study::Registry& registry,
                                     const mapping::Configuration& candidate,
                                     const mapping::TouchedSources& touched,
                                     const views::Sight& sight);

/// On a session of their own. Errors: those of ReadSession::open().
Result<views::ConfigurationEffect> effect_on_store(const store::DataDirectory& directory,
                                                   const mapping::Configuration& candidate,
                                                   const mapping::TouchedSources& touched,
                                                   const views::Sight& sight);
/// Errors: not-found.
Result<std::vector<views::ExplainedMessage>> explain_on_store(
    const store::DataDirectory& directory,
    std::shared_ptr<const mapping::Configuration> configuration, const api::ToExplain& asked);
/// What an explanation says of a message that the store has already.
views::Explanation::Before told_before(const DryRun::Answered& answered);

/// The golden cases beside the mappings, with another configuration than theirs.
api::CasesRun run_cases(const std::filesystem::path& mappings,
                        const std::shared_ptr<const mapping::Configuration>& configuration);

}  // namespace labrelay::app
