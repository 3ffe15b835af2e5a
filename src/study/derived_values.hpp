#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "labrelay/study/state.hpp"
#include "labrelay/study/study_definition.hpp"

namespace labrelay::study {

/// The results of one specimen of one source, as they stand.
using SpecimenResults = std::span<const ResultRecord* const>;

/// The result of an analyte that stands for the specimen where it was measured more than once: a
/// usable one before others, then the first by OBX-4 and code. Never a derived one.
const ResultRecord* measured(SpecimenResults results, std::string_view analyte);

/// A result that labrelay computes from the others of its specimen; rules: src/study/derived.md.
/// Its versions follow from its inputs' versions alone, whatever the order in which they arrived.
struct DerivedResult {
    std::string_view analyte;               ///< CD4CD8, HIVVL, HIVVLLOG, CD3P, CD4P, CD8P
    const ResultRecord* primary = nullptr;  ///< gives date and placement
    std::vector<StoredVersion> versions;    ///< empty: there is nothing to derive
};

/// Every derived result that the specimen could have, those with nothing to derive among them.
std::vector<DerivedResult> derive(SpecimenResults results, const StudyRules& rules,
                                  std::optional<Sex> sex);

/// Versions of a derived result that is there and has nothing to derive any more: withdrawn. As in
/// every derived result, no two versions have the same inputs.
std::vector<StoredVersion> withdraw_derived(const ResultRecord& derived, SpecimenResults results);

/// What a person sees: the same statuses and values, in the same order.
bool same_versions(std::span<const StoredVersion> left, std::span<const StoredVersion> right);

}  // namespace labrelay::study
