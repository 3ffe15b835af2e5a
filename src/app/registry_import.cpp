#include "labrelay/app/registry_import.hpp"

#include <fmt/format.h>

#include "labrelay/mapping/registry_files.hpp"

namespace labrelay::app {
namespace {

std::string all_errors(const std::vector<Finding>& errors) {
    std::string lines;
    for (const Finding& error : errors) {
        lines += (lines.empty() ? "" : "\n") + describe(error);
    }
    return lines;
}

/// The subject of the same study that has the row's screening or subject number.
const study::Subject* known_subject(const study::Registry& registry, const study::Subject& row) {
    for (const std::string* number : {&row.screening_no, &row.subject_no}) {
        if (number->empty()) {
            continue;
        }
        for (const study::Subject* candidate : registry.subjects_by_number(*number)) {
            if (candidate->study == row.study) {
                return candidate;
            }
        }
    }
    return nullptr;
}

struct Tally {
    std::size_t fresh = 0;
    std::size_t changed = 0;
    std::size_t unchanged = 0;
};

std::string summary(std::string_view what, const Tally& tally) {
    return fmt::format("{} {}: {} new, {} with new facts, {} unchanged",
                       tally.fresh + tally.changed + tally.unchanged, what, tally.fresh,
                       tally.changed, tally.unchanged);
}

}  // namespace

Result<PlannedImport> plan_subjects(std::string_view csv, const std::string& name,
                                    const mapping::Configuration& configuration,
                                    const study::Registry& known) {
    const mapping::SubjectsFile file = mapping::read_subjects(csv, name, configuration);
    if (!file.errors.empty()) {
        return fail(file.errors.front().code, Place{name}, all_errors(file.errors));
    }
    PlannedImport plan;
    Tally tally;
    for (const mapping::SubjectRow& row : file.rows) {
        const study::Subject* before = known_subject(known, row.subject);
        Result<study::Subject> merged =
            mapping::merge_subject(before ? *before : study::Subject{}, row.subject);
        if (!merged) {
            return fail(merged.error().code, row.place, merged.error().detail);
        }
        if (before != nullptr && *merged == *before) {
            ++tally.unchanged;
            continue;
        }
        ++(before != nullptr ? tally.changed : tally.fresh);
        plan.change.subjects.push_back(std::move(*merged));
    }
    plan.change.actor = "import " + name;
    plan.summary = summary("subjects", tally);
    return plan;
}

Result<PlannedImport> plan_specimens(std::string_view csv, const std::string& name,
                                     const mapping::Configuration& configuration,
                                     const study::Registry& known) {
    const mapping::SpecimensFile file = mapping::read_specimens(csv, name, configuration);
    if (!file.errors.empty()) {
        return fail(file.errors.front().code, Place{name}, all_errors(file.errors));
    }
    PlannedImport plan;
    Tally tally;
    for (const mapping::SpecimenRow& row : file.rows) {
        const study::RegisteredSpecimen* before = known.specimen(row.specimen.name);
        Result<study::RegisteredSpecimen> merged =
            mapping::merge_specimen(before ? *before : study::RegisteredSpecimen{}, row.specimen);
        if (!merged) {
            return fail(merged.error().code, row.place, merged.error().detail);
        }
        if (before != nullptr && *merged == *before) {
            ++tally.unchanged;
            continue;
        }
        ++(before != nullptr ? tally.changed : tally.fresh);
        plan.change.specimens.push_back(std::move(*merged));
    }
    plan.change.actor = "import " + name;
    plan.summary = summary("specimens", tally);
    return plan;
}

}  // namespace labrelay::app
