#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "xml_file.hpp"

namespace labrelay::mapping {

/// Changes one place of a file's text and leaves every other byte as it is. Works on the places of
/// the file as it was read: after a change of the text they hold no more for what stands behind it,
/// so edits go from the end of the file to its beginning.
class XmlEdit {
public:
    /// `text` is what the elements were read from.
    explicit XmlEdit(std::string text) : text_(std::move(text)) {}

    /// A line of its own after the element, indented as that is.
    void insert_after(const XmlNode& element, std::string_view line);
    /// A line of its own before the element, indented as that is.
    void insert_before(const XmlNode& element, std::string_view line);
    /// The last child of the element, on a line of its own; an element that had none is opened.
    void append_child(const XmlNode& element, std::string_view line);
    /// The attribute's value; where it is not there it is added after the last one. `value` is not
    /// escaped yet.
    void set_attribute(const XmlNode& element, std::string_view name, std::string_view value);

    std::string take() { return std::move(text_); }

private:
    std::size_t end_of_start_tag(const XmlNode& element) const;
    std::size_t end_of(const XmlNode& element) const;
    std::size_t begin_of_end_tag(const XmlNode& element) const;
    std::string_view indent_of(std::size_t at) const;
    std::string_view line_end() const;
    bool closes_itself(const XmlNode& element) const;

    std::size_t after_last_attribute(const XmlNode& element) const;

    std::string text_;
};

/// As it stands inside quotation marks.
std::string escaped(std::string_view value);

}  // namespace labrelay::mapping
