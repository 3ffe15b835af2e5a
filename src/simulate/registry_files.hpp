#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "story.hpp"

namespace labrelay::simulate {

std::string_view subjects_header();
/// What is known of the subject at `as_of`, as a line of subjects.csv.
std::string subject_line(const Subject& subject, Moment as_of);
/// subjects.csv with what is known of the import's subjects at `as_of`.
std::string subjects_file(const Story& story, std::size_t import, Moment as_of);
std::string specimens_file(const Story& story, std::size_t import);

}  // namespace labrelay::simulate
