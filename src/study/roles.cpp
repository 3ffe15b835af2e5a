#include "roles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

namespace labrelay::study {
namespace {

using Index = SubjectDraft::Index;
using units::ResultState;

/// How much a specimen is worth by its best result.
enum class Worth : std::uint8_t {
    kept_here,  ///< nothing of it is forwarded
    no_value,
    preliminary,
    valid,
};

Worth worth_of(const ResultRecord& record) {
    if (!record.placement.forwarded) {
        return Worth::kept_here;
    }
    const StoredVersion& current = record.current_version();
    switch (current.value.state) {
        case ResultState::quantified:
        case ResultState::below_lloq:
        case ResultState::not_detected:
        case ResultState::above_uloq:
        case ResultState::qualitative:
            return current.status == ObservationStatus::preliminary ? Worth::preliminary
                                                                    : Worth::valid;
        case ResultState::no_result:
        case ResultState::not_done:
        case ResultState::withdrawn:
            return Worth::no_value;
    }
    return Worth::no_value;
}

/// What speaks for a draw: its worth, then its nearness to the target, then that it is the later.
struct Merit {
    Worth worth = Worth::kept_here;
    int distance = std::numeric_limits<int>::max();
    SiteMoment collected;

    friend bool operator<(const Merit& left, const Merit& right) {
        return left.order() < right.order();
    }

private:
    std::tuple<Worth, int, LocalDay, std::chrono::microseconds> order() const {
        return {worth, -distance, collected.day,
                collected.time.value_or(std::chrono::microseconds(-1))};
    }
};

/// One draw of a panel at a visit, by the best of its results.
struct Candidate {
    const ResultKey* key = nullptr;
    std::vector<Index> results;
    Merit merit;
    bool incumbent = false;  ///< it was chosen before this decision
    bool fresh = false;      ///< this decision brought or changed it

    /// The name settles what nothing else does, so that the order of arrival does not.
    friend bool operator<(const Candidate& left, const Candidate& right) {
        if (left.merit < right.merit || right.merit < left.merit) {
            return left.merit < right.merit;
        }
        return std::tie(left.key->specimen, left.key->source) <
               std::tie(right.key->specimen, right.key->source);
    }
};

bool same_specimen(const ResultKey& left, const ResultKey& right) {
    return left.specimen == right.specimen && left.source == right.source;
}

struct PanelAtVisit {
    const Panel* panel = nullptr;
    std::string_view analyte;  ///< of a result in no panel: it stands alone
    std::vector<Candidate> candidates;
    bool delivered = false;
};

class RoleChooser {
public:
    RoleChooser(SubjectDraft& draft, const Visit& visit, Code reason)
        : draft_(draft), visit_(visit), reason_(reason) {}

    void choose(std::vector<Notice>& notices) {
        gather();
        for (PanelAtVisit& group : groups_) {
            choose(group, notices);
        }
    }

private:
    void gather() {
        for (Index index = 0; index < draft_.size(); ++index) {
            const ResultRecord& record = draft_.at(index);
            if (record.placement.kind == VisitKind::scheduled &&
                record.placement.visit == visit_.id) {
                add(index, record);
            }
        }
    }

    PanelAtVisit& group_of(std::string_view analyte) {
        const Panel* panel = draft_.study().panel_of(analyte);
        const auto found = std::ranges::find_if(groups_, [&](const PanelAtVisit& group) {
            return group.panel == panel && (panel != nullptr || group.analyte == analyte);
        });
        return found != groups_.end()
                   ? *found
                   : groups_.emplace_back(PanelAtVisit{panel, analyte, {}, false});
    }

    void add(Index index, const ResultRecord& record) {
        const StoredVersion& current = record.current_version();
        PanelAtVisit& group = group_of(current.analyte);
        auto found = std::ranges::find_if(group.candidates, [&](const Candidate& candidate) {
            return same_specimen(*candidate.key, record.key);
        });
        if (found == group.candidates.end()) {
            group.candidates.emplace_back().key = &record.key;
            found = group.candidates.end() - 1;
        }
        found->results.push_back(index);
        const SiteMoment collected = draft_.calendar().draw_of(current).collected;
        const Merit merit{worth_of(record),
                          draft_.calendar()
                              .days_from_target(collected, visit_)
                              .value_or(std::numeric_limits<int>::max()),
                          collected};
        found->merit = std::max(found->merit, merit);
        const ResultRecord* stored = draft_.stored(index);
        const bool stood_here = stored != nullptr &&
                                stored->placement.kind == VisitKind::scheduled &&
                                stored->placement.visit == visit_.id;
        found->incumbent =
            found->incumbent || (stood_here && stored->placement.role == Role::chosen);
        found->fresh = found->fresh || draft_.is_changed(index);
        group.delivered = group.delivered || (stood_here && stored->delivered);
    }

    void choose(PanelAtVisit& group, std::vector<Notice>& notices) {
        const Candidate* best =
            &*std::max_element(group.candidates.begin(), group.candidates.end());
        const Candidate* chosen = best;
        if (group.delivered) {
            const auto standing =
                std::ranges::find_if(group.candidates, [](const Candidate& candidate) {
                    return candidate.incumbent && candidate.merit.worth >= Worth::preliminary;
                });
            chosen = standing != group.candidates.end() ? &*standing : best;
        }
        const bool kept = chosen != best;
        if (kept && best->fresh) {
            notices.push_back(
                {Code::nearer_after_delivery, draft_.subject().id,
                 fmt::format("visit {}, {}", visit_.id,
                             group.panel != nullptr ? group.panel->id : group.analyte)});
        }
        for (const Candidate& candidate : group.candidates) {
            const Role role = &candidate == chosen ? Role::chosen : Role::additional;
            const bool refused = kept && &candidate == best && best->fresh;
            give(candidate, role, refused ? Code::nearer_after_delivery : reason_);
        }
    }

    void give(const Candidate& candidate, Role role, Code reason) {
        for (const Index index : candidate.results) {
            Placement placement = draft_.at(index).placement;
            const ResultRecord* stored = draft_.stored(index);
            const bool new_here = stored == nullptr || stored->placement.role != role;
            if (placement.role != role) {
                placement.role = role;
                draft_.place(index, std::move(placement));
            }
            if (new_here && (stored != nullptr || reason == Code::nearer_after_delivery)) {
                draft_.give_reason(index, reason);
            }
        }
    }

    SubjectDraft& draft_;
    const Visit& visit_;
    Code reason_;
    std::vector<PanelAtVisit> groups_;
};

}  // namespace

std::vector<Notice> choose_roles(SubjectDraft& draft, const std::set<std::string>& visits,
                                 Code reason) {
    std::vector<Notice> notices;
    for (const std::string& id : visits) {
        if (const Visit* visit = draft.study().visit(id)) {
            RoleChooser(draft, *visit, reason).choose(notices);
        }
    }
    return notices;
}

}  // namespace labrelay::study
