#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/core/text_places.hpp"

namespace labrelay::mapping {

struct XmlAttribute {
    std::string name;
    std::string value;         ///< entities decoded
    std::size_t at = 0;        ///< byte of the name in the file
    std::size_t value_at = 0;  ///< byte of the value's first character in the file
};

struct XmlNode {
    std::string name;
    std::size_t at = 0;  ///< byte of its `<` in the file
    std::vector<XmlAttribute> attributes;
    std::vector<XmlNode> children;
};

/// One configuration file: its text, its elements with their places, and everything that is found
/// wrong with it. The text is UTF-8 XML without a document type; elements carry attributes and
/// elements, never text. One thread at a time.
class XmlFile {
public:
    /// `name` is what places name. What is wrong with the XML itself stands in errors().
    XmlFile(std::string name, std::string text);

    const std::string& name() const { return places_.name(); }
    /// The root element; nothing where the file could not be read.
    const XmlNode* root() const { return readable_ ? &root_ : nullptr; }

    /// `sources/facs.xml:12:5`; columns count characters from 1.
    Place place(std::size_t offset) const { return places_.at(offset); }
    /// The byte in the file of the value's byte `offset`, which entities move.
    std::size_t inside(const XmlAttribute& attribute, std::size_t offset) const;

    void error(Code code, std::size_t offset, std::string detail);
    void warning(Code code, std::size_t offset, std::string detail);
    const std::vector<Finding>& errors() const { return errors_; }
    const std::vector<Finding>& warnings() const { return warnings_; }

private:
    const std::string& text() const { return places_.text(); }

    TextPlaces places_;
    XmlNode root_;
    bool readable_ = false;
    std::vector<Finding> errors_;
    std::vector<Finding> warnings_;
};

}  // namespace labrelay::mapping
