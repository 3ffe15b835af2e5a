#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "labrelay/core/decimal.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/hl7/path.hpp"
#include "xml_file.hpp"

namespace labrelay::mapping {

/// One word of an attribute that holds several, and where it stands.
struct ListItem {
    std::string text;
    std::size_t at = 0;  ///< byte in the file
};

/// Reads one element strictly: every attribute that is asked for is known, every other one is an
/// error. What is wrong goes to the file's errors and reading goes on with the default, so that one
/// run shows all errors. Must not outlive file and node. One thread at a time.
class Element {
public:
    Element(const XmlNode& node, XmlFile& file) : node_(node), file_(file) {}

    XmlFile& file() { return file_; }
    std::size_t at() const { return node_.at; }
    Place place() const { return file_.place(node_.at); }
    /// Where the attribute's value begins; the element where it has none.
    std::size_t value_at(std::string_view name) const;

    std::string text(std::string_view name);  ///< "" where absent; present and empty is an error
    std::string required(std::string_view name);  ///< "" where absent, with an error
    std::optional<std::string> possibly_empty(std::string_view name);
    bool yes_no(std::string_view name, bool otherwise);
    std::optional<std::int64_t> integer(std::string_view name, std::int64_t least,
                                        std::int64_t most);
    std::optional<Decimal> decimal(std::string_view name);
    std::optional<LocalDay> day(std::string_view name);
    std::optional<Zone> zone(std::string_view name);
    std::optional<hl7::Path> path(std::string_view name);
    std::vector<ListItem> words(std::string_view name);         ///< separated by blanks
    std::vector<ListItem> alternatives(std::string_view name);  ///< separated by `|`
    /// One of the names of `choices`; nothing where absent or wrong.
    template <class Value>
    std::optional<Value> choice(std::string_view name,
                                const std::vector<std::pair<std::string_view, Value>>& choices);

    void missing_attribute(std::string_view name);

    struct Child {
        std::string_view name;
        std::function<void(Element&)> read;
        bool required = false;
        bool only_once = false;
    };
    /// Reads the children in the order of the file. Without a call an element may have none.
    void children(std::initializer_list<Child> known);
    /// Whatever was not asked for is reported; called by whoever made the element.
    void finish();

private:
    const XmlAttribute* ask(std::string_view name);
    const XmlAttribute* find(std::string_view name) const;
    std::vector<ListItem> split(std::string_view name, std::string_view separators);
    void report_unknown_attributes();

    const XmlNode& node_;
    XmlFile& file_;
    std::vector<std::string_view> asked_;
    bool children_read_ = false;
};

/// The form of an attribute that takes one of a few words; for the message.
std::string one_of(const std::vector<std::string_view>& names, std::string_view written);

template <class Value>
std::optional<Value> Element::choice(
    std::string_view name, const std::vector<std::pair<std::string_view, Value>>& choices) {
    const std::string written = text(name);
    if (written.empty()) {
        return std::nullopt;
    }
    std::vector<std::string_view> names;
    for (const auto& [word, value] : choices) {
        if (word == written) {
            return value;
        }
        names.push_back(word);
    }
    file_.error(Code::attribute_bad, value_at(name), one_of(names, written));
    return std::nullopt;
}

}  // namespace labrelay::mapping
