#include "xml_edit.hpp"

#include <algorithm>

namespace labrelay::mapping {

std::string escaped(std::string_view value) {
    std::string text;
    for (const char c : value) {
        switch (c) {
            case '&':
                text += "&amp;";
                break;
            case '<':
                text += "&lt;";
                break;
            case '"':
                text += "&quot;";
                break;
            default:
                text += c;
        }
    }
    return text;
}

/// Attributes stand in the order of the file.
std::size_t XmlEdit::after_last_attribute(const XmlNode& element) const {
    if (element.attributes.empty()) {
        return element.at + 1 + element.name.size();
    }
    const XmlAttribute& last = element.attributes.back();
    return text_.find(text_[last.value_at - 1], last.value_at) + 1;
}

std::size_t XmlEdit::end_of_start_tag(const XmlNode& element) const {
    return text_.find('>', after_last_attribute(element)) + 1;
}

bool XmlEdit::closes_itself(const XmlNode& element) const {
    return text_[end_of_start_tag(element) - 2] == '/';
}

/// Between the children there are only blanks and comments.
std::size_t XmlEdit::begin_of_end_tag(const XmlNode& element) const {
    std::size_t at =
        element.children.empty() ? end_of_start_tag(element) : end_of(element.children.back());
    for (at = text_.find('<', at); text_.compare(at, 2, "</") != 0; at = text_.find('<', at)) {
        const bool comment = text_.compare(at, 4, "<!--") == 0;
        at = text_.find(comment ? "-->" : "?>", at);
    }
    return at;
}

std::size_t XmlEdit::end_of(const XmlNode& element) const {
    return closes_itself(element) ? end_of_start_tag(element)
                                  : text_.find('>', begin_of_end_tag(element)) + 1;
}

std::string_view XmlEdit::indent_of(std::size_t at) const {
    const std::size_t before = text_.rfind('\n', at);
    const std::size_t line = before == std::string::npos || at == 0 ? 0 : before + 1;
    const std::size_t first = text_.find_first_not_of(" \t", line);
    return std::string_view(text_).substr(line, std::min(first, text_.size()) - line);
}

std::string_view XmlEdit::line_end() const {
    return text_.find("\r\n") == std::string::npos ? "\n" : "\r\n";
}

void XmlEdit::insert_after(const XmlNode& element, std::string_view line) {
    std::string added(line_end());
    added += indent_of(element.at);
    added += line;
    text_.insert(end_of(element), added);
}

void XmlEdit::insert_before(const XmlNode& element, std::string_view line) {
    std::string added(line);
    added += line_end();
    added += indent_of(element.at);
    text_.insert(element.at, added);
}

void XmlEdit::append_child(const XmlNode& element, std::string_view line) {
    if (!element.children.empty()) {
        insert_after(element.children.back(), line);
        return;
    }
    std::string inner(line_end());
    inner += indent_of(element.at);
    std::string closing = inner;
    inner += "  ";
    inner += line;
    if (!closes_itself(element)) {
        text_.insert(end_of_start_tag(element), inner);
        return;
    }
    closing += "</" + element.name + ">";
    const std::size_t slash = end_of_start_tag(element) - 2;
    text_.replace(slash, 2, ">" + inner + closing);
}

void XmlEdit::set_attribute(const XmlNode& element, std::string_view name, std::string_view value) {
    const auto known = std::ranges::find(element.attributes, name, &XmlAttribute::name);
    if (known != element.attributes.end()) {
        const char quote = text_[known->value_at - 1];
        std::string written = escaped(value);
        for (std::size_t at = 0; quote == '\'' && (at = written.find('\'', at)) != written.npos;) {
            written.replace(at, 1, "&apos;");
        }
        const std::size_t end = text_.find(quote, known->value_at);
        text_.replace(known->value_at, end - known->value_at, written);
        return;
    }
    std::string added = " ";
    added += name;
    added += "=\"" + escaped(value) + "\"";
    text_.insert(after_last_attribute(element), added);
}

}  // namespace labrelay::mapping
