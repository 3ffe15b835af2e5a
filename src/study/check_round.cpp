#include "check_round.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "check_delta.hpp"
#include "check_panel.hpp"

namespace labrelay::study {
namespace {

using Answer = CheckVerdict::Answer;

Said sentence(const CheckDefinition& check, const CheckVerdict& verdict) {
    switch (verdict.answer) {
        case Answer::passed:
            return say(Sentence::check_passed) + verdict.numbers;
        case Answer::failed:
            return say(Sentence::check_failed, word_of(verdict.step->severity)) + verdict.numbers +
                   plain(" " + check.sentence);
        case Answer::undecidable:
            return say(Sentence::check_undecidable) + verdict.numbers;
    }
    return {};
}

class Round {
public:
    Round(SubjectDraft& draft, std::span<const CheckCandidate> candidates, const Proposal& proposal,
          const StudyRules& rules, bool tell, std::vector<CheckSaid>& said)
        : draft_(draft),
          checks_(draft.study().checks),
          candidates_(candidates),
          proposal_(proposal),
          rules_(rules),
          tell_(tell),
          said_(said),
          prospect_(draft, candidates) {}

    void run() {
        ask_panels();
        for (const ProspectiveResult* result : prospect_.current_candidates()) {
            ask_deltas(*result);
        }
        for (const CheckCandidate& candidate : candidates_) {
            ask_successors(candidate);
        }
    }

private:
    void ask_panels();
    void ask_panel(const ProspectiveResult& first, const std::vector<bool>& concerned);
    void ask_deltas(const ProspectiveResult& result);
    void ask_successors(const CheckCandidate& candidate);
    void ask_successor(const StoredVersion& version, bool was_previous, CheckSaid& said);
    void ask_again(const ProspectiveResult& next, bool was_previous, CheckSaid& said);
    void report(const CheckDefinition& check, const CheckVerdict& verdict,
                const std::vector<std::size_t>& about);
    void say(const CheckDefinition& check, const CheckVerdict& verdict, std::size_t candidate);
    void notify(Code code, const CheckDefinition& check, std::string_view analyte,
                CheckSaid& said) const;

    SubjectDraft& draft_;
    const CheckList& checks_;
    std::span<const CheckCandidate> candidates_;
    const Proposal& proposal_;
    const StudyRules& rules_;
    bool tell_;
    std::vector<CheckSaid>& said_;
    Prospect prospect_;
};

bool of_one_draw(const ProspectiveResult& left, const ProspectiveResult& right) {
    return left.key->source == right.key->source && left.key->specimen == right.key->specimen &&
           same_draw(*left.version, *right.version);
}

/// A delta check asks about its parts; without parts about every analyte.
bool asked_of(const CheckDefinition& check, const ProspectiveResult& result) {
    return check.concerns_source(result.key->source) &&
           (check.parts.empty() || std::ranges::find(check.parts, result.version->analyte,
                                                     &CheckTerm::analyte) != check.parts.end());
}

/// The candidates draw by draw, each draw asked once with all of its checks.
void Round::ask_panels() {
    const auto& current = prospect_.current_candidates();
    for (std::size_t at = 0; at < current.size(); ++at) {
        const auto same = [&](const auto* other) { return of_one_draw(*other, *current[at]); };
        const auto begin = current.begin();
        if (std::any_of(begin, begin + static_cast<std::ptrdiff_t>(at), same)) {
            continue;
        }
        std::vector<bool> concerned(checks_.all().size());
        for (const ProspectiveResult* candidate : current) {
            if (same(candidate)) {
                for (const std::size_t index : checks_.of(candidate->version->analyte)) {
                    concerned[index] = true;
                }
            }
        }
        ask_panel(*current[at], concerned);
    }
}

void Round::ask_panel(const ProspectiveResult& first, const std::vector<bool>& concerned) {
    const Members members = prospect_.of_specimen(first);
    const Members draw = checks_.has_whole_draw() ? prospect_.of_draw(first) : Members{};
    for (std::size_t index = 0; index < concerned.size(); ++index) {
        const CheckDefinition& check = checks_.all()[index];
        if (!concerned[index] || info(check.kind).family != CheckFamily::panel ||
            !check.concerns_source(first.key->source)) {
            continue;
        }
        const CheckQuestion question{check, check.whole_draw ? draw : members, draft_.subject(),
                                     rules_, tell_};
        const CheckVerdict verdict = check_panel(question);
        if (verdict.answer == Answer::failed) {
            std::vector<std::size_t> about;
            for (const ProspectiveResult* member : verdict.members) {
                if (member->candidate != ProspectiveResult::kStored) {
                    about.push_back(member->candidate);
                }
            }
            report(check, verdict, about);
        } else if (tell_) {
            const auto analytes = check.analytes();
            std::vector<std::size_t> about;
            for (const ProspectiveResult* member : question.members) {
                const bool asked =
                    analytes.empty() ||
                    std::ranges::find(analytes, member->version->analyte) != analytes.end();
                if (asked && member->candidate != ProspectiveResult::kStored) {
                    about.push_back(member->candidate);
                }
            }
            report(check, verdict, about);
        }
    }
}

/// A hold is said of every candidate that took part, because nobody knows which of them is wrong;
/// anything else of the last.
void Round::report(const CheckDefinition& check, const CheckVerdict& verdict,
                   const std::vector<std::size_t>& about) {
    std::vector<std::size_t> sorted = about;
    std::ranges::sort(sorted);
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    if (sorted.empty()) {
        return;
    }
    if (verdict.answer != Answer::failed || verdict.step->severity < Severity::hold) {
        say(check, verdict, sorted.back());
        return;
    }
    for (const std::size_t candidate : sorted) {
        say(check, verdict, candidate);
    }
}

void Round::say(const CheckDefinition& check, const CheckVerdict& verdict, std::size_t candidate) {
    const std::size_t observation = candidates_[candidate].observation;
    CheckSaid& said = said_[observation];
    if (verdict.answer == Answer::failed || tell_) {
        said.lineage.push_back({"check." + check.id, sentence(check, verdict)});
    }
    if (verdict.answer != Answer::failed) {
        return;
    }
    Finding finding;
    finding.code = info(check.kind).code;
    finding.severity = verdict.step->severity;
    finding.place = proposal_.observations[observation].place;
    finding.detail = fmt::format("{}: {}", check.id, check.sentence);
    if (finding.severity == Severity::hold) {
        const StoredVersion& version = candidates_[candidate].verdict->candidate;
        if (version.status == ObservationStatus::corrected) {
            // The laboratory has looked twice, and what a hold would keep in force is what it took
            // back.
            finding.severity = Severity::warning;
            notify(Code::correction_differs, check, version.analyte, said);
        } else if (said.hold == Code::none) {
            said.hold = finding.code;
        }
    }
    said.findings.push_back(std::move(finding));
}

void Round::notify(Code code, const CheckDefinition& check, std::string_view analyte,
                   CheckSaid& said) const {
    said.notices.push_back({code, draft_.subject().id, fmt::format("{} {}", check.id, analyte)});
}

void Round::ask_deltas(const ProspectiveResult& result) {
    if (!says_something(*result.version)) {
        return;
    }
    for (const std::size_t index : checks_.of(result.version->analyte)) {
        const CheckDefinition& check = checks_.all()[index];
        if (info(check.kind).family == CheckFamily::delta && asked_of(check, result)) {
            report(check, check_delta(check, result, prospect_, rules_, tell_), {result.candidate});
        }
    }
}

/// A draw that came late, or whose result changed, is another previous one for the draw after it.
void Round::ask_successors(const CheckCandidate& candidate) {
    const StudyVerdict& verdict = *candidate.verdict;
    const bool current =
        std::ranges::any_of(prospect_.current_candidates(), [&](const ProspectiveResult* result) {
            return candidates_[result->candidate].verdict == &verdict;
        });
    if (!current) {
        return;
    }
    CheckSaid& said = said_[candidate.observation];
    ask_successor(verdict.candidate, false, said);
    if (verdict.result) {
        const StoredVersion& before = draft_.at(*verdict.result).current_version();
        if (comparable(before)) {
            ask_successor(before, true, said);
        }
    }
}

/// `was_previous`: the version was what the draw after it was compared with; else it may be now.
void Round::ask_successor(const StoredVersion& version, bool was_previous, CheckSaid& said) {
    const bool any = std::ranges::any_of(checks_.of(version.analyte), [&](std::size_t index) {
        return is_about_values(checks_.all()[index].kind);
    });
    if (!any) {
        return;
    }
    for (const ProspectiveResult* next : next_after(version, prospect_)) {
        if (next->candidate == ProspectiveResult::kStored) {
            ask_again(*next, was_previous, said);
        }
    }
}

void Round::ask_again(const ProspectiveResult& next, bool was_previous, CheckSaid& said) {
    for (const std::size_t index : checks_.of(next.version->analyte)) {
        const CheckDefinition& check = checks_.all()[index];
        if (!is_about_values(check.kind) || !asked_of(check, next)) {
            continue;
        }
        const CheckVerdict verdict = check_delta(check, next, prospect_, rules_, false);
        const bool news =
            was_previous || std::ranges::any_of(verdict.members, [](const auto* member) {
                return member->candidate != ProspectiveResult::kStored;
            });
        if (news && verdict.answer == Answer::failed &&
            verdict.step->severity >= Severity::warning) {
            notify(Code::delta_changed, check, next.version->analyte, said);
        }
    }
}

}  // namespace

void run_checks(SubjectDraft& draft, std::span<const CheckCandidate> candidates,
                const Proposal& proposal, const StudyRules& rules, bool tell,
                std::vector<CheckSaid>& said) {
    if (candidates.empty() || draft.study().checks.all().empty()) {
        return;
    }
    Round(draft, candidates, proposal, rules, tell, said).run();
}

std::vector<Notice> each_once(std::vector<Notice> notices) {
    std::vector<Notice> once;
    for (Notice& notice : notices) {
        const bool known = std::ranges::any_of(once, [&](const Notice& other) {
            return other.code == notice.code && other.subject == notice.subject &&
                   other.detail == notice.detail;
        });
        if (!known) {
            once.push_back(std::move(notice));
        }
    }
    return once;
}

}  // namespace labrelay::study
