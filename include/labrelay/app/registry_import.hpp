#pragma once

#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::app {

/// A registry file as a change against what is known: added facts only; a contradiction refuses the
/// whole file, so that half a file is never imported.
struct PlannedImport {
    pipeline::RegistryChange change;
    std::string summary;  ///< `8 subjects: 3 new, 2 with new facts, 3 unchanged`
};
Result<PlannedImport> plan_subjects(std::string_view csv, const std::string& name,
                                    const mapping::Configuration& configuration,
                                    const study::Registry& known);
Result<PlannedImport> plan_specimens(std::string_view csv, const std::string& name,
                                     const mapping::Configuration& configuration,
                                     const study::Registry& known);

/// One of the two.
using PlanImport = Result<PlannedImport> (*)(std::string_view csv, const std::string& name,
                                             const mapping::Configuration& configuration,
                                             const study::Registry& known);

}  // namespace labrelay::app
