// What a study's checks cost a message: decide() and process() under the shipped configuration,
// with all of its checks and with none. A subject with a year of results: 40 draws of 25 each.

#include <benchmark/benchmark.h>

#include <fmt/format.h>

#include "message_builder.hpp"
#include "shipped_mapping.hpp"
#include "study_builders.hpp"

namespace labrelay::study::testing {
namespace {

struct Value {
    const char* analyte;
    const char* number;
};

/// A blood count and a chemistry that contradict nothing.
constexpr Value kPanel[] = {
    {"WBC", "5.0"},   {"NEUT", "3.0"}, {"NEUTP", "60"}, {"LYM", "1.5"},  {"LYMP", "30"},
    {"MONO", "0.30"}, {"MONOP", "6"},  {"EOS", "0.10"}, {"EOSP", "2"},   {"BASO", "0.10"},
    {"BASOP", "2"},   {"RBC", "4.5"},  {"HGB", "135"},  {"HCT", "40.5"}, {"MCV", "90"},
    {"PLT", "220"},   {"ALT", "30"},   {"AST", "28"},   {"TBIL", "12"},  {"DBIL", "3"},
    {"NA", "140"},    {"K", "4.1"},    {"CL", "104"},   {"HCO3", "24"},  {"CREA", "70"},
};

Proposal draw(std::int64_t id, std::string_view day) {
    MessageBuilder message = a_message(id).from("lis-qilu");
    for (const Value& value : kPanel) {
        message.with(an_observation(value.analyte, value.number)
                         .specimen("QILU-2024-" + std::to_string(100000 + id))
                         .unit_reported("U")
                         .method("M")
                         .drawn(std::string(day) + "T08:00"));
    }
    return message;
}

Trial a_year(bool with_checks) {
    Subject subject = a_subject().of_study("NCT05872659").consented("2024-01-10");
    subject.site = "QILU";
    subject.sex = Sex::female;
    subject.birth_date = when("1978-03-12");
    subject.first_infusion = when("2024-01-22T10:00");
    Trial trial(subject);
    trial.rules() = test::shipped_configuration().rules();
    if (!with_checks) {
        trial.study().checks = CheckList();
    }
    for (std::int64_t id = 1; id <= 40; ++id) {
        const LocalDay day = when("2024-01-10").day + std::chrono::days(id * 9);
        trial.take(draw(id, labrelay::to_string(day)));
    }
    return trial;
}

void decide_a_panel(benchmark::State& state, bool with_checks) {
    Trial trial = a_year(with_checks);
    const Proposal proposal = draw(1000, "2024-05-03");
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            decide({proposal, trial.state(), trial.rules(), trial.registry()}));
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["checks"] = static_cast<double>(trial.study().checks.all().size());
    state.counters["results"] = static_cast<double>(trial.results().size());
}
BENCHMARK_CAPTURE(decide_a_panel, without_checks, false)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(decide_a_panel, with_checks, true)->Unit(benchmark::kMicrosecond);

std::string hospital_panel() {
    auto message = test::a_hospital_message().without("OBX");
    int number = 0;
    for (const Value& value : kPanel) {
        message = std::move(message).add(fmt::format("OBX|{}|NM|{}^{}^L||{}||||||F", ++number,
                                                     value.analyte, value.analyte, value.number));
    }
    return message.text();
}

void process_a_panel(benchmark::State& state, bool with_checks) {
    const std::string bytes = hospital_panel();
    const pipeline::Arrival arrival = test::an_arrival();
    const Registry registry = test::a_registry();
    StudyRules rules = test::shipped_configuration().rules();
    if (!with_checks) {
        rules.studies[0].checks = CheckList();
    }
    const mapping::Configuration configuration(test::shipped_configuration().sources(),
                                               std::move(rules));
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            pipeline::process(bytes, arrival, configuration, registry, mapping::Lineage::left_out));
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(process_a_panel, without_checks, false)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(process_a_panel, with_checks, true)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace labrelay::study::testing
