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

std::string label(const study::Subject& subject) {
    return fmt::format("{} ({})", subject.label(), subject.study);
}

/// The subject of the same study that the row's numbers name; nothing where it is new. Two numbers
/// that name two subjects are refused.
Result<const study::Subject*> known_subject(const study::Registry& registry,
                                            const mapping::SubjectRow& row) {
    const study::Subject* found = nullptr;
    for (const std::string* number : {&row.subject.screening_no, &row.subject.subject_no}) {
        if (number->empty()) {
            continue;
        }
        for (const study::Subject* candidate : registry.subjects_by_number(*number)) {
            if (candidate->study != row.subject.study || candidate == found) {
                continue;
            }
            if (found != nullptr) {
                return fail(
                    Code::registry_conflict, row.place,
                    fmt::format("{} and {} are two subjects: {} and {}.", row.subject.screening_no,
                                row.subject.subject_no, label(*found), label(*candidate)));
            }
            found = candidate;
        }
    }
    return found;
}

/// In one study an identifier is one person's.
Result<void> identifiers_are_free(const study::Registry& registry, const study::Subject* before,
                                  const mapping::SubjectRow& row) {
    for (const study::Identifier& identifier : row.subject.identifiers) {
        for (const study::Subject* owner : registry.subjects_by_identifier(identifier)) {
            if (owner->study == row.subject.study && owner != before) {
                return fail(Code::registry_conflict, row.place,
                            fmt::format("An identifier of {} is already that of {}.",
                                        identifier.authority, label(*owner)));
            }
        }
    }
    return {};
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
        const Result<const study::Subject*> match = known_subject(known, row);
        if (!match) {
            return tl::unexpected(match.error());
        }
        const study::Subject* before = *match;
        if (const Result<void> free = identifiers_are_free(known, before, row); !free) {
            return tl::unexpected(free.error());
        }
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
