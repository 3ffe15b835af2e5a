#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "random.hpp"
#include "report.hpp"
#include "world.hpp"

namespace labrelay::simulate {

/// What a cytometer counted in one tube, per uL.
struct Lymphocytes {
    std::int64_t cd45 = 0;
    std::int64_t cd3 = 0;
    std::int64_t cd4 = 0;
    std::int64_t cd8 = 0;
};
Lymphocytes count_lymphocytes(const Course& course, int day_of_trial, Random& random);

/// One label for count and percent, or labels as the headers of an export have them.
enum class FlowLabels { one_label, export_headers };
std::vector<Observation> flow_panel(const Lymphocytes& cells, FlowLabels labels);
Observation double_positives(const Lymphocytes& cells);

/// The viral load as the PCR platform says it. `copies_times_ten` is the truth inside the tube;
/// zero is no virus at all.
std::vector<Observation> viral_load(std::int64_t copies_times_ten);
Observation failed_viral_load();
std::int64_t draw_viral_load(const Course& course, Random& random);

std::vector<Observation> blood_count(const Person& person, Random& random);
std::vector<Observation> chemistry(const Person& person, Random& random);
std::vector<Observation> serology();
std::vector<Observation> hepatitis();
Observation pregnancy_test(Random& random);
Observation title_line();
Observation remark();

/// One numeric test of the LIS by its analyte key, with the value given.
Observation hospital_number(std::string_view analyte, std::int64_t coefficient,
                            const Person& person);

/// Which analytes are drawn and judged together: `flow`, `viral-load`, `blood-count` …
std::string_view panel_of(std::string_view analyte);

}  // namespace labrelay::simulate
