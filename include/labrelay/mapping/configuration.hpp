#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/hl7/header.hpp"
#include "labrelay/mapping/source_definition.hpp"
#include "labrelay/study/study_definition.hpp"

namespace labrelay::mapping {

/// One whole configuration: sources, studies, analytes. Immutable, shared by pointer between threads, known
/// by the hash of its files, the time-zone data and the build.
class Configuration {
public:
    Configuration(std::vector<SourceDefinition> sources, study::StudyRules rules);

    const std::vector<SourceDefinition>& sources() const { return sources_; }
    const SourceDefinition* source(std::string_view id) const;
    const study::StudyRules& rules() const { return rules_; }
    const std::string& hash() const { return rules_.hash; }

    /// The one source that fits; nothing where none does. The loader has made sure that no two can.
    const SourceDefinition* recognise(const hl7::Header& header, std::uint16_t port) const;

private:
    std::vector<SourceDefinition> sources_;
    study::StudyRules rules_;
};

/// What loading gave: a configuration, or every error there is, each with file:line:column and advice.
struct Loaded {
    std::shared_ptr<const Configuration> configuration;  ///< nothing where there are errors
    std::vector<Finding> errors;    ///< place: `sources/facs.xml:12:5`
    std::vector<Finding> warnings;
};

/// Reads `analytes.xml`, `sources/*.xml` and `<study>/study.xml` below `directory`, strictly. Formats:
/// docs/mapping.md and the XSDs beside the files.
Loaded load_configuration(const std::filesystem::path& directory);

}  // namespace labrelay::mapping
