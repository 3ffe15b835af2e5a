#include "labrelay/app/registry_import.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

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

Finding finding_of(const Error& error, const Place& place) {
    return {error.code, Severity::refuse, place, error.detail, {}};
}

template <class Fact>
void note(std::vector<std::string>& added, const char* column, const Fact& before,
          const Fact& after) {
    if (before != after) {
        added.emplace_back(column);
    }
}

std::vector<std::string> added_columns(const study::Subject& before, const study::Subject& after) {
    std::vector<std::string> added;
    note(added, "study", before.study, after.study);
    note(added, "site", before.site, after.site);
    note(added, "screening_no", before.screening_no, after.screening_no);
    note(added, "subject_no", before.subject_no, after.subject_no);
    note(added, "identifiers", before.identifiers, after.identifiers);
    note(added, "sex", before.sex, after.sex);
    note(added, "birth_date", before.birth_date, after.birth_date);
    note(added, "child_bearing", before.child_bearing, after.child_bearing);
    note(added, "consent_date", before.consent_date, after.consent_date);
    note(added, "screening_from", before.screening_from, after.screening_from);
    note(added, "first_infusion", before.first_infusion, after.first_infusion);
    note(added, "second_infusion", before.second_infusion, after.second_infusion);
    note(added, "third_infusion", before.third_infusion, after.third_infusion);
    note(added, "randomised_at", before.randomised_at, after.randomised_at);
    note(added, "withdrawn_at", before.withdrawn_at, after.withdrawn_at);
    note(added, "screen_failed_at", before.screen_failed_at, after.screen_failed_at);
    note(added, "art_start", before.art_start, after.art_start);
    note(added, "regimen_changed", before.regimen_changed, after.regimen_changed);
    return added;
}

std::vector<std::string> added_columns(const study::RegisteredSpecimen& before,
                                       const study::RegisteredSpecimen& after) {
    std::vector<std::string> added;
    note(added, "authority", before.name.authority, after.name.authority);
    note(added, "specimen", before.name.specimen, after.name.specimen);
    note(added, "identifier", before.patient, after.patient);
    note(added, "subject_no", before.subject_no, after.subject_no);
    note(added, "collected_at", before.collected_at, after.collected_at);
    note(added, "visit", before.visit, after.visit);
    return added;
}

std::vector<study::Subject> owners(const study::Registry& known,
                                   const study::RegisteredSpecimen& specimen) {
    std::vector<study::Subject> found;
    for (const study::Subject* subject : known.subjects_of(specimen)) {
        found.push_back(*subject);
    }
    return found;
}

struct Tally {
    std::size_t fresh = 0;
    std::size_t changed = 0;
    std::size_t unchanged = 0;
};

/// What a row adds to what was known; nothing where it adds nothing, or contradicts it.
template <class Fact>
std::optional<Fact> news_of(Result<Fact> merged, const Fact* before, const Place& place,
                            PlannedImport& plan, Tally& tally) {
    if (!merged) {
        plan.errors.push_back(finding_of(merged.error(), place));
        return std::nullopt;
    }
    if (before != nullptr && *merged == *before) {
        ++tally.unchanged;
        return std::nullopt;
    }
    ++(before != nullptr ? tally.changed : tally.fresh);
    return std::move(*merged);
}

void sum_up(PlannedImport& plan, std::string_view what, const std::string& name,
            const Tally& tally) {
    plan.unchanged = tally.unchanged;
    plan.change.actor = "import " + name;
    plan.summary = fmt::format("{} {}: {} new, {} with new facts, {} unchanged",
                               tally.fresh + tally.changed + tally.unchanged, what, tally.fresh,
                               tally.changed, tally.unchanged);
}

Result<PlannedImport> without_errors(PlannedImport plan, const std::string& name) {
    if (plan.errors.empty()) {
        return plan;
    }
    const Finding& first = plan.errors.front();
    // A file that cannot be read has always been named as a whole.
    const bool of_one_row = plan.errors.size() == 1 && first.code == Code::registry_conflict;
    return of_one_row ? fail(first.code, first.place, first.detail)
                      : fail(first.code, Place{name}, all_errors(plan.errors));
}

}  // namespace

PlannedImport look_at_subjects(std::string_view csv, const std::string& name,
                               const mapping::Configuration& configuration,
                               const study::Registry& known) {
    mapping::SubjectsFile file = mapping::read_subjects(csv, name, configuration);
    PlannedImport plan;
    plan.errors = std::move(file.errors);
    if (!plan.errors.empty()) {
        return plan;
    }
    Tally tally;
    for (const mapping::SubjectRow& row : file.rows) {
        const Result<const study::Subject*> match = known_subject(known, row);
        if (!match) {
            plan.errors.push_back(finding_of(match.error(), row.place));
            continue;
        }
        const study::Subject* before = *match;
        if (const Result<void> free = identifiers_are_free(known, before, row); !free) {
            plan.errors.push_back(finding_of(free.error(), row.place));
            continue;
        }
        const study::Subject blank;
        const study::Subject& known_facts = before != nullptr ? *before : blank;
        std::optional<study::Subject> merged = news_of(
            mapping::merge_subject(known_facts, row.subject), before, row.place, plan, tally);
        if (!merged) {
            continue;
        }
        PlannedRow planned{row.place,
                           merged->label(),
                           merged->study,
                           before == nullptr,
                           added_columns(known_facts, *merged),
                           {*merged}};
        if (before != nullptr) {
            planned.touches.push_back(*before);
        }
        plan.rows.push_back(std::move(planned));
        plan.change.subjects.push_back(std::move(*merged));
    }
    sum_up(plan, "subjects", name, tally);
    return plan;
}

PlannedImport look_at_specimens(std::string_view csv, const std::string& name,
                                const mapping::Configuration& configuration,
                                const study::Registry& known) {
    mapping::SpecimensFile file = mapping::read_specimens(csv, name, configuration);
    PlannedImport plan;
    plan.errors = std::move(file.errors);
    if (!plan.errors.empty()) {
        return plan;
    }
    Tally tally;
    for (const mapping::SpecimenRow& row : file.rows) {
        const study::RegisteredSpecimen* before = known.specimen(row.specimen.name);
        const study::RegisteredSpecimen blank;
        const study::RegisteredSpecimen& known_facts = before != nullptr ? *before : blank;
        std::optional<study::RegisteredSpecimen> merged = news_of(
            mapping::merge_specimen(known_facts, row.specimen), before, row.place, plan, tally);
        if (!merged) {
            continue;
        }
        PlannedRow planned{row.place,
                           merged->name.specimen,
                           {},
                           before == nullptr,
                           added_columns(known_facts, *merged),
                           owners(known, *merged)};
        if (!planned.touches.empty()) {
            planned.study = planned.touches.front().study;
        }
        plan.rows.push_back(std::move(planned));
        plan.change.specimens.push_back(std::move(*merged));
    }
    sum_up(plan, "specimens", name, tally);
    return plan;
}

Result<PlannedImport> plan_subjects(std::string_view csv, const std::string& name,
                                    const mapping::Configuration& configuration,
                                    const study::Registry& known) {
    return without_errors(look_at_subjects(csv, name, configuration, known), name);
}

Result<PlannedImport> plan_specimens(std::string_view csv, const std::string& name,
                                     const mapping::Configuration& configuration,
                                     const study::Registry& known) {
    return without_errors(look_at_specimens(csv, name, configuration, known), name);
}

}  // namespace labrelay::app
