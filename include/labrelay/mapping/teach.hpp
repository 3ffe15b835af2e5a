#pragma once

#include <string>
#include <variant>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/mapping/configuration.hpp"

namespace labrelay::mapping {

/// A code of a source is this analyte: an `<observation>` line of its own.
struct TeachCode {
    std::string source;
    std::string code;
    std::string system;  ///< OBX-3.3; empty: any
    std::string analyte;
};

/// What a unit of a source means under a code.
struct TeachUnit {
    enum class Kind : std::uint8_t {
        spelled,  ///< it is another spelling of the analyte's own unit
        as,       ///< it is another spelling of a unit in the analyte's list
        assume,   ///< it is what an absent unit means
    };
    std::string source;
    std::string analyte;
    std::string code;    ///< as it came; empty where the analyte has one line
    std::string system;  ///< empty: any
    Kind kind = Kind::spelled;
    std::string unit;
    std::string as;  ///< of Kind::as: the unit of the list
};

/// What a word in the place of a value means at a source.
struct TeachWord {
    std::string source;
    std::string word;
    std::string kind;       ///< `not_detected`, `no_result` …: docs/mapping.md
    std::string canonical;  ///< of `qualitative`
};

using Lesson = std::variant<TeachCode, TeachUnit, TeachWord>;

/// The files with the one line added or changed that says the lesson, and the source's version
/// counted up; every other byte stays as it is. Pure. Whether the whole can be loaded is for
/// check_taught(). Errors: config-target-missing, attribute-bad.
Result<std::vector<ConfigurationFile>> teach(std::vector<ConfigurationFile> files,
                                             const Lesson& lesson);

/// Loads what teach() made. A lesson that would read a unit otherwise than the analyte's list does
/// is refused: a factor is not taught by the way. Errors: configuration-bad, with what is wrong.
Result<std::shared_ptr<const Configuration>> check_taught(
    const std::vector<ConfigurationFile>& before, const std::vector<ConfigurationFile>& taught);

const std::string& source_of(const Lesson& lesson);

}  // namespace labrelay::mapping
