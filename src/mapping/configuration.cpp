#include "labrelay/mapping/configuration.hpp"

#include <algorithm>
#include <utility>

namespace labrelay::mapping {
namespace {

bool fits(const std::string& wanted, std::string_view found) {
    return wanted.empty() || wanted == found;
}

bool fits(const Recognition& line, const hl7::Header& header, const WayIn& way) {
    return fits(line.application, header.sending_application) &&
           fits(line.facility, header.sending_facility) &&
           fits(line.receiving_application, header.receiving_application) &&
           fits(line.receiving_facility, header.receiving_facility) &&
           fits(line.profile, header.profile) && fits(line.certificate, way.certificate) &&
           (!line.port || *line.port == way.port) && (!line.peer || line.peer->contains(way.peer));
}

}  // namespace

std::string_view to_string(SourceMode mode) {
    switch (mode) {
        case SourceMode::test:
            return "test";
        case SourceMode::shadow:
            return "shadow";
        case SourceMode::live:
            return "live";
        case SourceMode::off:
            return "off";
    }
    return "";
}

std::optional<std::size_t> closeness(const CodePattern& pattern, std::string_view code,
                                     std::string_view system) {
    if (!pattern.system.empty() && pattern.system != system) {
        return std::nullopt;
    }
    const std::string_view wanted = pattern.code;
    const bool prefix = wanted.ends_with('*');
    const bool fits_code =
        prefix ? code.starts_with(wanted.substr(0, wanted.size() - 1)) : code == wanted;
    if (!fits_code) {
        return std::nullopt;
    }
    // A prefix is never longer than the code that it fits, so a whole code is always the closer.
    const std::size_t by_code = prefix ? wanted.size() : code.size() + 2;
    return by_code * 2 + (pattern.system.empty() ? 0 : 1);
}

Configuration::Configuration(std::vector<SourceDefinition> sources, study::StudyRules rules,
                             std::vector<AnalyteAlias> aliases, UnknownSource unknown_source)
    : sources_(std::move(sources)),
      rules_(std::move(rules)),
      aliases_(std::move(aliases)),
      unknown_source_(unknown_source) {
    lines_.reserve(sources_.size());
    for (const SourceDefinition& source : sources_) {
        lines_.emplace_back(source);
    }
}

const LineIndex& Configuration::lines_of(const SourceDefinition& source) const {
    return lines_[static_cast<std::size_t>(&source - sources_.data())];
}

const SourceDefinition* Configuration::source(std::string_view id) const {
    const auto found = std::find_if(sources_.begin(), sources_.end(),
                                    [&](const SourceDefinition& one) { return one.id == id; });
    return found == sources_.end() ? nullptr : &*found;
}

const SourceDefinition* Configuration::recognise(const hl7::Header& header,
                                                 const WayIn& way) const {
    for (const SourceDefinition& source : sources_) {
        const auto fits_here = [&](const Recognition& line) { return fits(line, header, way); };
        if (std::any_of(source.recognise.begin(), source.recognise.end(), fits_here)) {
            return &source;
        }
    }
    return nullptr;
}

}  // namespace labrelay::mapping
