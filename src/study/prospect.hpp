#pragma once

#include <deque>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "check_verdict.hpp"
#include "study_verdict.hpp"

namespace labrelay::study {

/// A candidate of a message for one study: a verdict to store it as a new version.
struct CheckCandidate {
    std::size_t observation = 0;  ///< index into the proposal's observations
    const StudyVerdict* verdict = nullptr;
};

/// The measured results of a subject as they would stand with a message's candidates: what the
/// checks look at before anything is stored. Borrows draft and candidates; the draft must not
/// change.
class Prospect {
public:
    Prospect(SubjectDraft& draft, std::span<const CheckCandidate> candidates);

    /// The candidates that would be their result's current version, by their number.
    const std::vector<const ProspectiveResult*>& current_candidates() const { return current_; }
    /// Results of the same source and specimen that were drawn at the same time, itself among them.
    Members of_specimen(const ProspectiveResult& result) const;
    /// Results of whatever source and specimen that were drawn at the same known time.
    Members of_draw(const ProspectiveResult& result) const;
    /// Results of an analyte, in no order.
    const Members& of_analyte(std::string_view analyte) const;

private:
    void take(std::size_t number, const CheckCandidate& candidate);

    SubjectDraft& draft_;
    std::vector<ProspectiveResult> results_;  // the draft's by their index, then new ones
    std::deque<StoredVersion> promoted_;
    std::vector<const ProspectiveResult*> current_;
    mutable std::unordered_map<std::string_view, Members> by_analyte_;
};

/// Whether a value can be compared with another: final or corrected, and a number, a limit or a
/// word.
bool comparable(const StoredVersion& version);
/// The blood of `left` was drawn before that of `right`, certainly.
bool drawn_before(const StoredVersion& left, const StoredVersion& right);

}  // namespace labrelay::study
