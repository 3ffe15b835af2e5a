#include "labrelay/units/result_state.hpp"

#include <algorithm>
#include <array>

namespace labrelay::units {
namespace {

struct Named {
    ResultState state;
    std::string_view name;
};

constexpr std::array kNames{
    Named{ResultState::quantified, "quantified"},     Named{ResultState::below_lloq, "below_lloq"},
    Named{ResultState::not_detected, "not_detected"}, Named{ResultState::above_uloq, "above_uloq"},
    Named{ResultState::qualitative, "qualitative"},   Named{ResultState::no_result, "no_result"},
    Named{ResultState::not_done, "not_done"},         Named{ResultState::withdrawn, "withdrawn"},
};

}  // namespace

std::string_view to_string(ResultState state) {
    const auto* found = std::ranges::find(kNames, state, &Named::state);
    return found != kNames.end() ? found->name : std::string_view();
}

std::optional<ResultState> result_state_from(std::string_view text) {
    const auto* found = std::ranges::find(kNames, text, &Named::name);
    if (found == kNames.end()) {
        return std::nullopt;
    }
    return found->state;
}

}  // namespace labrelay::units
