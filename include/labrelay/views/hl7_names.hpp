#pragma once

#include <cstddef>
#include <string_view>

namespace labrelay::views {

// HL7's fields and components in a reader's words; empty where the tables do not know them.

std::string_view segment_name(std::string_view segment);
std::string_view field_name(std::string_view segment, std::size_t field);
/// By the field's data type.
std::string_view component_name(std::string_view segment, std::size_t field, std::size_t component);

}  // namespace labrelay::views
