#include "labrelay/app/configuration_workbench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <system_error>

#include "labrelay/app/dry_run.hpp"
#include "labrelay/app/golden_case.hpp"
#include "labrelay/pipeline/process.hpp"
#include "labrelay/store/held_query.hpp"
#include "labrelay/store/state_query.hpp"
#include "labrelay/study/decide.hpp"

namespace labrelay::app {
namespace {

constexpr std::size_t kExamples = 20;
constexpr std::size_t kDeliveredShown = 200;
constexpr std::int64_t kSubjectsPlaced = 200;

std::string value_text(const study::ResultValue& value) {
    return value.unit.empty() ? value.value_text : value.value_text + " " + value.unit;
}

/// One trial of everything that is held, message by message.
class Trial {
public:
    Trial(store::ReadSession& session, const study::Registry& registry,
          const mapping::Configuration& candidate, const views::Sight& sight)
        : session_(session), registry_(registry), candidate_(candidate), sight_(sight) {}

    void run(MessageId id);
    /// What is stored of the study's subjects, by the candidate's windows.
    void place_again(std::string_view study);
    bool full() const { return static_cast<std::size_t>(effect_.sampled) >= kEffectObservations; }
    views::ConfigurationEffect take(std::int64_t total) {
        effect_.total = std::max(total - becomes_closed_, effect_.sampled);
        for (const auto& [rule, count] : still_) {
            effect_.still.emplace_back(rule, count);
        }
        std::ranges::stable_sort(effect_.still, std::greater<>(),
                                 &std::pair<Code, std::int64_t>::second);
        return std::move(effect_);
    }

private:
    void count(const study::Proposal& proposal, const study::Outcome& outcome,
               const std::map<std::int32_t, store::HeldObservation>& holds);
    views::ObservationFate fate_of(const study::Proposal& proposal, const study::Outcome& outcome,
                                   const study::DecidedObservation& decided) const;
    void note_delivered(const std::vector<study::ResultChange>& changes);
    std::string place_of(const study::ResultRecord& record) const {
        return record.placement.visit.empty() ? std::string(to_string(record.placement.kind))
                                              : record.placement.visit;
    }

    store::ReadSession& session_;
    study::Registry registry_;
    const mapping::Configuration& candidate_;
    study::StateView state_;
    const views::Sight& sight_;
    views::ConfigurationEffect effect_;
    std::int64_t becomes_closed_ = 0;  ///< of what counts as it is held
    std::map<Code, std::int64_t> still_;
};

void Trial::run(MessageId id) {
    const std::map<std::int32_t, store::HeldObservation> holds = store::holds_of(session_, id);
    const auto stored = store::stored_message(session_, id);
    if (!stored || holds.empty()) {
        return;
    }
    const study::Proposal proposal =
        pipeline::process(stored->bytes, stored->arrival, candidate_, registry_,
                          mapping::Lineage::left_out, stored->overlays);
    store::load_state(session_, proposal, state_);
    for (const SubjectId subject :
         study::subjects_in_question(stored->observations, stored->overlays, registry_)) {
        store::load_subject(session_, subject, state_);
    }
    const study::Outcome outcome =
        study::decide({proposal, state_, candidate_.rules(), registry_, stored->observations, true,
                       false, stored->overlays});
    count(proposal, outcome, holds);
    note_delivered(outcome.changes);
    study::apply(proposal, outcome, state_);
    for (const study::LearnedSpecimen& learned : outcome.learned) {
        registry_ = registry_.with(learned.specimen);
    }
}

void Trial::place_again(std::string_view study) {
    const std::vector<const study::Subject*> everybody = registry_.all_subjects();
    for (const study::Subject* subject : everybody) {
        if (subject->study != study || !sight_.sees(*subject)) {
            continue;
        }
        ++effect_.subjects;
        if (effect_.subjects_tried == kSubjectsPlaced) {
            continue;
        }
        ++effect_.subjects_tried;
        store::load_subject(session_, subject->id, state_);
        const study::Replacement moved =
            study::place_again(state_.subjects.at(subject->id), *subject, candidate_.rules());
        effect_.moved += std::ranges::count_if(moved.changes, [&](const auto& change) {
            return change.placement_changed &&
                   sight_.counts(change.after.current_version().analyte);
        });
        note_delivered(moved.changes);
        state_.subjects.erase(subject->id);
    }
}

void Trial::count(const study::Proposal& proposal, const study::Outcome& outcome,
                  const std::map<std::int32_t, store::HeldObservation>& holds) {
    for (const study::DecidedObservation& decided : outcome.observations) {
        const auto held = holds.find(decided.ordinal);
        if (held == holds.end() || !sight_.counts(held->second.analyte)) {
            continue;
        }
        // A code that is taught as a closed analyte is closed as soon as it is.
        const auto proposed = std::ranges::find(proposal.observations, decided.ordinal,
                                                &study::ProposedObservation::ordinal);
        if (proposed != proposal.observations.end() && !sight_.counts(proposed->analyte)) {
            ++becomes_closed_;
            continue;
        }
        ++effect_.sampled;
        switch (decided.disposition) {
            case study::Disposition::stored:
                ++effect_.would_store;
                break;
            case study::Disposition::held:
                ++effect_.still_held;
                ++still_[decided.rule];
                break;
            case study::Disposition::ignored:
                ++effect_.ignored;
                break;
        }
        const bool stays =
            decided.disposition == study::Disposition::held && decided.rule == held->second.rule;
        if (!stays && effect_.examples.size() < kExamples) {
            effect_.examples.push_back(
                {ObservationId{proposal.message_id, decided.ordinal},
                 proposal.control_id,
                 {"held", held->second.rule, std::string(entry(held->second.rule).text)},
                 fate_of(proposal, outcome, decided)});
        }
    }
}

views::ObservationFate Trial::fate_of(const study::Proposal& proposal,
                                      const study::Outcome& outcome,
                                      const study::DecidedObservation& decided) const {
    views::ObservationFate fate;
    fate.disposition = study::to_string(decided.disposition);
    fate.rule = decided.rule;
    if (decided.disposition != study::Disposition::stored) {
        fate.text = entry(decided.rule).text;
        return fate;
    }
    const ObservationId id{proposal.message_id, decided.ordinal};
    for (const study::ResultChange& change : outcome.changes) {
        const auto version =
            std::ranges::find(change.after.versions, id, &study::StoredVersion::id);
        if (change.after.key.derived.empty() && version != change.after.versions.end()) {
            fate.text = fmt::format("{} {}, {}", version->analyte, value_text(version->value),
                                    place_of(change.after));
            return fate;
        }
    }
    return fate;
}

/// Derived values, and what takes another place, of which a target was told.
void Trial::note_delivered(const std::vector<study::ResultChange>& changes) {
    for (const study::ResultChange& change : changes) {
        const SubjectId subject = change.after.key.subject;
        const auto known = state_.subjects.find(subject);
        if (known == state_.subjects.end()) {
            continue;
        }
        const auto before = std::ranges::find(known->second.results, change.after.number,
                                              &study::ResultRecord::number);
        if (before == known->second.results.end() || !before->delivered ||
            effect_.delivered_changes.size() == kDeliveredShown) {
            continue;
        }
        const study::StoredVersion& old = before->current_version();
        const study::StoredVersion& now = change.after.current_version();
        if (!sight_.counts(old.analyte) || !sight_.counts(now.analyte) || !sight_.sees(subject)) {
            continue;
        }
        const std::string from = fmt::format("{}, {}", value_text(old.value), place_of(*before));
        const std::string to = fmt::format("{}, {}", value_text(now.value), place_of(change.after));
        if (from == to) {
            continue;
        }
        const study::Subject* person = registry_.subject(subject);
        effect_.delivered_changes.push_back(
            {store::result_name(session_, subject, change.after.number),
             person == nullptr ? std::string() : person->label(), change.after.placement.visit,
             now.analyte, from, to});
    }
}

}  // namespace

views::ConfigurationEffect effect_of(store::ReadSession& session, const study::Registry& registry,
                                     const mapping::Configuration& candidate,
                                     const mapping::TouchedSources& touched,
                                     const views::Sight& sight) {
    const store::HeldAtSources held =
        store::held_at(session, touched, kEffectObservations, sight.closed_analytes());
    Trial trial(session, registry, candidate, sight);
    for (const MessageId id : held.messages) {
        if (trial.full()) {
            break;
        }
        trial.run(id);
    }
    for (const std::string& study : touched.studies) {
        trial.place_again(study);
    }
    return trial.take(held.observations);
}

Result<views::ConfigurationEffect> effect_on_store(const store::DataDirectory& directory,
                                                   const mapping::Configuration& candidate,
                                                   const mapping::TouchedSources& touched,
                                                   const views::Sight& sight) {
    Result<store::ReadSession> session = store::ReadSession::open(directory);
    if (!session) {
        return tl::unexpected(session.error());
    }
    const study::Registry registry = store::read_registry(*session);
    return effect_of(*session, registry, candidate, touched, sight);
}

views::Explanation::Before told_before(const DryRun::Answered& answered) {
    if (!answered.before) {
        return {};
    }
    return {answered.before->message, answered.before->overlays};
}

Result<std::vector<views::ExplainedMessage>> explain_on_store(
    const store::DataDirectory& directory,
    std::shared_ptr<const mapping::Configuration> configuration, const api::ToExplain& asked) {
    Result<store::ReadSession> session = store::ReadSession::open(directory);
    if (!session) {
        return tl::unexpected(session.error());
    }
    DryRun run(std::move(configuration), store::read_registry(*session));
    const auto message = [&session](MessageId id) { return store::stored_message(*session, id); };
    run.ask({[&session](const study::Proposal& proposal, study::StateView& state) {
                 store::load_state(*session, proposal, state);
             },
             [&session](SubjectId subject, study::StateView& state) {
                 store::load_subject(*session, subject, state);
             },
             message});
    DryRun::Delivery delivery;
    if (asked.message) {
        const auto stored = message(*asked.message);
        if (!stored) {
            return fail(Code::not_found, Place{"message"});
        }
        delivery.members.push_back(run.run_again(*stored));
        delivery.offsets.push_back(0);
        delivery.answer = delivery.members.front().answer;
    } else {
        delivery = run.deliver(asked.bytes);
    }
    std::vector<views::ExplainedMessage> explained;
    for (std::size_t index = 0; index < delivery.members.size(); ++index) {
        const DryRun::Answered& answered = delivery.members[index];
        const views::Explanation explanation{answered.proposal,
                                             answered.outcome,
                                             answered.answer,
                                             run.registry(),
                                             run.configuration().rules(),
                                             true,
                                             told_before(answered)};
        explained.push_back({member_heading(delivery, index) + views::explain_text(explanation),
                             views::explain_json(explanation),
                             {},
                             answered.outcome.counts});
    }
    if (!explained.empty()) {
        explained.front().answer = delivery.answer.accept + delivery.answer.bytes;
    }
    return explained;
}

api::CasesRun run_cases(const std::filesystem::path& mappings,
                        const std::shared_ptr<const mapping::Configuration>& configuration) {
    api::CasesRun run;
    std::error_code failed;
    if (!std::filesystem::is_directory(mappings, failed)) {
        return run;
    }
    const std::optional<study::Registry> registry = golden_registry(mappings, *configuration);
    if (!registry) {
        return run;
    }
    for (const GoldenCase& golden : find_golden_cases(mappings)) {
        const GoldenOutcome outcome = run_golden_case(golden, configuration, *registry, false);
        if (outcome.differences.empty()) {
            ++run.passed;
            continue;
        }
        run.failed.push_back(
            {golden.name,
             std::filesystem::relative(golden.expected, mappings, failed).generic_string(),
             fmt::format("{}", outcome.differences.front()),
             fmt::format("{}", fmt::join(outcome.differences, "\n"))});
    }
    return run;
}

}  // namespace labrelay::app
