#include "labrelay/views/target_words.hpp"

#include "labrelay/views/masking.hpp"

namespace labrelay::views {

std::string target_words(std::string_view words, SubjectId subject, const Sight& sight) {
    const bool seen = subject ? sight.sees(subject) : sight.sees_unplaced("");
    if (!seen || sight.blinded()) {
        return {};
    }
    std::string shown = without_identifiers(words, sight.configuration());
    const study::Subject* known = subject ? sight.registry().subject(subject) : nullptr;
    if (known == nullptr) {
        return shown;
    }
    for (const study::Identifier& identifier : known->identifiers) {
        if (identifier.value.empty()) {
            continue;
        }
        const std::string hidden = masked(identifier.value);
        for (std::size_t at = shown.find(identifier.value); at != std::string::npos;
             at = shown.find(identifier.value, at + hidden.size())) {
            shown.replace(at, identifier.value.size(), hidden);
        }
    }
    return shown;
}

}  // namespace labrelay::views
