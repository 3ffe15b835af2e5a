#include <benchmark/benchmark.h>

#include "study_builders.hpp"

// decide() for one message of ten observations, on a subject with 40 specimens of ten results each:
// what a year of the trial looks like.

namespace labrelay::study::testing {
namespace {

constexpr std::array kAnalytes{"CD4A", "CD8A", "CD4P", "CD8P",  "CD3A",
                               "WBC",  "HGB",  "PLT",  "HIVVL", "HIVVLLOG"};

Proposal panel(std::int64_t id, std::string_view drawn) {
    MessageBuilder message = a_message(id);
    for (const char* analyte : kAnalytes) {
        message.with(an_observation(analyte, analyte == kAnalytes.back() ? "2.62" : "412")
                         .specimen("QILU-2026-" + std::to_string(100000 + id))
                         .drawn(drawn));
    }
    return message;
}

Trial a_year_of_results() {
    Trial trial(a_subject().consented("2026-01-10").infused("2026-02-02T10:00"));
    trial.study().panels[2].analytes.emplace_back("PLT");
    for (std::int64_t id = 1; id <= 40; ++id) {
        const LocalDay day = when("2026-01-10").day + std::chrono::days(id * 9);
        trial.take(panel(id, labrelay::to_string(day) + "T08:00"));
    }
    return trial;
}

void decide_a_new_specimen(benchmark::State& state) {
    Trial trial = a_year_of_results();
    const Proposal proposal = panel(1000, "2026-05-03T08:00");
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            decide({proposal, trial.state(), trial.rules(), trial.registry()}));
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["results"] = static_cast<double>(trial.results().size());
}
BENCHMARK(decide_a_new_specimen)->Unit(benchmark::kMicrosecond);

void decide_a_repeat(benchmark::State& state) {
    Trial trial = a_year_of_results();
    Proposal proposal = panel(20, "2026-07-09T08:00");
    proposal.message_id = MessageId{2000};
    proposal.control_id = "again";
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            decide({proposal, trial.state(), trial.rules(), trial.registry()}));
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decide_a_repeat)->Unit(benchmark::kMicrosecond);

void place_a_subject_again(benchmark::State& state) {
    Trial trial = a_year_of_results();
    const Subject moved = a_subject().consented("2026-01-10").infused("2026-02-12T10:00");
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            place_again(trial.state().subjects.at(SubjectId{1}), moved, trial.rules()));
    }
}
BENCHMARK(place_a_subject_again)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace labrelay::study::testing
