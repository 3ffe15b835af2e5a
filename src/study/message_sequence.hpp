#pragma once

#include <optional>

#include "labrelay/study/outcome.hpp"
#include "labrelay/study/proposal.hpp"
#include "labrelay/study/state.hpp"

namespace labrelay::study {

/// MSH-13 against the last number of the source (chapter 2.10.1): the next one is taken, another is
/// refused with the expected one in MSA-4 and told to a person, 0 only asks, -1 forgets. A number
/// counts as used when its message is processed or held.
class MessageSequence {
public:
    MessageSequence(const Proposal& proposal, const StateView& state);
    /// Before the content is looked at. `outcome` is refused where the number is not the expected.
    void judge(Outcome& outcome) const;
    /// The message is taken.
    void accept(Outcome& outcome) const;

private:
    const Proposal& proposal_;
    std::int64_t expected_ = kAny;
    static constexpr std::int64_t kAny = -1;
};

}  // namespace labrelay::study
