#pragma once

#include <string>
#include <string_view>

#include "labrelay/study/registry.hpp"

namespace labrelay::store {

/// A subject as JSON: the columns of subjects.csv by their names, what is not known left out.
std::string to_json(const study::Subject& subject);
/// `id` is left to the caller. Throws pipeline::StoreFault where the text is not what to_json()
/// writes.
study::Subject subject_from_json(std::string_view text);

/// The fields of `after` that differ from `before`, as JSON; a field that is gone is null. Empty
/// where nothing differs. Both are what to_json() gave; `before` may be empty.
std::string json_difference(std::string_view before, std::string_view after);

std::string to_json(const study::RegisteredSpecimen& specimen);

/// A registry time from its text, ISO or HL7.
std::optional<Timestamp> registry_time(std::string_view text);

}  // namespace labrelay::store
