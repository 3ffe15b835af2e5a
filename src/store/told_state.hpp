#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/study/post_lock.hpp"
#include "labrelay/study/state.hpp"
#include "result_reader.hpp"

namespace labrelay::store {

/// A result as the study databases were told it: enough to tell them the same again, and the words
/// in which a person compares it. Versions are named, not copied: they are never overwritten.
struct ToldState {
    bool derived = false;
    std::vector<std::string> versions;  ///< each by its ids; a derived one by its inputs
    std::size_t current = 0;
    study::Placement placement;
    std::int32_t placement_version = 1;
    study::ResultWords words;

    /// The study databases would not see a difference.
    bool same_as(const ToldState& other) const {
        return versions == other.versions && current == other.current &&
               placement == other.placement;
    }
};

/// What one study database holds of a result, where it is not what the others hold.
struct ToldElsewhere {
    std::string target;
    std::optional<ToldState> told;  ///< nothing: it has no such result
};
bool same(const std::optional<ToldState>& one, const std::optional<ToldState>& other);

ToldState told_state(const study::ResultRecord& record);
std::string to_json(const ToldState& told);
/// Throws pipeline::StoreFault where the text is not what to_json() writes.
ToldState told_state_from_json(std::string_view text);

std::string to_json(const std::vector<ToldElsewhere>& differs);
std::vector<ToldElsewhere> told_elsewhere_from_json(std::string_view text);

/// The record with the versions and the placement that were told. Throws pipeline::StoreFault where
/// a version is gone.
study::ResultRecord as_told(ResultReader& reader, study::ResultRecord record,
                            const ToldState& told);

std::string to_json(const study::ResultWords& words);
study::ResultWords words_from_json(std::string_view text);

}  // namespace labrelay::store
