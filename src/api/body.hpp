#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace labrelay::api {

/// A text of a request's body; empty where it is not there or no text.
inline std::string text_of(const nlohmann::json& body, const char* name) {
    const auto found = body.find(name);
    return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace labrelay::api
