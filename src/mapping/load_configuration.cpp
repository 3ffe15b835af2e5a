#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

#include "labrelay/core/time.hpp"
#include "labrelay/crypto/digest.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/mapping/configuration_files.hpp"
#include "labrelay/units/ucum.hpp"
#include "loading.hpp"

namespace labrelay::mapping {
namespace {

namespace fs = std::filesystem;

// A configuration of a hundred sources is a few megabytes; what is larger is not one.
constexpr std::uintmax_t kLargestFile = 16U * 1024U * 1024U;

enum class FileKind : std::uint8_t { analytes, grades, intake, source, study, other };

struct FileRole {
    FileKind kind = FileKind::other;
    std::string id;  ///< of the source or study, by the path
};

FileRole role_of(std::string_view name) {
    constexpr std::string_view kSources = "sources/";
    constexpr std::string_view kXml = ".xml";
    constexpr std::string_view kStudy = "/study.xml";
    if (name == "analytes.xml") {
        return {FileKind::analytes, {}};
    }
    if (name == "grades.xml") {
        return {FileKind::grades, {}};
    }
    if (name == "intake.xml") {
        return {FileKind::intake, {}};
    }
    if (name.starts_with(kSources) && name.ends_with(kXml)) {
        const auto id = name.substr(kSources.size(), name.size() - kSources.size() - kXml.size());
        return {id.find('/') == std::string_view::npos ? FileKind::source : FileKind::other,
                std::string(id)};
    }
    if (name.ends_with(kStudy)) {
        const auto id = name.substr(0, name.size() - kStudy.size());
        return {id.find('/') == std::string_view::npos ? FileKind::study : FileKind::other,
                std::string(id)};
    }
    return {};
}

Finding whole_file(Code code, Severity severity, std::string name, std::string detail = {}) {
    return {code, severity, Place{std::move(name)}, std::move(detail), {}};
}

void sort_by_name(std::vector<ConfigurationFile>& files) {
    std::ranges::sort(files, {}, &ConfigurationFile::name);
}

/// SHA-256 over names, lengths and bytes of the files in the order of their names, and the versions
/// of what else values and placement depend on: the time-zone data and the table of units.
std::string content_hash(const std::vector<ConfigurationFile>& files) {
    std::string all =
        fmt::format("tzdata {}\nucum {}\n", tzdata_version(), units::ucum_table_version());
    for (const ConfigurationFile& file : files) {
        all += fmt::format("{} {}\n", file.name, file.bytes.size());
        all += file.bytes;
    }
    return crypto::to_hex(crypto::sha256(all));
}

/// All files of one configuration while they are read. XmlFile addresses stay: map nodes do not
/// move.
class ConfigurationReader {
public:
    explicit ConfigurationReader(std::vector<ConfigurationFile> files) {
        sort_by_name(files);
        hash_ = content_hash(files);
        for (ConfigurationFile& file : files) {
            files_.emplace(std::piecewise_construct, std::forward_as_tuple(file.name),
                           std::forward_as_tuple(file.name, std::move(file.bytes)));
        }
    }

    Loaded read() {
        read_analytes();
        if (const auto intake = files_.find("intake.xml");
            intake != files_.end() && root_is(intake->second, "intake")) {
            unknown_source_ = load_intake(intake->second);
        }
        for (auto& [name, file] : files_) {
            const FileRole role = role_of(name);
            if (role.kind == FileKind::source && root_is(file, "source")) {
                sources_.push_back(load_source(file, role.id, catalogue_));
            }
        }
        check_sources(sources_);
        if (const auto grades = files_.find("grades.xml");
            grades != files_.end() && root_is(grades->second, "grades")) {
            rules_.scales = load_grades(grades->second, catalogue_);
        }
        for (auto& [name, file] : files_) {
            const FileRole role = role_of(name);
            if (role.kind == FileKind::study && root_is(file, "study")) {
                rules_.studies.push_back(
                    load_study(file, role.id, {catalogue_, sources_, rules_.scales}));
            }
        }
        return finish();
    }

private:
    void read_analytes() {
        const auto found = files_.find("analytes.xml");
        if (found == files_.end()) {
            loaded_.errors.push_back(whole_file(Code::file_unreadable, Severity::refuse,
                                                "analytes.xml", "It is missing."));
        } else if (root_is(found->second, "analytes")) {
            catalogue_ = load_analytes(found->second);
        }
    }

    static bool root_is(XmlFile& file, std::string_view name) {
        if (file.root() == nullptr) {
            return false;
        }
        if (file.root()->name != name) {
            file.error(Code::element_unknown, file.root()->at,
                       fmt::format("The outermost element of this file is <{}>.", name));
            return false;
        }
        return true;
    }

    Loaded finish() {
        for (auto& [name, file] : files_) {
            append_sorted(loaded_.errors, file.errors());
            append_sorted(loaded_.warnings, file.warnings());
        }
        if (loaded_.errors.empty()) {
            rules_.analytes = std::move(catalogue_.analytes);
            rules_.hash = std::move(hash_);
            std::vector<SourceDefinition> sources;
            for (LoadedSource& source : sources_) {
                sources.push_back(std::move(source.definition));
            }
            loaded_.configuration = std::make_shared<const Configuration>(
                std::move(sources), std::move(rules_), std::move(catalogue_.aliases),
                unknown_source_);
        }
        return std::move(loaded_);
    }

    static void append_sorted(std::vector<Finding>& all, std::vector<Finding> more) {
        std::stable_sort(more.begin(), more.end(), [](const Finding& left, const Finding& right) {
            return left.place.offset < right.place.offset;
        });
        std::move(more.begin(), more.end(), std::back_inserter(all));
    }

    std::map<std::string, XmlFile> files_;
    Catalogue catalogue_;
    UnknownSource unknown_source_ = UnknownSource::reject;
    std::vector<LoadedSource> sources_;
    study::StudyRules rules_;
    std::string hash_;
    Loaded loaded_;
};

/// The XML files of the directory that could be a configuration's: at the top, in `sources`, and
/// `study.xml` in any other folder.
class DirectoryReader {
public:
    explicit DirectoryReader(const fs::path& directory) : directory_(directory) {}

    void read() {
        for (const fs::directory_entry& entry : entries_of(directory_)) {
            std::error_code failed;
            if (entry.is_directory(failed)) {
                const bool sources = entry.path().filename() == "sources";
                for (const fs::directory_entry& inner : entries_of(entry.path())) {
                    if (sources || inner.path().filename() == "study.xml") {
                        take(inner);
                    }
                }
            } else {
                take(entry);
            }
        }
    }

    std::vector<ConfigurationFile> files;
    std::vector<Finding> errors;
    std::vector<Finding> warnings;

private:
    std::vector<fs::directory_entry> entries_of(const fs::path& directory) {
        std::error_code failed;
        std::vector<fs::directory_entry> entries;
        for (auto at = fs::directory_iterator(directory, failed); !failed && at != fs::end(at);
             at.increment(failed)) {
            entries.push_back(*at);
        }
        if (failed) {
            errors.push_back(whole_file(Code::file_unreadable, Severity::refuse,
                                        directory.generic_string(), failed.message() + "."));
        }
        return entries;
    }

    void take(const fs::directory_entry& entry) {
        const std::string file_name = entry.path().filename().string();
        if (entry.path().extension() != ".xml" || file_name.starts_with('.')) {
            return;
        }
        std::string name = entry.path().lexically_relative(directory_).generic_string();
        if (role_of(name).kind == FileKind::other) {
            warnings.push_back(whole_file(Code::file_not_read, Severity::warning, std::move(name)));
            return;
        }
        std::error_code failed;
        const std::uintmax_t size = entry.file_size(failed);
        const bool readable = !failed && size <= kLargestFile;
        std::string bytes(readable ? static_cast<std::size_t>(size) : 0, '\0');
        std::ifstream stream(entry.path(), std::ios::binary);
        if (!readable || !stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
            errors.push_back(whole_file(Code::file_unreadable, Severity::refuse, std::move(name)));
            return;
        }
        files.push_back({std::move(name), std::move(bytes)});
    }

    fs::path directory_;
};

}  // namespace

Loaded load_configuration(std::vector<ConfigurationFile> files) {
    return ConfigurationReader(std::move(files)).read();
}

Loaded load_configuration(const fs::path& directory) {
    DirectoryFiles read = read_configuration_files(directory);
    Loaded loaded = load_configuration(std::move(read.files));
    if (!read.errors.empty()) {
        loaded.configuration.reset();
        loaded.errors.insert(loaded.errors.begin(), read.errors.begin(), read.errors.end());
    }
    loaded.warnings.insert(loaded.warnings.begin(), read.warnings.begin(), read.warnings.end());
    return loaded;
}

DirectoryFiles read_configuration_files(const fs::path& directory) {
    DirectoryReader reader(directory);
    reader.read();
    sort_by_name(reader.files);
    return {std::move(reader.files), std::move(reader.errors), std::move(reader.warnings)};
}

std::string configuration_hash(std::vector<ConfigurationFile> files) {
    sort_by_name(files);
    return content_hash(files);
}

std::vector<ConfigurationFile> with_changed(std::vector<ConfigurationFile> parent,
                                            std::vector<ConfigurationFile> changed) {
    for (ConfigurationFile& file : changed) {
        std::erase_if(parent, [&](const auto& old) { return old.name == file.name; });
        if (!file.bytes.empty()) {
            parent.push_back(std::move(file));
        }
    }
    sort_by_name(parent);
    return parent;
}

}  // namespace labrelay::mapping
