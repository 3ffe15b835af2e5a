#pragma once

#include <string>

#include "labrelay/store/problem_query.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::app {

/// What a problem is about, with a subject by its study name instead of the store's number.
std::string object_text(const store::ProblemRow& problem, const study::Registry& registry);

}  // namespace labrelay::app
