#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace labrelay::review {

// What is asked of a site or laboratory, from the question to its end. Pure.

enum class QueryState : std::uint8_t { open, answered, closed, cancelled };
std::string_view to_string(QueryState state);
std::optional<QueryState> query_state_from(std::string_view text);

enum class QueryStep : std::uint8_t { answer, close, reopen, cancel, released };

struct QueryTransition {
    QueryState from;
    QueryStep step;
    QueryState to;
    std::string_view why;
};

/// A person closes what was answered; only the engine closes what nobody answered, because its
/// results went through.
inline constexpr std::array kQueryTransitions{
    QueryTransition{QueryState::open, QueryStep::answer, QueryState::answered, "answered"},
    QueryTransition{QueryState::answered, QueryStep::close, QueryState::closed, "settled"},
    QueryTransition{QueryState::answered, QueryStep::reopen, QueryState::open, "asked again"},
    QueryTransition{QueryState::closed, QueryStep::reopen, QueryState::open, "asked again"},
    QueryTransition{QueryState::open, QueryStep::cancel, QueryState::cancelled, "taken back"},
    QueryTransition{QueryState::answered, QueryStep::cancel, QueryState::cancelled, "taken back"},
    QueryTransition{QueryState::open, QueryStep::released, QueryState::closed,
                    "its results were released"},
    QueryTransition{QueryState::answered, QueryStep::released, QueryState::closed,
                    "its results were released"},
};

/// Where the step leads; nothing where it is not allowed.
constexpr std::optional<QueryState> after(QueryState from, QueryStep step) {
    for (const QueryTransition& row : kQueryTransitions)
        if (row.from == from && row.step == step) return row.to;
    return std::nullopt;
}

/// Words of a text that could be a patient's number: letters and digits, at least five of them,
/// one of them a digit. Each is looked up before the text goes to a site.
std::vector<std::string> number_like_words(std::string_view text);

}  // namespace labrelay::review
