#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/hl7/header.hpp"
#include "labrelay/mapping/line_index.hpp"
#include "labrelay/mapping/source_definition.hpp"
#include "labrelay/study/study_definition.hpp"

namespace labrelay::mapping {

/// A name for an analyte that was seen in messages. It suggests and never maps.
struct AnalyteAlias {
    std::string alias;
    std::string analyte;  ///< key
};

/// What becomes of a message that no source fits: AR, or AA and held for a person.
enum class UnknownSource : std::uint8_t { reject, hold };

/// One whole configuration: sources, studies, analytes. Immutable, shared by pointer between
/// threads, known by the hash of its files and of the time-zone data's version.
class Configuration {
public:
    Configuration(std::vector<SourceDefinition> sources, study::StudyRules rules,
                  std::vector<AnalyteAlias> aliases = {},
                  UnknownSource unknown_source = UnknownSource::reject);

    const std::vector<SourceDefinition>& sources() const { return sources_; }
    const SourceDefinition* source(std::string_view id) const;
    const study::StudyRules& rules() const { return rules_; }
    const std::string& hash() const { return rules_.hash; }
    const std::vector<AnalyteAlias>& aliases() const { return aliases_; }
    UnknownSource unknown_source() const { return unknown_source_; }

    /// The index of one of sources(), by reference to it.
    const LineIndex& lines_of(const SourceDefinition& source) const;

    /// The one source that fits; nothing where none does. The loader has made sure that no two can.
    const SourceDefinition* recognise(const hl7::Header& header, const WayIn& way) const;

private:
    std::vector<SourceDefinition> sources_;
    std::vector<LineIndex> lines_;  // of sources_, in their order
    study::StudyRules rules_;
    std::vector<AnalyteAlias> aliases_;
    UnknownSource unknown_source_;
};

/// What loading gave: a configuration, or every error there is, each with file:line:column and
/// advice.
struct Loaded {
    std::shared_ptr<const Configuration> configuration;  ///< nothing where there are errors
    std::vector<Finding> errors;  ///< by file and line; place: `sources/facs.xml:12:5`
    std::vector<Finding> warnings;
};

/// Reads `analytes.xml`, `intake.xml` and `grades.xml` (may be missing), `sources/*.xml` and
/// `<study>/study.xml` below `directory`, strictly. Formats: docs/mapping.md and the XSDs beside
/// the files.
Loaded load_configuration(const std::filesystem::path& directory);

/// One file of a configuration: its path below the directory, with `/`, and its bytes.
struct ConfigurationFile {
    std::string name;
    std::string bytes;
};

/// The same from files that are already in memory, in any order.
Loaded load_configuration(std::vector<ConfigurationFile> files);

}  // namespace labrelay::mapping
