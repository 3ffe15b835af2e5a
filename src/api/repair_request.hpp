#pragma once

#include <nlohmann/json_fwd.hpp>

#include "labrelay/pipeline/repair_plan.hpp"

namespace labrelay::api {

/// The fields of a repair's body. Errors: body-bad, with the field as its place.
Result<pipeline::RepairRequest> repair_request_from(const nlohmann::json& body);

}  // namespace labrelay::api
