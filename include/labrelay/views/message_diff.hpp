#pragma once

#include <nlohmann/json_fwd.hpp>

#include "labrelay/views/shown_message.hpp"

namespace labrelay::views {

/// What two messages say differently, segment by segment in the order of the second: lines are
/// paired by what they are about, and of a pair the fields that differ are named. Only what the
/// person may see differs.
nlohmann::ordered_json diff_json(const ShownMessage& before, const ShownMessage& now);

}  // namespace labrelay::views
