#include "repair_identifier.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "labrelay/views/masking.hpp"

namespace labrelay::api {

void fill_identifier(const store::ProblemRow& problem, nlohmann::ordered_json& fields) {
    const std::size_t colon = problem.object.find(':');
    if (colon == std::string::npos || problem.object.find(", ") != std::string::npos) return;
    const std::string name = problem.object.substr(0, colon);
    const std::string value = problem.object.substr(colon + 1);
    if (problem.rule == Code::unknown_subject) {
        fields["authority"] = name;
        fields["value"] = value;
    } else if (problem.rule == Code::unknown_specimen || problem.rule == Code::specimen_conflict) {
        fields["authority"] = name;
        fields["specimen"] = value;
    }
}

void mask_identifier(nlohmann::ordered_json& fields) {
    if (const auto value = fields.find("value"); value != fields.end()) {
        *value = views::masked(value->get<std::string>());
    }
}

nlohmann::json unmasked(const nlohmann::json& body, const store::ProblemRow& problem) {
    nlohmann::ordered_json whole = nlohmann::ordered_json::object();
    fill_identifier(problem, whole);
    const auto known = whole.find("value");
    const auto given = body.find("value");
    if (known == whole.end() || given == body.end() || !given->is_string() ||
        given->get<std::string>() != views::masked(known->get<std::string>())) {
        return body;
    }
    nlohmann::json made = body;
    made["value"] = known->get<std::string>();
    return made;
}

}  // namespace labrelay::api
