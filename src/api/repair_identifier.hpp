#pragma once

#include <nlohmann/json_fwd.hpp>

#include "labrelay/store/problem_query.hpp"

namespace labrelay::api {

// The identifier that a problem is about, in the fields of a repair.

/// `QILU-MRN:00481523` as `authority` and `value` or `specimen`; nothing where the problem is not
/// about one identifier.
void fill_identifier(const store::ProblemRow& problem, nlohmann::ordered_json& fields);

/// Who has not revealed the problem's identity is shown its form; unmasked() knows it again.
void mask_identifier(nlohmann::ordered_json& fields);

/// The request with the identifier where the masked identifier of this problem stands for it.
nlohmann::json unmasked(const nlohmann::json& body, const store::ProblemRow& problem);

}  // namespace labrelay::api
