#include "said_json.hpp"

#include <nlohmann/json.hpp>

namespace labrelay::views {

using nlohmann::ordered_json;

ordered_json said_json(const Said& said) {
    ordered_json sentences = ordered_json::array();
    for (const Phrase& phrase : said.phrases) {
        ordered_json parameters = ordered_json::object();
        const std::vector<std::string_view> names = parameter_names(phrase.sentence);
        for (std::size_t at = 0; at < names.size() && at < phrase.parameters.size(); ++at) {
            parameters[std::string(names[at])] = phrase.parameters[at];
        }
        sentences.push_back(
            {{"key", name_of(phrase.sentence)}, {"parameters", std::move(parameters)}});
    }
    return sentences;
}

}  // namespace labrelay::views
