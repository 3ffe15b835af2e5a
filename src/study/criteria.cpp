#include "labrelay/study/criteria.hpp"

#include <algorithm>
#include <tuple>

#include "criterion_analytes.hpp"
#include "criterion_answer.hpp"

namespace labrelay::study {
namespace {

using Status = CriterionStatus;

constexpr LocalDay kNoEnd = LocalDay::max();

struct Ask {
    const RuleContext& context;

    Answer operator()(const SiteAttests&) const { return {}; }
    template <class Rule>
    Answer operator()(const Rule& rule) const {
        return answer(rule, context);
    }
};

bool is_attested(const Condition& condition) {
    return std::holds_alternative<SiteAttests>(condition.rule);
}

Status status_of(Known known) {
    switch (known) {
        case Known::no:
            return Status::not_met;
        case Known::yes:
            return Status::met;
        case Known::undecided:
            return Status::undecided;
        case Known::missing:
            return Status::missing;
    }
    return Status::missing;
}

/// What ended screening first.
std::optional<ScreeningEnd> screening_end(const SubjectCalendar& calendar) {
    using Event = ScreeningEnd::Event;
    const Subject& subject = calendar.subject();
    std::optional<ScreeningEnd> end;
    for (const auto& [event, date] :
         {std::pair(Event::randomisation, &subject.randomised_at),
          std::pair(Event::first_infusion, &subject.first_infusion),
          std::pair(Event::screen_failure, &subject.screen_failed_at)}) {
        const std::optional<SiteMoment> at = calendar.known(*date);
        if (at && (!end || is_later(end->at, *at))) {
            end = ScreeningEnd{event, *at};
        }
    }
    return end;
}

std::optional<LocalDay> last_day_of_screening(const SubjectCalendar& calendar,
                                              const std::optional<ScreeningEnd>& end) {
    std::optional<LocalDay> last;
    for (const Visit& visit : calendar.study().visits) {
        const auto window = calendar.window(visit);
        if (visit.anchor == Anchor::screening && window) {
            last = last ? std::max(*last, window->until) : window->until;
        }
    }
    if (end && last) {
        last = std::min(*last, end->at.day);
    }
    return last;
}

/// One evaluation: by what was known at one time.
class Evaluation {
public:
    Evaluation(const EligibilityQuestion& question, const SubjectCalendar& calendar,
               std::optional<Instant> known_until)
        : question_(question),
          calendar_(calendar),
          end_(screening_end(calendar)),
          readings_(question.results, calendar, known_until,
                    end_ ? std::optional(end_->at) : std::nullopt),
          context_{calendar_, readings_, calendar.screening_began(),
                   last_day_of_screening(calendar, end_), kNoEnd} {}

    const std::optional<ScreeningEnd>& end() const { return end_; }

    /// False where it was collected after screening had ended.
    bool could_count(const HeldResult& held) const {
        const std::optional<SiteMoment> collected = calendar_.known(held.collected);
        return !end_ || !collected || !is_later(*collected, end_->at);
    }

    CriterionFinding ask(const Criterion& criterion) const {
        CriterionFinding finding{criterion.id, criterion.sort, criterion.text, {}, {}, {}};
        for (const Condition& condition : criterion.conditions) {
            finding.conditions.push_back(ask(condition));
        }
        finding.status = combined(finding);
        finding.bearing = bearing_of(finding);
        return finding;
    }

private:
    ConditionFinding ask(const Condition& condition) const {
        ConditionFinding finding;
        finding.id = condition.id;
        finding.text = condition.text;
        if (is_attested(condition)) {
            finding.status = Status::site_attests;
            return finding;
        }
        Answer answer = std::visit(Ask{context_}, condition.rule);
        finding.status = status_of(answer.known);
        finding.because = std::move(answer.because);
        finding.evidence = std::move(answer.evidence);
        finding.notes = std::move(answer.notes);
        if (rests_on_results(finding)) {
            finding.since = since(condition, answer.known);
        }
        const std::vector<std::string> analytes = analytes_of(condition.rule);
        for (const HeldResult& held : question_.held) {
            if (could_count(held) && std::ranges::find(analytes, held.analyte) != analytes.end()) {
                finding.held.push_back(held);
            }
        }
        return finding;
    }

    static bool rests_on_results(const ConditionFinding& finding) {
        return finding.status != Status::missing &&
               std::ranges::any_of(finding.evidence, &Evidence::counts);
    }

    /// The answer is asked for every earlier day of collection, back to where it was another.
    std::optional<LocalDay> since(const Condition& condition, Known known) const {
        const std::vector<LocalDay> days = readings_.days();
        std::optional<LocalDay> since;
        for (auto day = days.rbegin(); day != days.rend(); ++day) {
            RuleContext then = context_;
            then.last = *day;
            if (std::visit(Ask{then}, condition.rule).known != known) {
                break;
            }
            since = *day;
        }
        return since;
    }

    /// An inclusion is met where all conditions are, an exclusion where one is; else the openest.
    static Status combined(const CriterionFinding& finding) {
        const bool inclusion = finding.sort == Criterion::Sort::inclusion;
        const auto any = [&](Status status) {
            return std::ranges::find(finding.conditions, status, &ConditionFinding::status) !=
                   finding.conditions.end();
        };
        const Status decisive = inclusion ? Status::not_met : Status::met;
        for (const Status status :
             {decisive, Status::undecided, Status::missing, Status::site_attests}) {
            if (any(status)) {
                return status;
            }
        }
        return inclusion ? Status::met : Status::not_met;
    }

    static Bearing bearing_of(const CriterionFinding& finding) {
        const bool inclusion = finding.sort == Criterion::Sort::inclusion;
        switch (finding.status) {
            case Status::met:
                return inclusion ? Bearing::not_against : Bearing::against;
            case Status::not_met:
                return inclusion ? Bearing::against : Bearing::not_against;
            case Status::undecided:
            case Status::missing:
                return Bearing::open;
            case Status::site_attests:
                return Bearing::site;
        }
        return Bearing::open;
    }

    const EligibilityQuestion& question_;
    const SubjectCalendar& calendar_;
    std::optional<ScreeningEnd> end_;
    Readings readings_;
    RuleContext context_;
};

Overall overall_of(const std::vector<CriterionFinding>& criteria) {
    const auto any = [&](Bearing bearing) {
        return std::ranges::find(criteria, bearing, &CriterionFinding::bearing) != criteria.end();
    };
    if (any(Bearing::against)) {
        return Overall::against;
    }
    return any(Bearing::open) ? Overall::undecided : Overall::none_against;
}

/// The last instant of a moment: of a day without a time its end.
std::optional<Instant> last_instant(const SubjectCalendar& calendar, const SiteMoment& moment) {
    const Site* site = calendar.study().site(calendar.subject().site);
    if (site == nullptr || !site->zone) {
        return std::nullopt;
    }
    Timestamp time;
    time.precision = Precision::fraction;
    time.day = moment.time ? moment.day : moment.day + std::chrono::days(1);
    time.time_of_day = moment.time.value_or(std::chrono::microseconds(0));
    const auto local = site->zone->local(time);
    if (!local || !local->instant) {
        return std::nullopt;
    }
    return Instant{local->instant->microseconds - (moment.time ? 0 : 1)};
}

bool looks_otherwise(const ConditionFinding& then, const ConditionFinding& now) {
    return then.status != now.status || then.because != now.because ||
           then.evidence != now.evidence;
}

void compare(const std::vector<CriterionFinding>& then, const std::vector<CriterionFinding>& now,
             std::vector<LaterChange>& changes) {
    for (std::size_t at = 0; at < now.size(); ++at) {
        for (std::size_t part = 0; part < now[at].conditions.size(); ++part) {
            const ConditionFinding& before = then[at].conditions[part];
            const ConditionFinding& after = now[at].conditions[part];
            if (looks_otherwise(before, after)) {
                changes.push_back(
                    {after.id, before.status, after.status, before.because, after.because});
            }
        }
    }
}

}  // namespace

Eligibility evaluate(const EligibilityQuestion& question) {
    const SubjectCalendar calendar(question.subject, question.study);
    const Evaluation evaluation(question, calendar, question.known_until);
    Eligibility result;
    result.screening_began = calendar.screening_began();
    result.screening_end = evaluation.end();
    for (const Criterion& criterion : question.study.criteria) {
        result.criteria.push_back(evaluation.ask(criterion));
    }
    result.overall = overall_of(result.criteria);
    for (const HeldResult& held : question.held) {
        if (held.analyte.empty() && evaluation.could_count(held)) {
            result.held.push_back(held);
        }
    }
    const std::optional<Instant> decided =
        result.screening_end ? last_instant(calendar, result.screening_end->at) : std::nullopt;
    if (decided && (!question.known_until || *decided < *question.known_until)) {
        const Evaluation then(question, calendar, decided);
        std::vector<CriterionFinding> before;
        for (const Criterion& criterion : question.study.criteria) {
            before.push_back(then.ask(criterion));
        }
        compare(before, result.criteria, result.changed_since);
    }
    return result;
}

}  // namespace labrelay::study
