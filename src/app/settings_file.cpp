#include <pugixml.hpp>
#include <utility>

#include "labrelay/app/input.hpp"
#include "labrelay/app/settings.hpp"
#include "labrelay/core/text_places.hpp"

namespace labrelay::app {

std::vector<Error> apply_file(ServerSettings& settings, const std::string& file) {
    Result<std::string> text = read_input(file);
    if (!text) {
        return {text.error()};
    }
    const TextPlaces places(file, std::move(*text));
    const auto place = [&](std::ptrdiff_t offset) {
        return places.at(static_cast<std::size_t>(offset));
    };
    pugi::xml_document document;
    const pugi::xml_parse_result parsed =
        document.load_buffer(places.text().data(), places.text().size());
    if (!parsed) {
        return {Error{Code::xml_malformed, place(parsed.offset), parsed.description()}};
    }
    const pugi::xml_node root = document.document_element();
    if (std::string_view(root.name()) != "labrelay") {
        return {Error{Code::element_unknown, place(root.offset_debug()), "the root is <labrelay>"}};
    }
    std::vector<Error> errors;
    for (const pugi::xml_node node : root.children()) {
        if (std::string_view(node.name()) != "set") {
            errors.push_back(Error{Code::element_unknown, place(node.offset_debug()), node.name()});
            continue;
        }
        const Result<void> applied = apply_setting(settings, node.attribute("name").value(),
                                                   node.attribute("value").value());
        if (!applied) {
            errors.push_back(
                Error{applied.error().code, place(node.offset_debug()), applied.error().detail});
        }
    }
    return errors;
}

}  // namespace labrelay::app
