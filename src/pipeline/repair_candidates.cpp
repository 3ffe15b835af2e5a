#include "labrelay/pipeline/repair_candidates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "labrelay/core/sentences.hpp"
#include "labrelay/pipeline/process.hpp"
#include "labrelay/study/placement.hpp"

namespace labrelay::pipeline {
namespace {

using study::ProposedObservation;
using study::Subject;

// Who is looked at for a weak likeness: a person cannot choose among more.
constexpr std::size_t kMostCompared = 300;

constexpr int kSpecimen = 60;
constexpr int kNumber = 40;
constexpr int kBirthDate = 25;
constexpr int kWindow = 10;
constexpr int kSex = 5;
constexpr int kContradiction = -50;

const ProposedObservation* find(const study::Proposal& proposal, std::int32_t ordinal) {
    const auto found =
        std::ranges::find(proposal.observations, ordinal, &ProposedObservation::ordinal);
    if (found != proposal.observations.end()) {
        return &*found;
    }
    return proposal.observations.empty() ? nullptr : &proposal.observations.front();
}

std::string_view without_zeros(std::string_view text) {
    const std::size_t first = text.find_first_not_of('0');
    return first == std::string_view::npos ? text : text.substr(first);
}

bool same_number(const ProposedObservation& observation, const Subject& subject) {
    return std::ranges::any_of(observation.patient, [&](const study::Identifier& read) {
        const std::string_view number = without_zeros(read.value);
        const auto is_same = [&](std::string_view other) {
            return !other.empty() && without_zeros(other) == number;
        };
        return is_same(subject.subject_no) || is_same(subject.screening_no) ||
               std::ranges::any_of(subject.identifiers, [&](const study::Identifier& known) {
                   return is_same(known.value);
               });
    });
}

bool is_registered_for(const ProposedObservation& observation, const Subject& subject,
                       const study::Registry& registry) {
    if (!observation.specimen_name) {
        return false;
    }
    const study::RegisteredSpecimen* specimen = registry.specimen(*observation.specimen_name);
    return specimen != nullptr &&
           std::ranges::any_of(registry.subjects_of(*specimen),
                               [&](const Subject* owner) { return owner->id == subject.id; });
}

/// The visit whose window holds the draw; empty where none does.
std::string visit_of(const ProposedObservation& observation, const Subject& subject,
                     const study::StudyDefinition& study) {
    if (!observation.collected_local) {
        return {};
    }
    const study::SubjectCalendar calendar(subject, study);
    const LocalDay day = calendar.moment(*observation.collected_local).day;
    for (const study::Visit& visit : study.visits) {
        const auto window = calendar.window(visit);
        if (window && day >= window->from && day <= window->until) {
            return visit.id;
        }
    }
    return {};
}

std::string day_text(LocalDay day) {
    const std::chrono::year_month_day date{day};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

/// What the message says of the person, compared as it would be were the subject linked.
void compare_person(const ProposedObservation& linked, SubjectCandidate& candidate) {
    struct Doubt {
        Code code;
        const char* text;
    };
    constexpr std::array kDoubts{Doubt{Code::birth_date_contradicts, "birth date differs"},
                                 Doubt{Code::sex_contradicts, "sex differs"}};
    for (const Doubt& doubt : kDoubts) {
        if (std::ranges::find(linked.findings, doubt.code, &Finding::code) !=
            linked.findings.end()) {
            candidate.contradictions.emplace_back(doubt.text);
            candidate.score += kContradiction;
        }
    }
    for (const study::LineageStep& step : linked.lineage) {
        const auto says = [&](Sentence sentence) {
            return std::ranges::any_of(step.said.phrases, [&](const Phrase& phrase) {
                return phrase.sentence == sentence;
            });
        };
        if (says(Sentence::birth_date_agrees)) {
            candidate.evidence.emplace_back("birth date agrees");
            candidate.score += kBirthDate;
        } else if (says(Sentence::sex_agrees)) {
            candidate.evidence.emplace_back("sex agrees");
            candidate.score += kSex;
        }
    }
}

}  // namespace

std::vector<SubjectCandidate> subject_candidates(const StoredMessage& message, std::int32_t ordinal,
                                                 const mapping::Configuration& configuration,
                                                 const study::Registry& registry,
                                                 std::size_t most) {
    const study::Proposal proposal = process(message.bytes, message.arrival, configuration,
                                             registry, mapping::Lineage::left_out);
    const ProposedObservation* observation = find(proposal, ordinal);
    std::vector<SubjectCandidate> candidates;
    if (observation == nullptr) {
        return candidates;
    }
    std::size_t compared = 0;
    for (const Subject* subject : registry.all_subjects()) {
        const study::StudyDefinition* study = configuration.rules().study(subject->study);
        if (study == nullptr || !study->accepts_source(proposal.source)) {
            continue;
        }
        SubjectCandidate candidate;
        candidate.subject = subject->id;
        if (is_registered_for(*observation, *subject, registry)) {
            candidate.evidence.emplace_back("the specimen is registered for the subject");
            candidate.score += kSpecimen;
            candidate.strong = true;
        }
        if (same_number(*observation, *subject)) {
            candidate.evidence.emplace_back("the same number is known of the subject");
            candidate.score += kNumber;
            candidate.strong = true;
        }
        if (!candidate.strong && ++compared > kMostCompared) {
            continue;
        }
        if (const std::string visit = visit_of(*observation, *subject, *study); !visit.empty()) {
            candidate.evidence.push_back(fmt::format("collected within the window of {}", visit));
            candidate.score += kWindow;
        }
        study::Overlay link;
        link.id = 1;
        link.subject = subject->id;
        const study::Proposal linked =
            process(message.bytes, message.arrival, configuration, registry,
                    mapping::Lineage::written, std::span(&link, 1));
        if (const ProposedObservation* as_linked = find(linked, observation->ordinal)) {
            compare_person(*as_linked, candidate);
        }
        if (candidate.strong || candidate.score > kWindow + kSex) {
            candidates.push_back(std::move(candidate));
        }
    }
    std::ranges::stable_sort(
        candidates, [](const auto& left, const auto& right) { return left.score > right.score; });
    if (candidates.size() > most) {
        candidates.resize(most);
    }
    return candidates;
}

std::vector<VisitCandidate> visit_candidates(const StoredMessage& message, std::int32_t ordinal,
                                             SubjectId subject_id,
                                             const mapping::Configuration& configuration,
                                             const study::Registry& registry) {
    std::vector<VisitCandidate> candidates;
    const Subject* subject = registry.subject(subject_id);
    const study::StudyDefinition* study =
        subject != nullptr ? configuration.rules().study(subject->study) : nullptr;
    if (study == nullptr) {
        return candidates;
    }
    const study::Proposal proposal = process(message.bytes, message.arrival, configuration,
                                             registry, mapping::Lineage::left_out);
    const ProposedObservation* observation = find(proposal, ordinal);
    if (observation == nullptr || !observation->collected_local) {
        return candidates;
    }
    const study::SubjectCalendar calendar(*subject, *study);
    const study::SiteMoment collected = calendar.moment(*observation->collected_local);
    for (const study::Visit& visit : study->visits) {
        VisitCandidate& candidate = candidates.emplace_back();
        candidate.visit = visit.id;
        candidate.name = visit.name;
        candidate.days_from_target = calendar.days_from_target(collected, visit);
        const auto window = calendar.window(visit);
        if (!window) {
            continue;
        }
        candidate.open = day_text(window->from);
        candidate.close = day_text(window->until);
        candidate.target = day_text(window->from + std::chrono::days(visit.target - visit.from));
        candidate.contains = collected.day >= window->from && collected.day <= window->until;
    }
    return candidates;
}

}  // namespace labrelay::pipeline
