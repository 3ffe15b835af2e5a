#include "labrelay/core/said.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "labrelay/core/sentences.hpp"

namespace labrelay {
namespace {

struct Row {
    std::string_view name;
    std::string_view english;
};

constexpr std::array kRows{
#define LABRELAY_SENTENCE(name, english) Row{#name, english},
#include "labrelay/core/sentences.def"
#undef LABRELAY_SENTENCE
};

const Row& row_of(Sentence sentence) {
    return kRows.at(static_cast<std::size_t>(sentence));
}

/// Calls `text(piece)` and `brace(inside)` in their order.
template <class Text, class Brace>
void walk(std::string_view pattern, const Text& text, const Brace& brace) {
    while (!pattern.empty()) {
        const std::size_t open = pattern.find('{');
        text(pattern.substr(0, open));
        if (open == std::string_view::npos) {
            return;
        }
        const std::size_t close = pattern.find('}', open);
        brace(pattern.substr(open + 1, close - open - 1));
        pattern.remove_prefix(close + 1);
    }
}

/// `n` of `n|day|days`.
std::string_view name_in(std::string_view brace) {
    return brace.substr(0, brace.find('|'));
}

/// `day` or `days` of `n|day|days`.
std::string_view word_in(std::string_view brace, std::string_view number) {
    brace.remove_prefix(brace.find('|') + 1);
    const std::size_t bar = brace.find('|');
    return number == "1" ? brace.substr(0, bar) : brace.substr(bar + 1);
}

}  // namespace

std::string Said::text() const {
    std::string text;
    for (const Phrase& phrase : phrases) {
        text += in_english(phrase);
    }
    return text;
}

Said& Said::operator+=(const Said& more) {
    phrases.insert(phrases.end(), more.phrases.begin(), more.phrases.end());
    return *this;
}

std::string_view name_of(Sentence sentence) {
    return row_of(sentence).name;
}

std::optional<Sentence> sentence_named(std::string_view name) {
    const auto* const found = std::ranges::find(kRows, name, &Row::name);
    if (found == kRows.end()) {
        return std::nullopt;
    }
    return static_cast<Sentence>(std::distance(kRows.begin(), found));
}

std::string_view english(Sentence sentence) {
    return row_of(sentence).english;
}

std::vector<std::string_view> parameter_names(Sentence sentence) {
    std::vector<std::string_view> names;
    walk(
        english(sentence), [](std::string_view) {},
        [&](std::string_view brace) {
            if (std::ranges::find(names, name_in(brace)) == names.end()) {
                names.push_back(name_in(brace));
            }
        });
    return names;
}

std::string in_english(const Phrase& phrase) {
    std::string made;
    if (phrase.sentence == Sentence::rule && !phrase.parameters.empty()) {
        const auto code = code_from_key(phrase.parameters.front());
        made = code ? std::string(entry(*code).text) : phrase.parameters.front();
    } else {
        const std::vector<std::string_view> names = parameter_names(phrase.sentence);
        walk(
            english(phrase.sentence), [&](std::string_view text) { made += text; },
            [&](std::string_view brace) {
                const std::string_view name = name_in(brace);
                const auto at =
                    static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
                const std::string_view value =
                    at < phrase.parameters.size() ? std::string_view(phrase.parameters[at]) : "?";
                made += name.size() == brace.size() ? value : word_in(brace, value);
            });
    }
    if (phrase.continues && !made.empty() && made.front() >= 'A' && made.front() <= 'Z') {
        made.front() = static_cast<char>(made.front() - 'A' + 'a');
    }
    return made;
}

Said plain(std::string_view words) {
    return say(Sentence::plain, words);
}

Said continued(Said said) {
    if (!said.phrases.empty()) {
        said.phrases.front().continues = true;
    }
    return said;
}

Said say(Code rule) {
    return say(Sentence::rule, key(rule));
}

}  // namespace labrelay
