#pragma once

#include <cstddef>
#include <string>

#include "story.hpp"

namespace labrelay::simulate {

/// subjects.csv with what is known of the import's subjects at `as_of`.
std::string subjects_file(const Story& story, std::size_t import, Moment as_of);
std::string specimens_file(const Story& story, std::size_t import);

}  // namespace labrelay::simulate
