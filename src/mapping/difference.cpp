#include "labrelay/mapping/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "xml_file.hpp"

namespace labrelay::mapping {
namespace {

using Kind = ConfigurationChange::Kind;

/// By which attributes an element of a name is known among its like. What is not listed is known by
/// the first of kUsualKeys that it has, or stands alone.
struct Identity {
    std::string_view element;
    std::array<std::string_view, 4> keys;
};
constexpr Identity kIdentities[] = {
    {"observation", {"code", "system"}},
    {"ignore", {"code", "system", "when-type", "when-sub-id"}},
    {"outcome", {}},
    {"replicates", {"code", "system"}},
    {"word", {"text"}},
    {"flag", {"text", "system"}},
    {"unit", {"spelling"}},
    {"patient", {"from"}},
    {"specimen", {"from"}},
    {"control", {"from"}},
    {"collected", {}},
    {"sex", {}},
    {"birth-date", {}},
    {"recognise", {"application", "facility", "profile", "port"}},
    {"declared", {"laboratory", "method"}},
    {"approval", {}},
    {"accept", {"source"}},
    {"authority", {"name"}},
    {"reference", {"sex", "age-from", "age-until"}},
    {"limits", {"sex", "fasting", "of", "unit"}},
    {"row", {"analyte", "sex", "fasting"}},
    {"grade", {"is"}},
    {"band", {"from-months"}},
    {"step", {"severity"}},
    {"when", {"analyte"}},
    {"event", {"visit"}},
    {"location", {"site"}},
    {"item", {"analyte"}},
    {"omit", {"analyte"}},
    {"term", {"analyte", "specimen", "method"}},
    {"result", {"instrument", "analytes"}},
    {"code", {"of"}},
    {"grading", {"scale"}},
};
constexpr std::string_view kUsualKeys[] = {"id", "key", "name"};

/// Attributes that hold several words, in any order.
constexpr std::string_view kListsByBar[] = {"spelled", "when-unit", "spelling", "aliases"};
constexpr std::string_view kListsByBlank[] = {"loinc",     "analytes", "panels",
                                              "when-type", "is",       "placeholders"};

template <class List>
bool holds(const List& list, std::string_view name) {
    return std::ranges::find(list, name) != std::end(list);
}

/// A value in a form in which equal meaning is equal text.
std::string meaning_of(std::string_view name, std::string_view value) {
    const bool bars = holds(kListsByBar, name);
    if (!bars && !holds(kListsByBlank, name)) {
        return std::string(value);
    }
    std::set<std::string> words;
    const std::string_view separators = bars ? "|" : " \t\r\n";
    while (!value.empty()) {
        const std::size_t end = std::min(value.find_first_of(separators), value.size());
        std::string_view word = value.substr(0, end);
        const std::size_t first = word.find_first_not_of(" \t\r\n");
        if (first != std::string_view::npos) {
            words.emplace(word.substr(first, word.find_last_not_of(" \t\r\n") - first + 1));
        }
        value.remove_prefix(std::min(end + 1, value.size()));
    }
    return fmt::format("{}", fmt::join(words, bars ? " | " : " "));
}

/// What editors need and nobody means.
bool is_formal(std::string_view attribute) {
    return attribute.starts_with("xmlns") || attribute.starts_with("xsi:");
}

using Attributes = std::map<std::string, std::string>;

Attributes attributes_of(const XmlNode& node) {
    Attributes all;
    for (const XmlAttribute& attribute : node.attributes) {
        if (!is_formal(attribute.name)) {
            all.emplace(attribute.name, meaning_of(attribute.name, attribute.value));
        }
    }
    return all;
}

std::string written(const Attributes& attributes) {
    std::vector<std::string> all;
    for (const auto& [name, value] : attributes) {
        all.push_back(fmt::format("{}=\"{}\"", name, value));
    }
    return fmt::format("{}", fmt::join(all, " "));
}

std::vector<std::string> keys_of(const XmlNode& node) {
    const Attributes attributes = attributes_of(node);
    const auto value = [&](std::string_view name) {
        const auto found = attributes.find(std::string(name));
        return found == attributes.end() ? std::string() : found->second;
    };
    const auto listed = std::ranges::find(kIdentities, node.name, &Identity::element);
    if (listed != std::end(kIdentities)) {
        std::vector<std::string> keys;
        for (const std::string_view key : listed->keys) {
            if (!key.empty()) {
                keys.push_back(value(key));
            }
        }
        return keys;
    }
    for (const std::string_view key : kUsualKeys) {
        if (attributes.contains(std::string(key))) {
            return {value(key)};
        }
    }
    return {};
}

/// `observation WBC (L)`.
std::string name_of(const XmlNode& node) {
    std::string name = node.name;
    bool first = true;
    for (const std::string& key : keys_of(node)) {
        if (!key.empty()) {
            name += first ? " " + key : " (" + key + ")";
            first = false;
        }
    }
    return name;
}

bool same_meaning(const XmlNode& left, const XmlNode& right);

/// Elements of one name and key on both sides, in the order of the file.
struct Group {
    std::vector<const XmlNode*> before;
    std::vector<const XmlNode*> after;
};

/// The children by name and key, those equal on both sides taken out.
std::vector<std::pair<std::string, Group>> unequal_groups(const XmlNode* before,
                                                          const XmlNode* after) {
    std::vector<std::pair<std::string, Group>> groups;
    std::map<std::string, std::size_t> known;
    const auto group_of = [&](const XmlNode& node) -> Group& {
        const std::string name = name_of(node);
        const auto [place, added] = known.emplace(name, groups.size());
        if (added) {
            groups.emplace_back(name, Group{});
        }
        return groups[place->second].second;
    };
    if (after != nullptr) {
        for (const XmlNode& child : after->children) {
            group_of(child).after.push_back(&child);
        }
    }
    if (before != nullptr) {
        for (const XmlNode& child : before->children) {
            Group& group = group_of(child);
            const auto equal = std::ranges::find_if(
                group.after, [&](const XmlNode* other) { return same_meaning(child, *other); });
            if (equal == group.after.end()) {
                group.before.push_back(&child);
            } else {
                group.after.erase(equal);
            }
        }
    }
    return groups;
}

bool same_meaning(const XmlNode& left, const XmlNode& right) {
    if (left.name != right.name || attributes_of(left) != attributes_of(right) ||
        left.children.size() != right.children.size()) {
        return false;
    }
    return std::ranges::all_of(unequal_groups(&left, &right), [](const auto& group) {
        return group.second.before.empty() && group.second.after.empty();
    });
}

class Comparison {
public:
    Comparison(const XmlFile* before, const XmlFile* after) : before_(before), after_(after) {}

    std::vector<ConfigurationChange> run() {
        compare(before_ == nullptr ? nullptr : before_->root(),
                after_ == nullptr ? nullptr : after_->root(), {});
        return std::move(changes_);
    }

private:
    void compare(const XmlNode* before, const XmlNode* after, const std::string& within) {
        const std::string path = path_of(after != nullptr ? *after : *before, within);
        if (before == nullptr || after == nullptr) {
            tell_whole(before, after, path);
            return;
        }
        tell_attributes(*before, *after, path);
        for (const auto& [name, group] : unequal_groups(before, after)) {
            const std::size_t pairs = std::min(group.before.size(), group.after.size());
            for (std::size_t index = 0; index < pairs; ++index) {
                compare(group.before[index], group.after[index], path);
            }
            for (std::size_t index = pairs; index < group.before.size(); ++index) {
                compare(group.before[index], nullptr, path);
            }
            for (std::size_t index = pairs; index < group.after.size(); ++index) {
                compare(nullptr, group.after[index], path);
            }
        }
    }

    /// The outermost element is the file itself and is not named.
    std::string path_of(const XmlNode& node, const std::string& within) const {
        const bool outermost = (before_ != nullptr && &node == before_->root()) ||
                               (after_ != nullptr && &node == after_->root());
        if (outermost) {
            return {};
        }
        return within.empty() ? name_of(node) : within + " › " + name_of(node);
    }

    ConfigurationChange& add(Kind kind, const XmlNode& node, const std::string& path) {
        const XmlFile& file = kind == Kind::removed ? *before_ : *after_;
        ConfigurationChange& change = changes_.emplace_back();
        change.kind = kind;
        change.file = file.name();
        change.what = path.empty() ? node.name : path;
        change.where = file.place(node.at);
        return change;
    }

    void tell_whole(const XmlNode* before, const XmlNode* after, const std::string& path) {
        ConfigurationChange& change = add(before == nullptr ? Kind::added : Kind::removed,
                                          before == nullptr ? *after : *before, path);
        if (before != nullptr) {
            change.before = whole(*before);
            change.sentence = fmt::format("{}: {} is gone.", change.file, change.what);
        } else {
            change.after = whole(*after);
            change.sentence = fmt::format("{}: {} is new: {}.", change.file, change.what,
                                          change.after.empty() ? "as it stands" : change.after);
        }
    }

    static std::string whole(const XmlNode& node) {
        std::string text = written(attributes_of(node));
        for (const XmlNode& child : node.children) {
            text += fmt::format("{}<{}{}{}>", text.empty() ? "" : " ", child.name,
                                child.attributes.empty() ? "" : " ", whole(child));
        }
        return text;
    }

    void tell_attributes(const XmlNode& before, const XmlNode& after, const std::string& path) {
        Attributes old = attributes_of(before);
        Attributes now = attributes_of(after);
        std::erase_if(old, [&](const auto& one) {
            const auto found = now.find(one.first);
            if (found == now.end() || found->second != one.second) {
                return false;
            }
            now.erase(found);
            return true;
        });
        if (old.empty() && now.empty()) {
            return;
        }
        ConfigurationChange& change = add(Kind::changed, after, path);
        change.before = written(old);
        change.after = written(now);
        change.sentence = fmt::format("{}: {}: {} becomes {}.", change.file, change.what,
                                      old.empty() ? "nothing" : change.before,
                                      now.empty() ? "nothing" : change.after);
    }

    const XmlFile* before_;
    const XmlFile* after_;
    std::vector<ConfigurationChange> changes_;
};

bool readable(const XmlFile* file) {
    return file == nullptr || (file->root() != nullptr && file->errors().empty());
}

std::vector<ConfigurationChange> difference_of_file(const std::string& name,
                                                    const std::string* before,
                                                    const std::string* after) {
    if (before != nullptr && after != nullptr && *before == *after) {
        return {};
    }
    const auto read = [&](const std::string* text) {
        return text == nullptr ? nullptr : std::make_unique<XmlFile>(name, *text);
    };
    const std::unique_ptr<XmlFile> old = read(before);
    const std::unique_ptr<XmlFile> now = read(after);
    if (readable(old.get()) && readable(now.get())) {
        return Comparison(old.get(), now.get()).run();
    }
    ConfigurationChange change;
    change.file = name;
    change.what = "file";
    change.where = Place{name};
    change.sentence = fmt::format("{}: it cannot be read as XML.", name);
    return {change};
}

/// By what a change is known on another pair of configurations.
std::pair<std::string, std::string> identity_of(const ConfigurationChange& change) {
    return {change.file, change.what};
}

/// The version of a file says nothing by itself.
bool is_version_only(const ConfigurationChange& change) {
    const auto version = [](const std::string& text) {
        return text.starts_with("version=\"") &&
               text.find('"', std::string_view("version=\"").size()) == text.size() - 1;
    };
    return change.kind == Kind::changed && version(change.before) && version(change.after);
}

}  // namespace

std::string_view to_string(Kind kind) {
    switch (kind) {
        case Kind::added:
            return "added";
        case Kind::removed:
            return "removed";
        case Kind::changed:
            return "changed";
    }
    return {};
}

std::vector<ConfigurationChange> difference(const std::vector<ConfigurationFile>& before,
                                            const std::vector<ConfigurationFile>& after) {
    std::map<std::string, std::pair<const std::string*, const std::string*>> files;
    for (const ConfigurationFile& file : before) {
        files[file.name].first = &file.bytes;
    }
    for (const ConfigurationFile& file : after) {
        files[file.name].second = &file.bytes;
    }
    std::vector<ConfigurationChange> all;
    for (const auto& [name, sides] : files) {
        std::ranges::move(difference_of_file(name, sides.first, sides.second),
                          std::back_inserter(all));
    }
    return all;
}

std::vector<ConfigurationChange> lacking(const std::vector<ConfigurationFile>& origin,
                                         const std::vector<ConfigurationFile>& taught,
                                         const std::vector<ConfigurationFile>& files) {
    std::set<std::pair<std::string, std::string>> lessons;
    for (const ConfigurationChange& change : difference(origin, taught)) {
        if (!is_version_only(change)) {
            lessons.insert(identity_of(change));
        }
    }
    std::vector<ConfigurationChange> missing;
    for (ConfigurationChange& change : difference(files, taught)) {
        if (lessons.contains(identity_of(change)) && !is_version_only(change)) {
            missing.push_back(std::move(change));
        }
    }
    return missing;
}

TouchedSources touched_sources(const std::vector<ConfigurationChange>& changes) {
    constexpr std::string_view kFolder = "sources/";
    constexpr std::string_view kXml = ".xml";
    constexpr std::string_view kStudy = "/study.xml";
    std::set<std::string> names;
    std::set<std::string> studies;
    TouchedSources touched;
    for (const ConfigurationChange& change : changes) {
        if (change.what.starts_with("recognise") || change.what == "source") {
            names.emplace();
        }
        if (change.file.starts_with(kFolder) && change.file.ends_with(kXml)) {
            names.insert(change.file.substr(kFolder.size(),
                                            change.file.size() - kFolder.size() - kXml.size()));
        } else {
            touched.all = true;
        }
        // The folder is the study's id.
        if (change.file.ends_with(kStudy)) {
            studies.insert(change.file.substr(0, change.file.size() - kStudy.size()));
        }
    }
    touched.sources.assign(names.begin(), names.end());
    touched.studies.assign(studies.begin(), studies.end());
    return touched;
}

}  // namespace labrelay::mapping
