#include "element.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "suggestion.hpp"

namespace labrelay::mapping {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

/// How editors find the schema; not part of any format.
bool belongs_to_xml(std::string_view name) {
    return name == "xmlns:xsi" || name == "xsi:noNamespaceSchemaLocation";
}

}  // namespace

std::string one_of(const std::vector<std::string_view>& names, std::string_view written) {
    return fmt::format("\"{}\" is none of {}.{}", written, fmt::join(names, ", "),
                       did_you_mean(written, names));
}

const XmlAttribute* Element::find(std::string_view name) const {
    const auto named = [&](const XmlAttribute& attribute) { return attribute.name == name; };
    const auto found = std::find_if(node_.attributes.begin(), node_.attributes.end(), named);
    return found == node_.attributes.end() ? nullptr : &*found;
}

const XmlAttribute* Element::ask(std::string_view name) {
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) {
        asked_.push_back(name);
    }
    return find(name);
}

std::size_t Element::value_at(std::string_view name) const {
    const XmlAttribute* attribute = find(name);
    return attribute == nullptr ? node_.at : attribute->value_at;
}

void Element::missing_attribute(std::string_view name) {
    file_.error(Code::attribute_missing, node_.at,
                fmt::format("<{}> needs {}=\"…\".", node_.name, name));
}

std::optional<std::string> Element::possibly_empty(std::string_view name) {
    const XmlAttribute* attribute = ask(name);
    if (attribute == nullptr) {
        return std::nullopt;
    }
    const std::string& value = attribute->value;
    const auto blank = [](char c) { return kBlanks.find(c) != std::string_view::npos; };
    if (!value.empty() && (blank(value.front()) || blank(value.back()))) {
        file_.error(Code::attribute_bad, attribute->value_at,
                    fmt::format("{} begins or ends with a blank.", name));
    }
    return value;
}

std::string Element::text(std::string_view name) {
    const auto value = possibly_empty(name);
    if (value && value->empty()) {
        file_.error(Code::attribute_bad, value_at(name),
                    fmt::format("{} is empty; leave it out instead.", name));
    }
    return value.value_or(std::string());
}

std::string Element::required(std::string_view name) {
    if (ask(name) == nullptr) {
        missing_attribute(name);
        return {};
    }
    return text(name);
}

bool Element::yes_no(std::string_view name, bool otherwise) {
    return choice<bool>(name, {{"yes", true}, {"no", false}}).value_or(otherwise);
}

std::optional<std::int64_t> Element::integer(std::string_view name, std::int64_t least,
                                             std::int64_t most) {
    const std::string written = text(name);
    if (written.empty()) {
        return std::nullopt;
    }
    std::int64_t value = 0;
    const char* end = written.data() + written.size();
    const auto read = std::from_chars(written.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end || value < least || value > most) {
        file_.error(Code::attribute_bad, value_at(name),
                    fmt::format("{} is a whole number from {} to {}.", name, least, most));
        return std::nullopt;
    }
    return value;
}

std::optional<Decimal> Element::decimal(std::string_view name) {
    const std::string written = text(name);
    const auto value = Decimal::parse(written);
    if (!written.empty() && !value) {
        file_.error(Code::attribute_bad, value_at(name),
                    fmt::format("{} is a number such as 88.42; \"{}\" is none.", name, written));
    }
    return value;
}

std::optional<LocalDay> Element::day(std::string_view name) {
    const std::string written = text(name);
    if (written.empty()) {
        return std::nullopt;
    }
    const auto time = parse_iso_time(written);
    if (!time || time->precision != Precision::day) {
        file_.error(Code::attribute_bad, value_at(name),
                    fmt::format("{} is a day, written YYYY-MM-DD.", name));
        return std::nullopt;
    }
    return time->day;
}

std::optional<Zone> Element::zone(std::string_view name) {
    const std::string written = required(name);
    if (written.empty()) {
        return std::nullopt;
    }
    auto zone = Zone::find(written);
    if (!zone) {
        file_.error(Code::reference_unknown, value_at(name),
                    fmt::format("\"{}\" is no time zone of the IANA database; write one such as "
                                "Asia/Shanghai.{}",
                                written, did_you_mean(written, {"Asia/Shanghai", "Etc/UTC"})));
        return std::nullopt;
    }
    return *std::move(zone);
}

std::optional<hl7::Path> Element::path(std::string_view name) {
    const std::string written = text(name);
    if (written.empty()) {
        return std::nullopt;
    }
    auto compiled = hl7::Path::compile(written);
    if (!compiled) {
        const Error& error = compiled.error();
        const std::size_t inside = error.place.offset == Place::kNoOffset ? 0 : error.place.offset;
        file_.error(Code::path_bad, file_.inside(*find(name), inside),
                    fmt::format("{}: {} {}", key(error.code), entry(error.code).text,
                                entry(error.code).advice));
        return std::nullopt;
    }
    return *std::move(compiled);
}

std::vector<ListItem> Element::split(std::string_view name, std::string_view separators) {
    std::vector<ListItem> items;
    if (text(name).empty()) {
        return items;
    }
    const XmlAttribute& attribute = *find(name);
    const std::string_view value = attribute.value;
    const bool by_blank = separators == kBlanks;
    for (std::size_t at = 0; at <= value.size();) {
        const std::size_t end = std::min(value.find_first_of(separators, at), value.size());
        const std::size_t first = value.find_first_not_of(kBlanks, at);
        if (first < end) {
            const std::size_t last = value.find_last_not_of(kBlanks, end - 1);
            items.push_back({std::string(value.substr(first, last - first + 1)),
                             file_.inside(attribute, first)});
        } else if (!by_blank) {
            file_.error(Code::attribute_bad, file_.inside(attribute, end),
                        fmt::format("An alternative of {} is empty.", name));
        }
        at = end + 1;
    }
    return items;
}

std::vector<ListItem> Element::words(std::string_view name) {
    return split(name, kBlanks);
}

std::vector<ListItem> Element::alternatives(std::string_view name) {
    return split(name, "|");
}

void Element::children(std::initializer_list<Child> known) {
    children_read_ = true;
    std::vector<std::string_view> names;
    std::vector<const Child*> seen;
    for (const Child& child : known) {
        names.push_back(child.name);
    }
    for (const XmlNode& node : node_.children) {
        const auto named = [&](const Child& child) { return child.name == node.name; };
        const Child* child = std::find_if(known.begin(), known.end(), named);
        if (child == known.end()) {
            file_.error(Code::element_unknown, node.at,
                        fmt::format("<{}> is not known inside <{}>.{}", node.name, node_.name,
                                    did_you_mean(node.name, names)));
            continue;
        }
        if (child->only_once && std::find(seen.begin(), seen.end(), child) != seen.end()) {
            file_.error(Code::key_duplicate, node.at, fmt::format("<{}> stands twice.", node.name));
        }
        seen.push_back(child);
        Element element(node, file_);
        child->read(element);
        element.finish();
    }
    for (const Child& child : known) {
        if (child.required && std::find(seen.begin(), seen.end(), &child) == seen.end()) {
            file_.error(Code::element_missing, node_.at,
                        fmt::format("<{}> needs a <{}>.", node_.name, child.name));
        }
    }
}

void Element::finish() {
    if (!children_read_) {
        children({});
    }
    report_unknown_attributes();
}

void Element::report_unknown_attributes() {
    for (const XmlAttribute& attribute : node_.attributes) {
        if (belongs_to_xml(attribute.name) ||
            std::find(asked_.begin(), asked_.end(), attribute.name) != asked_.end()) {
            continue;
        }
        file_.error(Code::attribute_unknown, attribute.at,
                    fmt::format("\"{}\" is not known at <{}>.{}", attribute.name, node_.name,
                                did_you_mean(attribute.name, asked_)));
    }
}

}  // namespace labrelay::mapping
