#include "labrelay/review/query_state.hpp"

#include <utility>

namespace labrelay::review {
namespace {

constexpr std::array<std::pair<QueryState, std::string_view>, 4> kStates{{
    {QueryState::open, "open"},
    {QueryState::answered, "answered"},
    {QueryState::closed, "closed"},
    {QueryState::cancelled, "cancelled"},
}};

constexpr std::size_t kShortestNumber = 5;

static_assert(!after(QueryState::open, QueryStep::close), "a person closes what was answered");

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Bytes of other scripts belong to words: a number may stand right beside them.
bool is_word(char c) {
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

}  // namespace

std::string_view to_string(QueryState state) {
    for (const auto& [known, text] : kStates)
        if (known == state) return text;
    return {};
}

std::optional<QueryState> query_state_from(std::string_view text) {
    for (const auto& [state, known] : kStates)
        if (known == text) return state;
    return std::nullopt;
}

std::vector<std::string> number_like_words(std::string_view text) {
    std::vector<std::string> words;
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t end = at;
        while (end < text.size() && is_word(text[end])) ++end;
        const std::string_view word = text.substr(at, end - at);
        if (word.size() >= kShortestNumber && std::any_of(word.begin(), word.end(), is_digit))
            words.emplace_back(word);
        at = end + 1;
    }
    return words;
}

}  // namespace labrelay::review
