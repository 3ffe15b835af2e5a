#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/mapping/configuration.hpp"
#include "labrelay/mapping/source_definition.hpp"
#include "labrelay/study/study_definition.hpp"
#include "xml_file.hpp"

namespace labrelay::mapping {

/// What `analytes.xml` says. Where the file has errors it is what could be read, so that the other
/// files are judged all the same.
struct Catalogue {
    std::vector<study::Analyte> analytes;  ///< sorted by key
    std::vector<AnalyteAlias> aliases;

    const study::Analyte* find(std::string_view key) const;
    /// A near key, or the keys that go by this alias.
    std::string suggestion(std::string_view written) const;
};

/// A source and the place of each of its `<recognise>` lines, for the check across files.
struct LoadedSource {
    SourceDefinition definition;
    XmlFile* file = nullptr;  ///< outlives this
    std::vector<std::size_t> recognise_at;
};

// What is wrong goes to the file's errors. `id` is the name that the path of the file gives.
Catalogue load_analytes(XmlFile& file);
LoadedSource load_source(XmlFile& file, std::string_view id, const Catalogue& catalogue);
UnknownSource load_intake(XmlFile& file);
std::vector<study::GradeScale> load_grades(XmlFile& file, const Catalogue& catalogue);
/// What a study may refer to.
struct Shared {
    const Catalogue& catalogue;
    const std::vector<LoadedSource>& sources;
    const std::vector<study::GradeScale>& scales;
};
study::StudyDefinition load_study(XmlFile& file, std::string_view id, const Shared& shared);

/// Lines of one source that fit the same observation and cannot be told apart.
void check_lines(const SourceDefinition& source, XmlFile& file);
/// Sources that would both recognise one message.
void check_sources(const std::vector<LoadedSource>& sources);

}  // namespace labrelay::mapping
