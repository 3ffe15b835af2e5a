#include "labrelay/app/registry_import.hpp"

#include <fmt/format.h>

#include "labrelay/mapping/registry_files.hpp"

namespace labrelay::app {
namespace {

template <class Parsed>
std::string all_errors(const Parsed& parsed) {
    std::string lines;
    for (const Finding& error : parsed.errors) {
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
                       tally.fresh + tally.changed + tally.unchanged, what, tally.fresh, tally.changed,
                       tally.unchanged);
}

}  // namespace

Result<PlannedImport> plan_subjects(std::string_view csv, const std::string& name,
                                    const study::Registry& known) {
    auto parsed = mapping::parse_subjects(csv, name);
    if (!parsed.errors.empty()) {
        return fail(parsed.errors.front().code, Place{name}, all_errors(parsed));
    }
    PlannedImport plan;
    Tally tally;
    for (study::Subject& row : parsed.rows) {
        const study::Subject* before = known_subject(known, row);
        if (before == nullptr) {
            ++tally.fresh;
            plan.change.subjects.push_back(std::move(row));
            continue;
        }
        Result<study::Subject> merged = mapping::merge_subject(*before, row);
        if (!merged) {
            return fail(merged.error().code, Place{name},
                        fmt::format("{}: {}", row.label(), merged.error().detail));
        }
        if (*merged == *before) {
            ++tally.unchanged;
        } else {
            ++tally.changed;
            plan.change.subjects.push_back(std::move(*merged));
        }
    }
    plan.change.actor = "import " + name;
    plan.summary = summary("subjects", tally);
    return plan;
}

Result<PlannedImport> plan_specimens(std::string_view csv, const std::string& name,
                                     const study::Registry& known) {
    auto parsed = mapping::parse_specimens(csv, name);
    if (!parsed.errors.empty()) {
        return fail(parsed.errors.front().code, Place{name}, all_errors(parsed));
    }
    PlannedImport plan;
    Tally tally;
    for (study::RegisteredSpecimen& row : parsed.rows) {
        const study::RegisteredSpecimen* before = known.specimen(row.name);
        if (before == nullptr) {
            ++tally.fresh;
        } else if (*before == row) {
            ++tally.unchanged;
            continue;
        } else {
            Result<study::RegisteredSpecimen> merged = mapping::merge_specimen(*before, row);
            if (!merged) {
                return fail(merged.error().code, Place{name},
                            fmt::format("{}: {}", row.name.specimen, merged.error().detail));
            }
            row = std::move(*merged);
            ++tally.changed;
        }
        plan.change.specimens.push_back(std::move(row));
    }
    plan.change.actor = "import " + name;
    plan.summary = summary("specimens", tally);
    return plan;
}

}  // namespace labrelay::app
