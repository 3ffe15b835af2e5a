#pragma once

#include <string>
#include <vector>

namespace labrelay::mapping {

/// An element of the mapping language, for an editor that completes it. Of one name in several
/// places it has the attributes and children of all.
struct VocabularyElement {
    struct Attribute {
        std::string name;
        std::vector<std::string> values;  ///< where only these are allowed
    };
    std::string name;
    std::vector<Attribute> attributes;
    std::vector<std::string> children;
};

/// All elements, by name, as the XSDs beside the mappings have them at the time of the build.
const std::vector<VocabularyElement>& mapping_vocabulary();

}  // namespace labrelay::mapping
