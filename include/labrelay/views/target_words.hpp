#pragma once

#include <string>
#include <string_view>

#include "labrelay/views/sight.hpp"

namespace labrelay::views {

/// What a study database said about a delivery, as far as this person may read it. Its words are
/// not ours: they may repeat a value without naming its analyte. So whoever has an analyte closed
/// to them, administrators of a blinded study among them, is told none of them, and nobody those
/// about a subject whom they do not see (none: a study's lock). Identifiers of patients are masked.
std::string target_words(std::string_view words, SubjectId subject, const Sight& sight);

}  // namespace labrelay::views
