#include "labrelay/pipeline/repair_trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "labrelay/pipeline/process.hpp"

namespace labrelay::pipeline {
namespace {

using study::Disposition;
using study::ResultRecord;

std::string value_of(const study::StoredVersion& version) {
    return fmt::format("{}{}{}", version.value.value_text, version.value.unit.empty() ? "" : " ",
                       version.value.unit);
}

std::string visit_of(const study::Placement& placement) {
    return placement.visit.empty() ? std::string(to_string(placement.kind)) : placement.visit;
}

std::string told_of(const ResultRecord& record) {
    return fmt::format("{}, {}{}", value_of(record.current_version()), visit_of(record.placement),
                       record.placement.role == study::Role::additional ? ", additional" : "");
}

class Trial {
public:
    Trial(const RepairPlan& plan, const RepairScene& scene, const TrialStore& store)
        : plan_(plan),
          configuration_(plan.configuration ? *plan.configuration : scene.configuration),
          registry_(registry_after(scene.registry, plan.change)),
          store_(store) {
        for (const RepairItem& item : scene.held) {
            held_by_[item.id] = item.rule;
        }
        std::int64_t later = std::numeric_limits<std::int64_t>::max() / 2;
        for (const PlannedOverlay& planned : plan.overlays) {
            study::Overlay overlay = planned.overlay;
            if (overlay.ended && overlay.id != 0) {
                ended_.insert(overlay.id);  // one that the message has already
                continue;
            }
            overlay.id = later++;
            overlay.news = true;
            overlays_[planned.message].push_back(std::move(overlay));
        }
    }

    RepairPreview run(std::size_t most) {
        preview_.total = plan_.items.size();
        std::map<MessageId, std::set<std::int32_t>> messages;
        for (const ObservationId& item : plan_.items) {
            if (preview_.tried == most) {
                break;
            }
            messages[item.message].insert(item.ordinal);
            ++preview_.tried;
        }
        for (const auto& [message, ordinals] : messages) {
            try_message(message, ordinals);
        }
        place_changed_subjects();
        for (auto& [key, change] : delivered_) {
            if (change.from != change.to) {
                preview_.delivered_changes.push_back(std::move(change));
            }
        }
        return std::move(preview_);
    }

private:
    void try_message(MessageId id, const std::set<std::int32_t>& ordinals) {
        std::optional<StoredMessage> stored = store_.message(id);
        if (!stored) {
            preview_.unreadable += ordinals.size();
            return;
        }
        for (study::Overlay& overlay : stored->overlays) {
            if (ended_.contains(overlay.id)) {
                overlay.ended = true;
                overlay.news = true;
            }
        }
        if (const auto planned = overlays_.find(id); planned != overlays_.end()) {
            std::ranges::copy(planned->second, std::back_inserter(stored->overlays));
        }
        const study::Proposal proposal =
            process(stored->bytes, stored->arrival, configuration_, registry_,
                    mapping::Lineage::left_out, stored->overlays);
        store_.load(proposal, state_);
        for (const SubjectId subject :
             study::subjects_in_question(stored->observations, stored->overlays, registry_)) {
            store_.load_subject(subject, state_);
        }
        const study::Outcome outcome =
            study::decide(study::DecideInput{proposal, state_, configuration_.rules(), registry_,
                                             stored->observations, true, false, stored->overlays});
        note_changes(outcome.changes);
        for (const std::int32_t ordinal : ordinals) {
            end({id, ordinal}, proposal, outcome);
        }
        study::apply(proposal, outcome, state_);
        for (const study::LearnedSpecimen& learned : outcome.learned) {
            registry_ = registry_.with(learned.specimen);
        }
    }

    void end(ObservationId id, const study::Proposal& proposal, const study::Outcome& outcome) {
        TrialEnd end{id, proposal.control_id, Code::none, Disposition::ignored, Code::none, {}};
        if (const auto known = held_by_.find(id); known != held_by_.end()) {
            end.held_by = known->second;
        }
        const auto decided = std::ranges::find(outcome.observations, id.ordinal,
                                               &study::DecidedObservation::ordinal);
        if (decided != outcome.observations.end()) {
            end.disposition = decided->disposition;
            end.rule = decided->rule;
        } else if (outcome.state == study::MessageState::held) {
            end.disposition = Disposition::held;
        } else if (outcome.counts.stored > 0) {
            end.disposition = Disposition::stored;
        }
        switch (end.disposition) {
            case Disposition::stored:
                ++preview_.would_store;
                end.text = text_of(id, outcome);
                break;
            case Disposition::held:
                ++preview_.still_held;
                ++preview_.still[end.rule];
                break;
            case Disposition::ignored:
                ++preview_.ignored;
                break;
        }
        preview_.ends.push_back(std::move(end));
    }

    static std::string text_of(ObservationId id, const study::Outcome& outcome) {
        for (const study::ResultChange& change : outcome.changes) {
            if (!change.after.key.derived.empty() || !study::stands(change.after.taken)) {
                continue;
            }
            for (const study::StoredVersion& version : change.after.versions) {
                if (version.id == id) {
                    return fmt::format("{}, {}", value_of(version),
                                       visit_of(change.after.placement));
                }
            }
        }
        return {};
    }

    void note_changes(const std::vector<study::ResultChange>& changes) {
        for (const study::ResultChange& change : changes) {
            const ResultRecord& after = change.after;
            if (!after.delivered) {
                continue;
            }
            const auto key = std::pair(after.key.subject, after.number);
            const auto [place, fresh] = delivered_.try_emplace(key);
            DeliveredChange& told = place->second;
            if (fresh) {
                const auto& results = state_.subjects.at(after.key.subject).results;
                const auto before = std::ranges::find(results, after.number, &ResultRecord::number);
                told.subject = after.key.subject;
                told.number = after.number;
                told.from = before != results.end() ? told_of(*before) : std::string();
            }
            told.analyte = after.current_version().analyte;
            told.visit = after.placement.visit;
            told.to = told_of(after);
        }
    }

    /// As the job does that a changed subject queues.
    void place_changed_subjects() {
        for (const study::Subject& changed : plan_.change.subjects) {
            store_.load_subject(changed.id, state_);
            note_changes(
                study::place_again(state_.subjects.at(changed.id), changed, configuration_.rules())
                    .changes);
        }
    }

    const RepairPlan& plan_;
    const mapping::Configuration& configuration_;
    study::Registry registry_;
    const TrialStore& store_;
    std::map<ObservationId, Code> held_by_;
    std::map<MessageId, std::vector<study::Overlay>> overlays_;
    std::set<std::int64_t> ended_;  // decisions that the plan ends
    study::StateView state_;
    std::map<std::pair<SubjectId, std::int64_t>, DeliveredChange> delivered_;
    RepairPreview preview_;
};

}  // namespace

RepairPreview try_repair(const RepairPlan& plan, const RepairScene& scene, const TrialStore& store,
                         std::size_t most) {
    return Trial(plan, scene, store).run(most);
}

}  // namespace labrelay::pipeline
