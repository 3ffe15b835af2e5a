#include "labrelay/core/finding.hpp"

#include <fmt/format.h>

namespace labrelay {
namespace {

std::string describe_parts(Code code, const Place& place, std::string_view detail) {
    const CatalogueEntry& known = entry(code);
    std::string line = fmt::format("labrelay-{} {}", static_cast<unsigned>(code), known.key);
    if (!place.text.empty()) {
        line += fmt::format(" at {}", place.text);
    }
    if (place.offset != Place::kNoOffset) {
        line += fmt::format(" @{}", place.offset);
    }
    line += fmt::format(": {}", known.text);
    if (!detail.empty()) {
        line += fmt::format(" ({})", detail);
    }
    line += fmt::format(" {}", known.advice);
    return line;
}

}  // namespace

std::string_view to_string(Severity severity) {
    switch (severity) {
        case Severity::note:
            return "note";
        case Severity::warning:
            return "warning";
        case Severity::hold:
            return "hold";
        case Severity::refuse:
            return "refuse";
    }
    return "";
}

std::string describe(const Finding& finding) {
    return describe_parts(finding.code, finding.place, finding.detail);
}

std::string describe(const Error& error) {
    return describe_parts(error.code, error.place, error.detail);
}

}  // namespace labrelay
