#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/mapping/configuration.hpp"

namespace labrelay::mapping {

/// One thing that two configurations say differently.
struct ConfigurationChange {
    enum class Kind : std::uint8_t { added, removed, changed };
    Kind kind = Kind::changed;
    std::string file;
    std::string what;  ///< `observation WBC (L)`, `visit M3 › panels`: the same on both sides
    Place where;  ///< `sources/facs.xml:12:5`, in the later one, of what is gone in the earlier
    std::string before;  ///< attributes that differ, or all of an element; empty: it was not there
    std::string after;
    std::string sentence;

    friend bool operator==(const ConfigurationChange&, const ConfigurationChange&) = default;
};
std::string_view to_string(ConfigurationChange::Kind kind);  ///< `added` …

/// The difference by meaning: elements by their keys, attributes by their values. Order, blanks,
/// comments and the order of words in a list mean nothing. A file that cannot be read as XML is one
/// change. In the order of files and of what stands in them. Pure.
std::vector<ConfigurationChange> difference(const std::vector<ConfigurationFile>& before,
                                            const std::vector<ConfigurationFile>& after);

/// What was changed from `origin` to `taught` and that `files`, which come from `origin` too, do
/// not say as `taught` says it. Versions of files are left out.
std::vector<ConfigurationChange> lacking(const std::vector<ConfigurationFile>& origin,
                                         const std::vector<ConfigurationFile>& taught,
                                         const std::vector<ConfigurationFile>& files);

/// The sources that the changes are about, an empty name for what no source was found for; with
/// `all`, every source could be (analytes, a study). The studies that are not what they were: their
/// windows, visits or checks may place what is stored elsewhere.
struct TouchedSources {
    bool all = false;
    std::vector<std::string> sources;
    std::vector<std::string> studies;
};
TouchedSources touched_sources(const std::vector<ConfigurationChange>& changes);

}  // namespace labrelay::mapping
