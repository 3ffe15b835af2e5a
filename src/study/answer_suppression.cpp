#include <algorithm>

#include "criterion_answer.hpp"
#include "labrelay/core/months.hpp"

namespace labrelay::study {
namespace {

using labrelay::to_string;  // of days

/// One draw, judged against the limit.
struct Judged {
    const Reading* reading = nullptr;
    Known below = Known::missing;
    Said because;
};

bool is_enough(Known below, bool certain) {
    return below == Known::yes || (!certain && below == Known::undecided);
}

class SuppressionAnswer {
public:
    SuppressionAnswer(const SuppressionRule& rule, const RuleContext& context)
        : rule_(rule), context_(context) {
        std::vector<std::string> analytes{rule.analyte};
        analytes.insert(analytes.end(), rule.not_comparable.begin(), rule.not_comparable.end());
        course_ = context.readings.course(analytes, context.last);
        for (const Reading* reading : course_.usable) {
            draws_.push_back(judge(*reading));
        }
    }

    Answer ask() && {
        const std::vector<const Reading*> latest = latest_of(course_.usable);
        if (latest.empty()) {
            // In the words of every other missing result.
            return judge_latest({rule_.analyte}, context_,
                                [](const Reading&) { return Comparison{}; });
        }
        ask_latest(latest);
        if (answer_.known == Known::yes) {
            ask_course(*latest.front());
        }
        add_unusable(*latest.front());
        return std::move(answer_);
    }

private:
    Judged judge(const Reading& reading) const {
        const StoredVersion& version = *reading.version;
        if (version.analyte != rule_.analyte) {
            return {&reading, Known::undecided,
                    say(Sentence::not_comparable, version.value.value_text, version.value.unit,
                        rule_.below.to_string())};
        }
        Comparison comparison = is_below(version.value, rule_.below);
        return {&reading, from(comparison), std::move(comparison.because)};
    }

    void show(const Reading& reading, Said remark) {
        const auto same = [&](const Evidence& evidence) {
            return evidence.id == reading.version->id &&
                   evidence.analyte == reading.version->analyte;
        };
        if (std::ranges::none_of(answer_.evidence, same)) {
            answer_.evidence.push_back(evidence_of(reading, context_.screening_began));
            answer_.evidence.back().remark = std::move(remark);
        }
    }

    const Judged& judged(const Reading& reading) const {
        return *std::ranges::find(draws_, &reading, &Judged::reading);
    }

    /// The most recent one must be of screening and below the limit.
    void ask_latest(const std::vector<const Reading*>& latest) {
        const Judged& first = judged(*latest.front());
        answer_.known = first.below;
        answer_.because = say(Sentence::latest_decides) +
                          continued(on_day(first.reading->collected.day, first.because));
        for (const Reading* reading : latest) {
            show(*reading, say(Sentence::remark_latest));
            if (judged(*reading).below != first.below) {
                answer_.known = Known::undecided;
                answer_.because =
                    say(Sentence::latest_contradict, to_string(reading->collected.day));
            }
        }
        if (answer_.known != Known::yes) {
            return;
        }
        if (!context_.screening_began) {
            answer_.known = Known::missing;
            answer_.because = say(Sentence::no_screening);
        } else if (latest.front()->collected.day < *context_.screening_began) {
            answer_.known = Known::missing;
            answer_.because =
                say(Sentence::latest_before_screening, to_string(latest.front()->collected.day),
                    to_string(*context_.screening_began));
        }
    }

    /// From the most recent one back, each the nearest that lies far enough before the one after
    /// it.
    std::vector<const Judged*> chain(const Reading& latest, bool certain) const {
        std::vector<const Judged*> chain{&judged(latest)};
        for (auto draw = draws_.rbegin(); draw != draws_.rend(); ++draw) {
            if (static_cast<int>(chain.size()) == rule_.count) {
                break;
            }
            if (draw->reading == &latest) {
                continue;
            }
            const LocalDay from = draw->reading->collected.day;
            const bool apart =
                plus_months(from, rule_.months_apart) <= chain.back()->reading->collected.day;
            if (apart && is_enough(draw->below, certain)) {
                chain.push_back(&*draw);
            }
        }
        return chain;
    }

    void ask_course(const Reading& latest) {
        const std::vector<const Judged*> certain = chain(latest, true);
        if (static_cast<int>(certain.size()) == rule_.count) {
            answer_.because =
                days_of_chain(certain) +
                say(Sentence::are_below_apart, rule_.below.to_string(), rule_.months_apart);
            show_chain(certain);
            note_between(*certain.back()->reading, latest);
            return;
        }
        const std::vector<const Judged*> possible = chain(latest, false);
        if (static_cast<int>(possible.size()) == rule_.count) {
            const auto open = std::ranges::find(possible, Known::undecided, &Judged::below);
            answer_.known = Known::undecided;
            answer_.because = say(Sentence::latest_below_but, to_string(latest.collected.day),
                                  rule_.below.to_string()) +
                              continued(on_day((*open)->reading->collected.day, (*open)->because));
            show_chain(possible);
            return;
        }
        answer_.known = Known::missing;
        missing_partner(certain);
    }

    static Said days_of_chain(const std::vector<const Judged*>& chain) {
        Said days;
        for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
            const Sentence words = !days.empty()      ? Sentence::and_of
                                   : chain.size() > 1 ? Sentence::values_of
                                                      : Sentence::value_of;
            days += say(words, to_string((*link)->reading->collected.day));
        }
        return days;
    }

    void show_chain(const std::vector<const Judged*>& chain) {
        for (std::size_t at = 1; at < chain.size(); ++at) {
            show(*chain[at]->reading, say(Sentence::remark_before, rule_.months_apart));
        }
    }

    /// What was not below the limit in the meantime does not count against it, and is told.
    void note_between(const Reading& first, const Reading& latest) {
        for (const Judged& draw : draws_) {
            const Reading& reading = *draw.reading;
            const bool between = is_later(reading.collected, first.collected) &&
                                 is_later(latest.collected, reading.collected);
            if (between && draw.below != Known::yes) {
                show(reading, say(Sentence::remark_between));
                answer_.evidence.back().counts = false;
                answer_.notes.push_back(say(Sentence::between_them) +
                                        continued(on_day(reading.collected.day, draw.because)));
            }
        }
    }

    /// The last day that lies far enough before `day`.
    LocalDay last_day_before(LocalDay day) const {
        LocalDay last = plus_months(day, -rule_.months_apart);
        while (plus_months(last + std::chrono::days(1), rule_.months_apart) <= day) {
            last += std::chrono::days(1);
        }
        return last;
    }

    void missing_partner(const std::vector<const Judged*>& chain) {
        const Reading& end = *chain.back()->reading;
        const LocalDay needed = last_day_before(end.collected.day);
        answer_.because =
            days_of_chain(chain) +
            say(chain.size() == 1 ? Sentence::is_below_missing : Sentence::are_below_missing,
                rule_.below.to_string(), to_string(needed));
        show_chain(chain);
        for (const Judged& draw : draws_) {
            const bool far_enough = draw.reading->collected.day <= needed;
            if (far_enough && draw.below == Known::no) {
                show(*draw.reading, say(Sentence::remark_not_below, rule_.below.to_string()));
            }
        }
        for (const Judged& draw : draws_) {
            if (draw.below == Known::yes && is_later(end.collected, draw.reading->collected)) {
                const auto late = (draw.reading->collected.day - needed).count();
                answer_.because +=
                    say(Sentence::too_late, to_string(draw.reading->collected.day), late);
                show(*draw.reading, say(Sentence::remark_too_near, rule_.months_apart));
                break;
            }
        }
        answer_.because += plain(".");
    }

    void add_unusable(const Reading& latest) {
        for (const Reading* reading : course_.unusable) {
            if (!is_later(latest.collected, reading->collected)) {
                answer_.evidence.push_back(evidence_of(*reading, context_.screening_began));
            }
        }
    }

    const SuppressionRule& rule_;
    const RuleContext& context_;
    Course course_;
    std::vector<Judged> draws_;
    Answer answer_;
};

}  // namespace

Answer answer(const SuppressionRule& rule, const RuleContext& context) {
    return SuppressionAnswer(rule, context).ask();
}

}  // namespace labrelay::study
