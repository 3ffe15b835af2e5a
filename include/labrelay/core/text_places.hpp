#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/finding.hpp"

namespace labrelay {

/// Lines and columns of one file's UTF-8 text, for people with an editor. Owns name and text.
class TextPlaces {
public:
    TextPlaces(std::string name, std::string text);

    const std::string& name() const { return name_; }
    const std::string& text() const { return text_; }
    /// `sources/facs.xml:12:5`; lines and columns count from 1, columns in characters.
    Place at(std::size_t offset) const;

private:
    std::string name_;
    std::string text_;
    std::vector<std::size_t> lines_;  ///< offset of each line's first byte
};

}  // namespace labrelay
