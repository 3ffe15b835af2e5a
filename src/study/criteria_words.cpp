#include "labrelay/study/criteria.hpp"

namespace labrelay::study {

std::string_view to_string(CriterionStatus status) {
    switch (status) {
        case CriterionStatus::met:
            return "met";
        case CriterionStatus::not_met:
            return "not met";
        case CriterionStatus::undecided:
            return "undecided";
        case CriterionStatus::missing:
            return "missing";
        case CriterionStatus::site_attests:
            return "site attests";
    }
    return {};
}

std::string_view to_string(Bearing bearing) {
    switch (bearing) {
        case Bearing::not_against:
            return "not against";
        case Bearing::against:
            return "against";
        case Bearing::open:
            return "open";
        case Bearing::site:
            return "site";
    }
    return {};
}

std::string_view to_string(Overall overall) {
    switch (overall) {
        case Overall::none_against:
            return "no laboratory criterion against";
        case Overall::against:
            return "a laboratory criterion against";
        case Overall::undecided:
            return "undecided";
    }
    return {};
}

std::string_view to_string(ScreeningEnd::Event event) {
    switch (event) {
        case ScreeningEnd::Event::randomisation:
            return "randomisation";
        case ScreeningEnd::Event::first_infusion:
            return "first infusion";
        case ScreeningEnd::Event::screen_failure:
            return "screen failure";
    }
    return {};
}

}  // namespace labrelay::study
