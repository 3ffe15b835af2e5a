#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "labrelay/study/held_result.hpp"
#include "labrelay/study/placement.hpp"

namespace labrelay::views {

// What the pages about a subject say in common.

/// `2024-01-10 08:15`, or the day alone.
std::string moment_text(const study::SiteMoment& moment);

/// `held HIVVL 150 cp/ml of 2024-01-10: unknown-unit (0ABC…-1)`.
std::string held_text(const study::HeldResult& held);
nlohmann::ordered_json held_json(const study::HeldResult& held);

nlohmann::ordered_json day_json(const std::optional<LocalDay>& day);

}  // namespace labrelay::views
