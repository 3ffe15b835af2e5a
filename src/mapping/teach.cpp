#include "labrelay/mapping/teach.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include "labrelay/hl7/charset.hpp"
#include "labrelay/mapping/source_definition.hpp"
#include "xml_edit.hpp"
#include "xml_file.hpp"

namespace labrelay::mapping {
namespace {

std::string attribute(const XmlNode& node, std::string_view name) {
    const auto found = std::ranges::find(node.attributes, name, &XmlAttribute::name);
    return found == node.attributes.end() ? std::string() : found->value;
}

std::string file_of(std::string_view source) {
    return fmt::format("sources/{}.xml", source);
}

/// A value that an attribute of the mapping language can hold and that means itself there.
Result<void> can_be_written(std::string_view name, std::string_view value,
                            std::string_view forbidden = {}) {
    const auto refuse = [&](std::string_view why) {
        return fail(Code::attribute_bad, Place{std::string(name)}, std::string(why));
    };
    if (value.empty()) {
        return refuse("It is empty.");
    }
    if (hl7::first_invalid_utf8(value)) {
        return refuse("It is not UTF-8.");
    }
    if (std::ranges::any_of(value, [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
        return refuse("It holds a control character.");
    }
    if (value.front() == ' ' || value.back() == ' ') {
        return refuse("It begins or ends with a blank.");
    }
    if (value.find_first_of(forbidden) != std::string_view::npos) {
        return refuse(fmt::format("It holds {}, which separates items there.", forbidden));
    }
    return {};
}

Result<void> all_can_be_written(
    std::initializer_list<std::pair<std::string_view, std::string_view>> attributes) {
    for (const auto& [name, value] : attributes) {
        if (auto fine = can_be_written(name, value); !fine) {
            return fine;
        }
    }
    return {};
}

/// The words of an attribute, which `separator` parts.
std::vector<std::string> items_of(std::string_view value, char separator) {
    std::vector<std::string> items;
    while (!value.empty()) {
        const std::size_t end = std::min(value.find(separator), value.size());
        std::string_view item = value.substr(0, end);
        const std::size_t first = item.find_first_not_of(" \t\r\n");
        if (first != std::string_view::npos) {
            item = item.substr(first, item.find_last_not_of(" \t\r\n") - first + 1);
            items.emplace_back(item);
        }
        value.remove_prefix(std::min(end + 1, value.size()));
    }
    return items;
}

/// How closely the line fits the code, by the code itself or one of its LOINC codes.
std::optional<std::size_t> line_closeness(const XmlNode& line, std::string_view code,
                                          std::string_view system) {
    const auto fits = [&](CodePattern pattern) {
        // Whoever teaches may not know the system that was sent.
        if (system.empty()) {
            pattern.system.clear();
        }
        return closeness(pattern, code, system);
    };
    std::optional<std::size_t> best = fits({attribute(line, "code"), attribute(line, "system")});
    for (const std::string& loinc : items_of(attribute(line, "loinc"), ' ')) {
        best = std::max(best, fits({loinc, "LN"}));
    }
    return best;
}

/// One source's file while it is taught.
class Pupil {
public:
    explicit Pupil(ConfigurationFile& file)
        : file_(file), xml_(file.name, file.bytes), edit_(file.bytes) {}

    Result<void> learn(const TeachCode& lesson);
    Result<void> learn(const TeachUnit& lesson);
    Result<void> learn(const TeachWord& lesson);

    bool readable() const { return xml_.root() != nullptr && xml_.errors().empty(); }

    /// The version stands in the first tag, before whatever was changed.
    void finish() {
        if (!readable()) {
            return;
        }
        const XmlNode& root = *xml_.root();
        const std::string version = attribute(root, "version");
        std::int64_t number = 0;
        for (const char digit : version) {
            number = number * 10 + (digit - '0');
        }
        edit_.set_attribute(root, "version", std::to_string(number + 1));
        file_.bytes = edit_.take();
    }

private:
    std::vector<const XmlNode*> children(std::string_view name) const {
        std::vector<const XmlNode*> found;
        if (!readable()) {
            return found;
        }
        for (const XmlNode& child : xml_.root()->children) {
            if (child.name == name) {
                found.push_back(&child);
            }
        }
        return found;
    }

    tl::unexpected<Error> missing(const XmlNode* at, std::string detail) const {
        return fail(Code::config_target_missing,
                    at == nullptr ? Place{file_.name} : xml_.place(at->at), std::move(detail));
    }

    Result<const XmlNode*> line_for(const TeachUnit& lesson) const;
    void add_to_list(const XmlNode& line, std::string_view name, const std::string& item);

    ConfigurationFile& file_;
    XmlFile xml_;
    XmlEdit edit_;
};

Result<void> Pupil::learn(const TeachCode& lesson) {
    if (auto fine = all_can_be_written({{"code", lesson.code}, {"analyte", lesson.analyte}});
        !fine) {
        return fine;
    }
    if (!lesson.system.empty()) {
        if (auto fine = can_be_written("system", lesson.system); !fine) {
            return fine;
        }
    }
    if (lesson.code.ends_with('*')) {
        return fail(Code::attribute_bad, Place{"code"},
                    "A code that ends with an asterisk would stand for every code that begins so.");
    }
    const std::vector<const XmlNode*> lines = children("observation");
    if (lines.empty()) {
        return missing(nullptr, "The source has no <observation> yet.");
    }
    for (const XmlNode* line : lines) {
        if (attribute(*line, "code") == lesson.code &&
            attribute(*line, "system") == lesson.system &&
            attribute(*line, "analyte") == lesson.analyte) {
            return missing(line,
                           "A line says this already; what holds the results is another "
                           "thing.");
        }
    }
    std::string line = fmt::format("<observation code=\"{}\"", escaped(lesson.code));
    if (!lesson.system.empty()) {
        line += fmt::format(" system=\"{}\"", escaped(lesson.system));
    }
    line += fmt::format(" analyte=\"{}\"/>", escaped(lesson.analyte));
    edit_.insert_after(*lines.back(), line);
    return {};
}

/// The one line of the analyte that would read the code.
Result<const XmlNode*> Pupil::line_for(const TeachUnit& lesson) const {
    std::vector<const XmlNode*> closest;
    std::optional<std::size_t> best;
    for (const XmlNode* line : children("observation")) {
        if (attribute(*line, "analyte") != lesson.analyte) {
            continue;
        }
        const std::optional<std::size_t> fits =
            lesson.code.empty() ? std::optional<std::size_t>(0)
                                : line_closeness(*line, lesson.code, lesson.system);
        if (!fits || (best && *fits < *best)) {
            continue;
        }
        if (!best || *fits > *best) {
            closest.clear();
        }
        best = fits;
        closest.push_back(line);
    }
    if (closest.size() > 1) {
        // What ended on a day is not what a lesson of today is about.
        std::erase_if(closest,
                      [](const XmlNode* line) { return !attribute(*line, "until").empty(); });
    }
    if (closest.empty()) {
        return missing(nullptr,
                       fmt::format("No line of the source reads the code as {}.", lesson.analyte));
    }
    if (closest.size() > 1) {
        return missing(closest[1], "Several lines could be meant; say it in the file.");
    }
    return closest.front();
}

void Pupil::add_to_list(const XmlNode& line, std::string_view name, const std::string& item) {
    const std::string before = attribute(line, name);
    edit_.set_attribute(line, name, before.empty() ? item : before + " | " + item);
}

Result<void> Pupil::learn(const TeachUnit& lesson) {
    if (auto fine = can_be_written("unit", lesson.unit, "|"); !fine) {
        return fine;
    }
    const Result<const XmlNode*> found = line_for(lesson);
    if (!found) {
        return tl::unexpected(found.error());
    }
    const XmlNode& line = **found;
    switch (lesson.kind) {
        case TeachUnit::Kind::assume:
            if (!attribute(line, "assume-unit").empty()) {
                return missing(&line, "The line says what an absent unit means already.");
            }
            edit_.set_attribute(line, "assume-unit", lesson.unit);
            return {};
        case TeachUnit::Kind::as:
            if (auto fine = can_be_written("as", lesson.as); !fine) {
                return fine;
            }
            if (!attribute(line, "when-unit").empty()) {
                return missing(&line, "The line holds for some units only; say it in the file.");
            }
            edit_.append_child(line, fmt::format("<unit spelling=\"{}\" as=\"{}\"/>",
                                                 escaped(lesson.unit), escaped(lesson.as)));
            return {};
        case TeachUnit::Kind::spelled:
            break;
    }
    const std::vector<std::string> spelled = items_of(attribute(line, "spelled"), '|');
    if (std::ranges::find(spelled, lesson.unit) != spelled.end()) {
        return missing(&line, "The line spells the unit so already.");
    }
    // A line that holds for some units only would not hold for a new one. The attribute that stands
    // further back is changed first.
    const auto place = [&](std::string_view name) {
        const auto known = std::ranges::find(line.attributes, name, &XmlAttribute::name);
        return known == line.attributes.end() ? std::size_t{0} : known->at;
    };
    if (place("when-unit") == 0) {
        add_to_list(line, "spelled", lesson.unit);
    } else if (place("spelled") == 0 || place("spelled") > place("when-unit")) {
        add_to_list(line, "spelled", lesson.unit);
        add_to_list(line, "when-unit", lesson.unit);
    } else {
        add_to_list(line, "when-unit", lesson.unit);
        add_to_list(line, "spelled", lesson.unit);
    }
    return {};
}

Result<void> Pupil::learn(const TeachWord& lesson) {
    if (auto fine = all_can_be_written({{"word", lesson.word}, {"meaning", lesson.kind}}); !fine) {
        return fine;
    }
    std::string word =
        fmt::format("<word text=\"{}\" kind=\"{}\"", escaped(lesson.word), escaped(lesson.kind));
    if (!lesson.canonical.empty()) {
        word += fmt::format(" canonical=\"{}\"", escaped(lesson.canonical));
    }
    word += "/>";
    const std::vector<const XmlNode*> values = children("values");
    if (!values.empty()) {
        edit_.append_child(*values.front(), word);
        return {};
    }
    const std::vector<const XmlNode*> lines = children("observation");
    if (lines.empty()) {
        return missing(nullptr, "The source has no <observation> yet.");
    }
    edit_.insert_before(*lines.front(), "<values>" + word + "</values>");
    return {};
}

}  // namespace

const std::string& source_of(const Lesson& lesson) {
    return std::visit([](const auto& one) -> const std::string& { return one.source; }, lesson);
}

Result<std::vector<ConfigurationFile>> teach(std::vector<ConfigurationFile> files,
                                             const Lesson& lesson) {
    const std::string name = file_of(source_of(lesson));
    const auto file = std::ranges::find(files, name, &ConfigurationFile::name);
    if (file == files.end()) {
        return fail(Code::config_target_missing, Place{name},
                    "The configuration has no source of this name.");
    }
    Pupil pupil(*file);
    if (!pupil.readable()) {
        return fail(Code::config_target_missing, Place{name}, "The file cannot be read.");
    }
    const Result<void> learned =
        std::visit([&](const auto& one) { return pupil.learn(one); }, lesson);
    if (!learned) {
        return tl::unexpected(learned.error());
    }
    pupil.finish();
    return files;
}

Result<std::shared_ptr<const Configuration>> check_taught(
    const std::vector<ConfigurationFile>& before, const std::vector<ConfigurationFile>& taught) {
    const Loaded loaded = load_configuration(taught);
    if (!loaded.configuration) {
        const Finding& first = loaded.errors.front();
        return fail(Code::configuration_bad, first.place,
                    fmt::format("{} {}", entry(first.code).text, first.detail));
    }
    const Loaded untaught = load_configuration(before);
    for (const Finding& warning : loaded.warnings) {
        const auto same = [&](const Finding& old) {
            return old.code == warning.code && old.detail == warning.detail;
        };
        if (warning.code == Code::unit_overridden &&
            std::ranges::none_of(untaught.warnings, same)) {
            return fail(Code::configuration_bad, warning.place, warning.detail);
        }
    }
    return loaded.configuration;
}

}  // namespace labrelay::mapping
