#include "awaiting.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "labrelay/study/corrected_subjects.hpp"

namespace labrelay::study {
namespace {

/// What can repair a rule: facts of the registry, or a correction by the laboratory.
struct Repair {
    Code rule;
    bool patient = false;
    bool specimen = false;
    bool subject = false;
    bool correction = false;
};

constexpr Repair kRepairs[] = {
    {.rule = Code::unknown_subject, .patient = true, .specimen = true},
    {.rule = Code::not_registered, .patient = true, .specimen = true},
    {.rule = Code::unknown_specimen, .patient = true, .specimen = true},
    {.rule = Code::identifiers_disagree, .patient = true, .subject = true},
    {.rule = Code::birth_date_contradicts, .patient = true, .subject = true},
    {.rule = Code::sex_contradicts, .patient = true, .subject = true},
    {.rule = Code::specimen_conflict, .patient = true, .specimen = true, .subject = true},
    {.rule = Code::collection_time_missing, .specimen = true},
    {.rule = Code::panel_differs, .correction = true},
    {.rule = Code::duplicate_differs, .correction = true},
    {.rule = Code::delta_exceeded, .correction = true},
    {.rule = Code::visit_anchor_unknown, .subject = true},
    {.rule = Code::visit_time_needed, .specimen = true, .subject = true},
    {.rule = Code::visit_contradicts, .specimen = true, .subject = true},
    {.rule = Code::screening_unknown, .subject = true},
    {.rule = Code::after_withdrawal, .subject = true},
    {.rule = Code::consent_forbids, .subject = true},
};

}  // namespace

void add_awaiting(const ProposedObservation& observation, Code rule,
                  std::vector<std::string>& awaiting) {
    const auto* repair = std::ranges::find(kRepairs, rule, &Repair::rule);
    if (repair == std::end(kRepairs)) {
        return;
    }
    if (repair->patient) {
        for (const Identifier& identifier : observation.patient) {
            awaiting.push_back(
                fmt::format("patient:{}:{}", identifier.authority, identifier.value));
        }
    }
    if (repair->specimen && observation.specimen_name) {
        awaiting.push_back(fmt::format("specimen:{}:{}", observation.specimen_name->authority,
                                       observation.specimen_name->specimen));
    }
    if (repair->subject) {
        for (const SubjectId subject : observation.subjects) {
            awaiting.push_back(fmt::format("subject:{}", subject.value));
        }
    }
    if (repair->correction) {
        for (const SubjectId subject : observation.subjects) {
            awaiting.push_back(awaited_correction(subject));
        }
    }
}

void add_awaiting(const std::vector<Identifier>& patients, std::vector<std::string>& awaiting) {
    for (const Identifier& identifier : patients) {
        awaiting.push_back(fmt::format("patient:{}:{}", identifier.authority, identifier.value));
    }
}

void tidy_awaiting(std::vector<std::string>& awaiting) {
    std::ranges::sort(awaiting);
    awaiting.erase(std::unique(awaiting.begin(), awaiting.end()), awaiting.end());
}

}  // namespace labrelay::study
