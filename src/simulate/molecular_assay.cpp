#include <cmath>

#include "assays.hpp"

namespace labrelay::simulate {
namespace {

constexpr std::int64_t kLimitTimesTen = 200;  ///< 20 copies/mL, the assay's lower limit
constexpr std::string_view kCopies = "HIV1^HIV-1 RNA^99ROC";
constexpr std::string_view kLog = "HIV1LOG^HIV-1 RNA log10^99ROC";

Observation base(std::string_view code, std::string_view analyte, std::string_view unit) {
    Observation observation;
    observation.code = code;
    observation.sub_id = "1";
    observation.expected.analyte = analyte;
    observation.expected.unit = unit;
    return observation;
}

Observation copies() {
    return base(kCopies, "HIVVL", "{copies}/mL");
}

Observation log_of(double value) {
    Observation observation = base(kLog, "HIVVLLOG", "{Log_copies}/mL");
    const Number rounded{std::llround(std::log10(value) * 100), 2};
    observation.type = "NM";
    observation.value = text(rounded);
    observation.unit = "log10 copies/mL";
    observation.expected.value_num = text(rounded);
    observation.expected.result_state = "quantified";
    return observation;
}

}  // namespace

std::int64_t draw_viral_load(const Course& course, Random& random) {
    if (!course.suppressed) {
        return random.between(120, 90000) * 10;
    }
    const std::int64_t dice = random.between(0, 9);
    if (dice < 4) {
        return 0;
    }
    return dice < 7 ? random.between(10, 190) : random.between(201, 480);
}

std::vector<Observation> viral_load(std::int64_t copies_times_ten) {
    Observation observation = copies();
    if (copies_times_ten == 0) {
        observation.type = "ST";
        observation.value = "Target Not Detected";
        observation.unit = "copies/mL";
        observation.expected.result_state = "not_detected";
        return {observation};
    }
    if (copies_times_ten < kLimitTimesTen) {
        observation.type = "SN";
        observation.value = "<^20";
        observation.unit = "copies/mL";
        observation.expected.comparator = "<";
        observation.expected.result_state = "below_lloq";
        return {observation};
    }
    observation.expected.result_state = "quantified";
    if (copies_times_ten < 1000) {  // three digits are printed; the unit says where the point is
        observation.type = "NM";
        observation.value = std::to_string(copies_times_ten);
        observation.unit = "10*-1.{copies}/mL^^UCUM";
        observation.expected.value_num = text(Number{copies_times_ten, 1});
        return {observation, log_of(static_cast<double>(copies_times_ten) / 10.0)};
    }
    const std::int64_t whole = copies_times_ten / 10;
    observation.type = "SN";
    observation.value = "^" + std::to_string(whole);
    observation.unit = "{copies}/mL^^UCUM";
    observation.expected.value_num = std::to_string(whole);
    return {observation, log_of(static_cast<double>(whole))};
}

Observation failed_viral_load() {
    Observation observation = copies();
    observation.unit = "copies/mL";
    observation.flags = "U06T^Pipetting anomaly^99ROC";
    observation.status = "X";
    observation.expected.result_state = "not_done";
    return observation;
}

}  // namespace labrelay::simulate
