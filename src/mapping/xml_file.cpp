#include "xml_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <pugixml.hpp>
#include <utility>

#include "labrelay/hl7/charset.hpp"

namespace labrelay::mapping {
namespace {

// The deepest format has three levels; more is refused before it can cost anything.
constexpr int kDeepest = 8;

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// Length of the reference (`&lt;`, `&#x20;`) that begins at `at`; 0 where none does.
std::size_t reference_length(std::string_view text, std::size_t at) {
    const std::size_t end = text.find(';', at);
    if (text[at] != '&' || end == std::string_view::npos) {
        return 0;
    }
    const std::string_view name = text.substr(at + 1, end - at - 1);
    constexpr std::string_view kNamed[] = {"lt", "gt", "amp", "quot", "apos"};
    const bool named = std::find(std::begin(kNamed), std::end(kNamed), name) != std::end(kNamed);
    const bool numbered = name.size() > 1 && name[0] == '#' &&
                          name.find_first_not_of("x0123456789abcdefABCDEF", 1) == name.npos;
    return named || numbered ? end - at + 1 : 0;
}

/// How many bytes the reference at the head of `text` stands for.
std::size_t decoded_length(std::string_view reference) {
    if (reference[1] != '#') {
        return 1;
    }
    const bool hex = reference[2] == 'x';
    const std::string digits(reference.substr(hex ? 3 : 2, reference.size() - (hex ? 4 : 3)));
    const unsigned long point = std::strtoul(digits.c_str(), nullptr, hex ? 16 : 10);
    return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

/// Walks pugixml's tree beside the text, because pugixml knows where elements begin and not where
/// their attributes do.
class TreeReader {
public:
    TreeReader(XmlFile& file, std::string_view text) : file_(file), text_(text) {}

    XmlNode element(const pugi::xml_node& from, int depth) {
        XmlNode node;
        node.name = from.name();
        node.at = static_cast<std::size_t>(from.offset_debug()) - 1;
        read_attributes(from, node);
        for (const pugi::xml_node& child : from.children()) {
            const auto at = static_cast<std::size_t>(child.offset_debug());
            if (child.type() != pugi::node_element) {
                file_.error(Code::xml_malformed, skip_blanks(at),
                            "Text does not belong between elements.");
            } else if (depth == kDeepest) {
                file_.error(Code::xml_malformed, at - 1, "Elements are nested too deeply.");
            } else {
                node.children.push_back(element(child, depth + 1));
            }
        }
        return node;
    }

private:
    void read_attributes(const pugi::xml_node& from, XmlNode& node) {
        std::size_t at = node.at + 1 + node.name.size();
        for (const pugi::xml_attribute& attribute : from.attributes()) {
            at = skip_blanks(at);
            XmlAttribute read{attribute.name(), attribute.value(), at, 0};
            at = text_.find_first_of("\"'", at);
            const char quote = text_[at];
            read.value_at = at + 1;
            const std::size_t end = text_.find(quote, at + 1);
            check_value(at + 1, end);
            at = end + 1;
            const auto same = [&](const XmlAttribute& other) { return other.name == read.name; };
            if (std::any_of(node.attributes.begin(), node.attributes.end(), same)) {
                file_.error(Code::xml_malformed, read.at,
                            fmt::format("The attribute \"{}\" stands twice.", read.name));
            } else {
                node.attributes.push_back(std::move(read));
            }
        }
    }

    /// pugixml lets these pass, other readers of the same file do not.
    void check_value(std::size_t at, std::size_t end) {
        for (; at < end; ++at) {
            if (text_[at] == '<') {
                file_.error(Code::xml_malformed, at, "Write &lt; inside a value.");
            } else if (text_[at] == '&' && reference_length(text_, at) == 0) {
                file_.error(Code::xml_malformed, at, "Write &amp; inside a value.");
            }
        }
    }

    std::size_t skip_blanks(std::size_t at) const {
        while (is_blank(text_[at])) {
            ++at;
        }
        return at;
    }

    XmlFile& file_;
    std::string_view text_;
};

}  // namespace

XmlFile::XmlFile(std::string name, std::string text) : places_(std::move(name), std::move(text)) {
    if (const auto bad = hl7::first_invalid_utf8(places_.text())) {
        error(Code::xml_malformed, *bad, "The file is not UTF-8.");
        return;
    }
    pugi::xml_document document;
    const auto parsed = document.load_buffer(
        places_.text().data(), places_.text().size(),
        pugi::parse_default | pugi::parse_doctype | pugi::parse_declaration, pugi::encoding_utf8);
    if (!parsed) {
        error(Code::xml_malformed, static_cast<std::size_t>(parsed.offset),
              fmt::format("{}.", parsed.description()));
        return;
    }
    bool found = false;
    for (const pugi::xml_node& node : document.children()) {
        const auto at = static_cast<std::size_t>(node.offset_debug());
        if (node.type() == pugi::node_doctype) {
            error(Code::xml_malformed, at, "A document type is not accepted.");
        } else if (node.type() == pugi::node_declaration) {
            const std::string_view encoding = node.attribute("encoding").value();
            if (!encoding.empty() && encoding != "UTF-8" && encoding != "utf-8") {
                error(Code::xml_malformed, at, "Configuration files are written in UTF-8.");
            }
        } else if (found) {
            error(Code::xml_malformed, at - 1, "A file has one outermost element.");
        } else {
            root_ = TreeReader(*this, places_.text()).element(node, 1);
            found = true;
        }
    }
    readable_ = found;
}

std::size_t XmlFile::inside(const XmlAttribute& attribute, std::size_t offset) const {
    std::size_t at = attribute.value_at;
    for (std::size_t decoded = 0; decoded < offset && at < text().size();) {
        const std::string_view rest = std::string_view(text()).substr(at);
        const std::size_t reference = reference_length(text(), at);
        if (reference > 0) {
            decoded += decoded_length(rest.substr(0, reference));
            at += reference;
        } else {
            decoded += 1;
            at += rest.substr(0, 2) == "\r\n" ? 2U : 1U;
        }
    }
    return at;
}

void XmlFile::error(Code code, std::size_t offset, std::string detail) {
    Finding finding{code, Severity::refuse, place(offset), std::move(detail), {}};
    // An attribute that is read in two steps fails twice.
    if (std::find(errors_.begin(), errors_.end(), finding) == errors_.end()) {
        errors_.push_back(std::move(finding));
    }
}

void XmlFile::warning(Code code, std::size_t offset, std::string detail) {
    warnings_.push_back({code, Severity::warning, place(offset), std::move(detail), {}});
}

}  // namespace labrelay::mapping
