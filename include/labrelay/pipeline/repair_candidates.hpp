#pragma once

#include <optional>
#include <string>
#include <vector>

#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::pipeline {

/// Whom a held observation may belong to: a suggestion with what speaks for and against it, never
/// a decision. Texts carry no identity.
struct SubjectCandidate {
    SubjectId subject;
    int score = 0;
    bool strong = false;  ///< a specimen registry or the same number names the subject
    std::vector<std::string> evidence;
    std::vector<std::string> contradictions;
};

/// Best first, at most `most`. Strong keys: who the specimen is registered for, and the same number
/// under whatever authority, leading zeros aside. Birth date, sex and a collection within a visit's
/// window only add to it. Empty where nothing speaks for anybody.
std::vector<SubjectCandidate> subject_candidates(const StoredMessage& message, std::int32_t ordinal,
                                                 const mapping::Configuration& configuration,
                                                 const study::Registry& registry, std::size_t most);

/// A visit of the subject's study beside the draw. Days count from the day of collection.
struct VisitCandidate {
    std::string visit;
    std::string name;
    std::string open;    ///< `2026-03-01`; empty: the window's anchor is not known
    std::string target;  ///< of the same
    std::string close;
    bool contains = false;
    std::optional<int> days_from_target;
};

/// Every visit of the study in its order. Empty where subject or draw are not known.
std::vector<VisitCandidate> visit_candidates(const StoredMessage& message, std::int32_t ordinal,
                                             SubjectId subject,
                                             const mapping::Configuration& configuration,
                                             const study::Registry& registry);

}  // namespace labrelay::pipeline
