#pragma once

#include <filesystem>
#include <vector>

#include "labrelay/mapping/configuration.hpp"

namespace labrelay::mapping {

/// The files of a directory that are a configuration's, by name, as bytes: what is stored of a
/// configuration and written out again. Whether they can be loaded is another question.
struct DirectoryFiles {
    std::vector<ConfigurationFile> files;
    std::vector<Finding> errors;  ///< what could not be read
    std::vector<Finding> warnings;
};
DirectoryFiles read_configuration_files(const std::filesystem::path& directory);

/// The hash that a configuration of these files has, whether it can be loaded or not.
std::string configuration_hash(std::vector<ConfigurationFile> files);

/// `parent` with the files of `changed` in the place of those of the same name, or beside them. A
/// changed file without bytes is taken away.
std::vector<ConfigurationFile> with_changed(std::vector<ConfigurationFile> parent,
                                            std::vector<ConfigurationFile> changed);

}  // namespace labrelay::mapping
