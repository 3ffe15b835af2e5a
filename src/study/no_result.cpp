#include "no_result.hpp"

namespace labrelay::study {

std::string_view why_no_result(units::ResultState state) {
    switch (state) {
        case units::ResultState::no_result:
            return "the test gave no result";
        case units::ResultState::not_done:
            return "the test was not done";
        case units::ResultState::withdrawn:
            return "the result was withdrawn";
        case units::ResultState::quantified:
        case units::ResultState::below_lloq:
        case units::ResultState::not_detected:
        case units::ResultState::above_uloq:
        case units::ResultState::qualitative:
            break;
    }
    return {};
}

}  // namespace labrelay::study
