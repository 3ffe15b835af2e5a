#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"

namespace labrelay {

/// The sentences that are shown to people in more than one language, by name. The English of each
/// stands in `sentences.def`; whoever says one includes sentences.hpp.
enum class Sentence : std::uint16_t;

/// One sentence, or a part of one, with what is filled in.
struct Phrase {
    Sentence sentence{};
    std::vector<std::string> parameters = {};  ///< in the order of the English braces
    bool continues = false;  ///< it stands behind other words: in English without its capital

    friend bool operator==(const Phrase&, const Phrase&) = default;
};

/// What is said to a person: phrases, one after the other, that any language is made from; words
/// are made only where somebody reads them. Parameters carry no identity.
struct Said {
    std::vector<Phrase> phrases;

    bool empty() const { return phrases.empty(); }
    std::string text() const;  ///< in English
    Said& operator+=(const Said& more);
    friend Said operator+(Said first, const Said& more) { return std::move(first += more); }
    friend bool operator==(const Said&, const Said&) = default;
    friend bool operator==(const Said& said, std::string_view text) { return said.text() == text; }
};

std::string_view name_of(Sentence sentence);  ///< "value_number"
std::optional<Sentence> sentence_named(std::string_view name);
std::string_view english(Sentence sentence);  ///< with its braces
/// The names in the braces, in their order.
std::vector<std::string_view> parameter_names(Sentence sentence);
std::string in_english(const Phrase& phrase);

/// Words that belong to no sentence of ours and are the same in every language: a study's own, a
/// name, a mark between phrases.
Said plain(std::string_view words);
/// The same behind other words.
Said continued(Said said);
/// The catalogue's sentence of a rule.
Said say(Code rule);

namespace detail {
template <class Value>
std::string parameter(const Value& value) {
    if constexpr (std::is_integral_v<Value>) {
        return std::to_string(value);
    } else {
        return std::string(value);
    }
}
}  // namespace detail

/// As many values as the sentence has braces: texts and whole numbers.
template <class... Values>
Said say(Sentence sentence, const Values&... values) {
    Said said{std::vector<Phrase>(1)};
    Phrase& phrase = said.phrases.front();
    phrase.sentence = sentence;
    phrase.parameters.reserve(sizeof...(values));
    (phrase.parameters.push_back(detail::parameter(values)), ...);
    return said;
}

}  // namespace labrelay
