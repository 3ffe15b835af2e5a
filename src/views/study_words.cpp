#include "study_words.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace labrelay::views {

std::string moment_text(const study::SiteMoment& moment) {
    if (!moment.time) {
        return to_string(moment.day);
    }
    const auto minutes = std::chrono::floor<std::chrono::minutes>(*moment.time);
    const auto hours = std::chrono::floor<std::chrono::hours>(minutes);
    return fmt::format("{} {:02}:{:02}", to_string(moment.day), hours.count(),
                       (minutes - hours).count());
}

std::string held_text(const study::HeldResult& held) {
    return fmt::format("held {} {}{}{}{}: {} ({})", held.analyte.empty() ? held.code : held.analyte,
                       held.value_reported, held.unit_reported.empty() ? "" : " ",
                       held.unit_reported,
                       held.collected ? " of " + to_string(held.collected->day) : std::string(),
                       key(held.rule), to_string(held.id));
}

nlohmann::ordered_json held_json(const study::HeldResult& held) {
    return {{"lineage_id", to_string(held.id)},
            {"rule", key(held.rule)},
            {"analyte", held.analyte},
            {"code", held.code},
            {"value_reported", held.value_reported},
            {"unit_reported", held.unit_reported},
            {"collected", held.collected ? held.collected->text : std::string()}};
}

nlohmann::ordered_json day_json(const std::optional<LocalDay>& day) {
    return day ? nlohmann::ordered_json(to_string(*day)) : nlohmann::ordered_json();
}

}  // namespace labrelay::views
