#pragma once

#include <string>
#include <vector>

#include "labrelay/study/redcap_map.hpp"

namespace labrelay::testing {

/// A map that fits build_laboratory_project(): CD4 and CD8 as instances of lab_results, potassium
/// and ALT in fields that an event has once, each on its own form.
inline study::RedcapMap a_redcap_map() {
    study::RedcapMap map;
    map.events = {{"SCR", "scr_arm_1"}, {"M0", "m0_arm_1"},
                  {"M1", "m1_arm_1"},   {"M2", "m2_arm_1"},
                  {"M3", "m3_arm_1"},   {"M6", "m6_arm_1"},
                  {"M12", "m12_arm_1"}, {"unscheduled", "unscheduled_arm_1"}};
    map.left_out = {"history"};
    study::RedcapResult counts;
    counts.instrument = "lab_results";
    counts.analytes = {"CD4A", "CD8A"};
    counts.complete = "2";
    counts.fields = {
        {"lr_id", "result_id", {}},
        {"lr_analyte", "analyte", {}},
        {"lr_value", "value_num", {}},
        {"lr_comparator", "comparator", {}},
        {"lr_text", "value_text", {}},
        {"lr_state",
         "result_state",
         {{"quantified", "1"}, {"below_lloq", "2"}, {"not_detected", "3"}, {"withdrawn", "9"}}},
        {"lr_drawn", "collected_at", {}}};
    study::RedcapResult potassium;
    potassium.instrument = "safety";
    potassium.repeats = false;
    potassium.analytes = {"K"};
    potassium.fields = {{"k_value", "value_num", {}},
                        {"k_text", "value_text", {}},
                        {"k_state", "result_state", {}}};
    study::RedcapResult alt;
    alt.instrument = "liver";
    alt.repeats = false;
    alt.analytes = {"ALT"};
    alt.complete = "1";
    alt.fields = {{"alt_value", "value_num", {}},
                  {"alt_text", "value_text", {}},
                  {"alt_state", "result_state", {}}};
    map.results = {counts, potassium, alt};
    return map;
}

}  // namespace labrelay::testing
