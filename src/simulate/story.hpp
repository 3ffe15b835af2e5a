#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "report.hpp"
#include "world.hpp"

namespace labrelay::simulate {

/// A line of specimens.csv.
struct SpecimenEntry {
    std::size_t specimen = 0;
    bool by_identifier = false;  ///< names the patient's number, not the subject's
    std::string visit;           ///< may be empty
};

/// One thing that happens: a registry file is imported or a message is sent.
struct Step {
    enum class Kind : std::uint8_t { subjects, specimens, send };
    Moment at;
    Kind kind = Kind::send;
    std::size_t index = 0;  ///< of the import or the report
};

/// Everything that happens over the trial, in order, with the truth beside each observation.
struct Story {
    std::vector<Enrolment> enrolments;
    std::vector<Specimen> specimens;
    std::vector<Report> reports;
    std::vector<std::vector<std::size_t>> subject_imports;  ///< subjects whose facts a file brings
    std::vector<std::vector<SpecimenEntry>> specimen_imports;
    std::vector<Step> steps;  ///< in order

    const Subject& subject(std::size_t index) const { return enrolments[index].subject; }
};

/// Precondition: `subjects` >= kCast.
Story tell(std::uint64_t seed, std::size_t subjects);

}  // namespace labrelay::simulate
