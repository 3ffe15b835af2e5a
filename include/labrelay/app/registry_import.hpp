#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::app {

/// A row of a registry file that is new or says something new.
struct PlannedRow {
    Place place;
    std::string what;   ///< a subject's label, a specimen's number
    std::string study;  ///< of the specimen's subject; empty: nobody known
    bool is_new = false;
    std::vector<std::string> added;       ///< names of the columns whose facts are new
    std::vector<study::Subject> touches;  ///< as they are and as they would be
};

/// A registry file as a change against what is known: added facts only; a contradiction refuses the
/// whole file, so that half a file is never imported.
struct PlannedImport {
    pipeline::RegistryChange change;
    std::string summary;  ///< `8 subjects: 3 new, 2 with new facts, 3 unchanged`
    std::vector<PlannedRow> rows;
    std::size_t unchanged = 0;
    std::vector<Finding> errors;  ///< all of the file's; with these the change is of no use
};
PlannedImport look_at_subjects(std::string_view csv, const std::string& name,
                               const mapping::Configuration& configuration,
                               const study::Registry& known);
PlannedImport look_at_specimens(std::string_view csv, const std::string& name,
                                const mapping::Configuration& configuration,
                                const study::Registry& known);

/// The same where there are no errors; else the first one's code and place, with all of them in the
/// detail where there are several.
Result<PlannedImport> plan_subjects(std::string_view csv, const std::string& name,
                                    const mapping::Configuration& configuration,
                                    const study::Registry& known);
Result<PlannedImport> plan_specimens(std::string_view csv, const std::string& name,
                                     const mapping::Configuration& configuration,
                                     const study::Registry& known);

/// One of the two, or what looks closer.
using PlanImport = std::function<Result<PlannedImport>(
    std::string_view csv, const std::string& name, const mapping::Configuration& configuration,
    const study::Registry& known)>;

}  // namespace labrelay::app
