#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::mapping {

/// The registry's files, subjects.csv and specimens.csv: RFC 4180, UTF-8, the first line names the
/// columns in any order. Columns and their forms: docs/registry.md. A file with errors is not
/// imported at all. Details of findings never carry an identifier or a birth date; `value` may.

struct SubjectRow {
    study::Subject subject;  ///< without an id
    Place place;             ///< subjects.csv:3:1
};

struct SubjectsFile {
    std::vector<SubjectRow> rows;
    std::vector<Finding> errors;  ///< csv-*, key-duplicate; in the order of the file, all of them
};

/// `name` is what places name. Studies, sites and authorities must be the configuration's.
SubjectsFile read_subjects(std::string_view bytes, std::string name,
                           const Configuration& configuration);

struct SpecimenRow {
    study::RegisteredSpecimen specimen;
    Place place;
};

struct SpecimensFile {
    std::vector<SpecimenRow> rows;
    std::vector<Finding> errors;
};

SpecimensFile read_specimens(std::string_view bytes, std::string name,
                             const Configuration& configuration);

/// What is known with what a row adds. Empty erases nothing, identifiers are united, a date may
/// become more precise. `registry-conflict` where the row contradicts a known fact (the detail
/// names the column); `csv-value-bad` where the subject would have no site. A subject that is new
/// is merged with Subject{}.
Result<study::Subject> merge_subject(const study::Subject& known, const study::Subject& row);

/// What is known with a person's corrections of it, by the columns of subjects.csv: what was
/// entered wrongly is replaced, an empty text says that it is not known. Study, screening number
/// and identifiers are not corrected so. Errors: csv-value-bad (the place names the column),
/// registry-conflict.
Result<study::Subject> correct_subject(const study::Subject& known,
                                       const std::map<std::string, std::string>& fields,
                                       const Configuration& configuration);

/// The same for a specimen; one that is new is merged with RegisteredSpecimen{}.
Result<study::RegisteredSpecimen> merge_specimen(const study::RegisteredSpecimen& known,
                                                 const study::RegisteredSpecimen& row);

}  // namespace labrelay::mapping
