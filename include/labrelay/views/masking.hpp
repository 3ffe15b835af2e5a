#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "labrelay/mapping/configuration.hpp"

namespace labrelay::views {

/// Whether a field may say who somebody is, by the one table of src/views/masking.cpp. What is not
/// in the table is taken to.
bool identifies(std::string_view segment, std::size_t field);

/// Every character as `•`; blanks and punctuation stay, so that the form can still be seen.
std::string masked(std::string_view utf8);
/// The same with the identifiers in `QILU-MRN:00481523, …` alone, of authorities that name
/// patients in some source.
std::string without_identifiers(std::string_view text, const mapping::Configuration& configuration);

}  // namespace labrelay::views
