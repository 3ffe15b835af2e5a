#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/sentences.hpp"
#include "labrelay/study/check_definition.hpp"
#include "labrelay/study/registry.hpp"
#include "labrelay/study/state.hpp"
#include "labrelay/study/study_definition.hpp"

namespace labrelay::study {

/// One result as it would stand with a message's candidates.
struct ProspectiveResult {
    static constexpr std::size_t kStored = static_cast<std::size_t>(-1);

    const ResultKey* key = nullptr;
    const StoredVersion* version = nullptr;
    std::size_t candidate = kStored;  ///< of the message, or stored already
};

using Members = std::vector<const ProspectiveResult*>;

/// What a check says. *Undecidable*: an input is missing or has no number; then nothing is flagged.
struct CheckVerdict {
    enum class Answer : std::uint8_t { passed, failed, undecidable };
    Answer answer = Answer::undecidable;
    const CheckStep* step = nullptr;  ///< failed: the most severe step that was passed over
    Said numbers;                     ///< one sentence with the numbers, or what is missing
    Members members;                  ///< what took part
};

/// What a check is asked with. Everything is borrowed.
struct CheckQuestion {
    const CheckDefinition& check;
    const Members& members;  ///< measured results of the draw
    const Subject& subject;
    const StudyRules& rules;
    bool tell = false;  ///< the numbers are wanted whatever the answer; else only of a failure
};

/// The result of an analyte that stands for the draw where it was measured more than once: one with
/// a number before others, then the first by OBX-4, code and source.
const ProspectiveResult* find_member(const Members& members, std::string_view analyte);
bool has_number(const StoredVersion& version);
/// It has a number, a limit or a word.
bool says_something(const StoredVersion& version);

/// The inputs of one check, taken one after the other.
class Inputs {
public:
    explicit Inputs(const CheckQuestion& question) : question_(question) {}

    /// The number of a term, multiplied by its factor; nothing where there is none, or it is a
    /// limit, a word or no result.
    std::optional<Decimal> take(const CheckTerm& term);
    bool complete() const { return complete_; }
    /// Half a unit of the last digit of all that was taken, together.
    const Decimal& rounding() const { return rounding_; }
    const Members& members() const { return members_; }

    /// The answer where something is missing.
    CheckVerdict undecidable() const;
    CheckVerdict undecidable(Sentence why) const;
    /// The answer to `distance`: beyond the most severe step whose allowance is smaller. The
    /// allowance is the larger of the tolerance and the percentage of `base`, with neither it is
    /// `slack`; `says()` gives the numbers.
    template <class Says>
    CheckVerdict judge(const std::optional<Decimal>& distance, const Decimal& base,
                       const Decimal& slack, const Says& says) const {
        CheckVerdict verdict = judge(distance, base, slack);
        if (verdict.answer == CheckVerdict::Answer::failed ||
            (question_.tell && verdict.answer == CheckVerdict::Answer::passed)) {
            verdict.numbers = says() + allowed(verdict);
        }
        return verdict;
    }

private:
    CheckVerdict judge(const std::optional<Decimal>& distance, const Decimal& base,
                       const Decimal& slack) const;
    /// " (10 allowed).": of the step that failed, else of the mildest.
    Said allowed(const CheckVerdict& verdict) const;

    const CheckQuestion& question_;
    Members members_;
    Decimal rounding_{0, 0};
    Said missing_;
    bool complete_ = true;
};

/// Exact sum; nothing where it would need too many digits.
std::optional<Decimal> add(const std::optional<Decimal>& left, const std::optional<Decimal>& right);
std::optional<Decimal> apart(const std::optional<Decimal>& left,
                             const std::optional<Decimal>& right);
std::optional<Decimal> percent_of(const Decimal& base, const Decimal& percent);

/// "CD4P 35".
std::string named(const CheckTerm& term, const Decimal& value);
/// Numbers for a sentence: without zeros behind the point, at most six significant digits.
std::string shown(const Decimal& value);

}  // namespace labrelay::study
