#include "labrelay/alarm/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace labrelay::alarm {
namespace {

using K = IncidentKind;
using std::chrono::microseconds;
using std::chrono::minutes;

/// A number that was missing is told for so long; the laboratory may send it again meanwhile.
constexpr std::chrono::hours kGapHolds{24};
constexpr std::chrono::hours kRecent{1};
/// A node may take so long to follow an activation.
constexpr minutes kFollowing{2};
/// Fewer results say nothing about a share.
constexpr std::int64_t kEnoughResults = 20;

minutes age(Instant since, Instant now) {
    return std::chrono::duration_cast<minutes>(microseconds(now.microseconds - since.microseconds));
}

std::string words(minutes time) {
    const std::int64_t hours = time.count() / 60;
    return hours > 0 ? fmt::format("{} h {} min", hours, time.count() % 60)
                     : fmt::format("{} min", time.count());
}

std::int64_t percent(const Share& share) {
    return share.results == 0 ? 0 : share.held * 100 / share.results;
}

class Judge {
public:
    Judge(const Facts& facts, const Limits& limits) : facts_(facts), limits_(limits) {}

    Judgement run() {
        if (facts_.sources) {
            look_at({K::source_silent, K::source_clock, K::sequence_gap, K::held_share});
            std::ranges::for_each(*facts_.sources, [this](const SourceFact& one) { source(one); });
        }
        if (facts_.targets) {
            look_at({K::target_away, K::delivery_lag, K::deliveries_rejected});
            std::ranges::for_each(*facts_.targets, [this](const TargetFact& one) { target(one); });
        }
        if (facts_.disk) {
            look_at({K::disk_low});
            disk(*facts_.disk);
        }
        if (facts_.configuration) {
            look_at({K::configuration_refused});
            configuration(*facts_.configuration);
        }
        if (facts_.problems) {
            look_at({K::problems_aged});
            std::ranges::for_each(*facts_.problems,
                                  [this](const ProblemsFact& one) { problems(one); });
        }
        if (facts_.audit) {
            look_at({K::audit_broken});
            audit(*facts_.audit);
        }
        if (facts_.criticals) {
            look_at({K::critical_value, K::critical_unacknowledged});
            std::ranges::for_each(*facts_.criticals,
                                  [this](const CriticalFact& one) { critical(one); });
        }
        if (facts_.access) {
            look_at({K::access_review_due});
            access(*facts_.access);
        }
        return std::move(judgement_);
    }

private:
    void look_at(std::initializer_list<IncidentKind> kinds) { judgement_.looked_at.insert(kinds); }

    void holds(IncidentKind kind, const std::string& object, std::string text,
               const std::string& study = {}) {
        judgement_.holding.push_back({kind, object, study, std::move(text)});
    }

    void source(const SourceFact& source) {
        if (source.silent) {
            holds(
                K::source_silent, source.id,
                source.silence.count() == 0
                    ? fmt::format("Nothing of source {} is stored.", source.id)
                    : fmt::format("Source {} is silent for {}.", source.id, words(source.silence)));
        }
        if (source.clock_off) {
            holds(K::source_clock, source.id,
                  fmt::format("The clock of source {} is more than a day off.", source.id));
        }
        if (source.last_gap && age(*source.last_gap, facts_.now) < kGapHolds) {
            holds(K::sequence_gap, source.id,
                  fmt::format("Numbers of messages (MSH-13) of source {} are missing.", source.id));
        }
        if (source.recent.results < kEnoughResults || source.usual.results < kEnoughResults) {
            judgement_.undecided.insert({K::held_share, source.id});
        } else if (percent(source.recent) >= percent(source.usual) + limits_.held_share_points) {
            holds(
                K::held_share, source.id,
                fmt::format("Of source {} {} % of the last hour's results are held, usually {} %.",
                            source.id, percent(source.recent), percent(source.usual)));
        }
    }

    void target(const TargetFact& target) {
        if (target.failing) {
            holds(K::target_away, target.name,
                  fmt::format("The study database {} does not take results; {} deliveries wait.",
                              target.name, target.waiting));
        } else if (!target.failed_here && target.waiting > 0) {
            // Another node may forward to it, or this one has not tried yet.
            judgement_.undecided.insert({K::target_away, target.name});
        }
        if (!target.paused && target.oldest && age(*target.oldest, facts_.now) >= limits_.lag) {
            holds(K::delivery_lag, target.name,
                  fmt::format("The oldest of {} deliveries to {} waits for {}.", target.waiting,
                              target.name, words(age(*target.oldest, facts_.now))));
        }
        if (target.rejected > 0) {
            holds(K::deliveries_rejected, target.name,
                  fmt::format("The study database {} refuses {} deliveries.", target.name,
                              target.rejected));
        }
    }

    void disk(const DiskFact& disk) {
        if (disk.size == 0) {
            return;  // it could not be asked
        }
        const auto free =
            static_cast<std::int64_t>(disk.free / std::max<std::uint64_t>(disk.size / 100, 1));
        if (free < limits_.disk_free_percent) {
            holds(
                K::disk_low, disk.node,
                fmt::format("On {} {} % of the data directory's disk are free.", disk.node, free));
        }
    }

    void configuration(const ConfigurationFact& fact) {
        constexpr std::size_t kShown = 12;
        if (fact.since && age(*fact.since, facts_.now) >= kFollowing) {
            holds(K::configuration_refused, fact.node,
                  fmt::format("On {} runs configuration {} and not {}, which is active.", fact.node,
                              fact.running.substr(0, kShown), fact.active.substr(0, kShown)));
        }
    }

    void problems(const ProblemsFact& problems) {
        holds(
            K::problems_aged, problems.source.empty() ? "no source" : problems.source,
            fmt::format("{} problems of {} are open for more than {} h; the oldest is problem {}.",
                        problems.count,
                        problems.source.empty() ? "no source" : "source " + problems.source,
                        limits_.problem_age.count(), problems.oldest));
    }

    void access(const AccessFact& access) {
        if (limits_.access_review.count() > 0 && access.since &&
            age(*access.since, facts_.now) >= limits_.access_review) {
            holds(K::access_review_due, "accounts",
                  fmt::format("Accounts and roles were not reviewed for {} days or more.",
                              limits_.access_review.count()));
        }
    }

    void audit(const AuditFact& audit) {
        if (!audit.whole) {
            holds(K::audit_broken, "the audit trail",
                  audit.row == 0
                      ? fmt::format("The audit trail is not whole: {}.", audit.why)
                      : fmt::format("The audit trail is not whole. Its first bad row is {}: {}.",
                                    audit.row, audit.why));
        }
    }

    /// Which analyte it is stands in no notice: who reads it may be blinded to it.
    void critical(const CriticalFact& critical) {
        const std::string whom = critical.subject.empty()
                                     ? "somebody who is not found in the registry yet"
                                     : critical.subject;
        holds(K::critical_value, critical.id,
              fmt::format("A critical value arrived for {} from source {}.", whom, critical.source),
              critical.study);
        if (age(critical.at, facts_.now) >= limits_.acknowledgement) {
            holds(K::critical_unacknowledged, critical.id,
                  fmt::format("A critical value for {} is not acknowledged since {}.", whom,
                              words(age(critical.at, facts_.now))),
                  critical.study);
        }
    }

    const Facts& facts_;
    const Limits& limits_;
    Judgement judgement_;
};

}  // namespace

Judgement judge(const Facts& facts, const Limits& limits) {
    return Judge(facts, limits).run();
}

Changes changes(std::span<const OpenIncident> open, const Judgement& judgement) {
    Changes changes;
    std::set<Judgement::Which> there;
    for (const OpenIncident& incident : open) {
        there.insert({incident.kind, incident.object});
    }
    std::set<Judgement::Which> holding;
    for (const Incident& incident : judgement.holding) {
        const Judgement::Which which{incident.kind, incident.object};
        if (holding.insert(which).second && !there.contains(which)) {
            changes.opened.push_back(incident);
        }
    }
    for (const OpenIncident& incident : open) {
        if (judgement.decides(incident.kind, incident.object) &&
            !holding.contains({incident.kind, incident.object})) {
            changes.over.push_back(incident.id);
        }
    }
    return changes;
}

void HeldShare::add(Instant now, const Share& counted) {
    const auto plus = [](Share& sum, const Share& more) {
        sum.results += more.results;
        sum.held += more.held;
    };
    if (!looked_) {
        looked_ = true;
        before_ = counted;
        return;
    }
    const auto first_recent = std::ranges::find_if(
        counted_, [&](const auto& one) { return age(one.first, now) < kRecent; });
    for (auto old = counted_.begin(); old != first_recent; ++old) {
        plus(before_, old->second);
    }
    counted_.erase(counted_.begin(), first_recent);
    if (counted.results > 0) {
        counted_.emplace_back(now, counted);
    }
}

Share HeldShare::recent(Instant now) const {
    Share sum;
    for (const auto& [at, share] : counted_) {
        if (age(at, now) < kRecent) {
            sum.results += share.results;
            sum.held += share.held;
        }
    }
    return sum;
}

Share HeldShare::usual(Instant now) const {
    Share sum = before_;
    for (const auto& [at, share] : counted_) {
        if (age(at, now) >= kRecent) {
            sum.results += share.results;
            sum.held += share.held;
        }
    }
    return sum;
}

}  // namespace labrelay::alarm
