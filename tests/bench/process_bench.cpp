// process() for one message of ten observations under the shipped configuration, one thread. The
// aim is 40,000 messages/s without the written lineage.

#include <benchmark/benchmark.h>

#include <fmt/format.h>

#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::pipeline {
namespace {

/// Counts and percents of subject S-004.
std::string flow_panel() {
    auto message = test::a_flow_message().without("OBX").without("SPM");
    constexpr const char* kLabels[] = {"CD45+", "CD3+", "CD3+CD4+", "CD3+CD8+"};
    int number = 0;
    for (const char* label : kLabels) {
        for (const char* unit : {"cells/uL", "%"}) {
            ++number;
            message = std::move(message).add(
                fmt::format("OBX|{}|NM|{}^^99BD|{}|{}|{}|||||F|||||FLOW01||LYRIC^BD|20240422133000",
                            number, label, number, 40 + number, unit));
        }
    }
    return std::move(message)
        .add("OBX|9|NM|4/8 Ratio^^99BD||0.63||||||F|||||FLOW01||LYRIC^BD|20240422133000")
        .add("OBX|10|NM|Beads^^99BD||1000||||||F|||||FLOW01||LYRIC^BD|20240422133000")
        .add("SPM|1|A240422043||WB^Whole blood^HL70487|||||||P")
        .text();
}

/// Chemistry with local codes beside LOINC, ranges, flags, and units to be converted.
std::string hospital_panel(std::string_view mrn) {
    auto message =
        test::a_hospital_message().without("OBX").with("PID-3", fmt::format("{}^^^QILU^MR", mrn));
    constexpr const char* kTests[] = {
        "ALT^丙氨酸氨基转移酶^L^1742-6^^LN||33|IU/L|7 ~ 40|N",
        "AST^天冬氨酸氨基转移酶^L^1920-8^^LN||41|U/L|13 ~ 35|H",
        "TBIL^总胆红素^L^1975-2^^LN||0.62|mg/dL|0.2 ~ 1.2|N",
        "ALB^白蛋白^L^1751-7^^LN||4.3|g/dL|4.0 ~ 5.5|N",
        "CREA^肌酐^L^2160-0^^LN||0.85|mg/dL|0.46 ~ 0.92|N",
        "UREA^尿素^L^14937-7^^LN||4.2|mmol/L|2.6 ~ 8.8|N",
        "GLU^葡萄糖^L^2345-7^^LN||91|mg/dL|70 ~ 110|N",
        "NA^钠^L^2951-2^^LN||139|mmol/L|137 ~ 147|N",
        "K^钾^L^2823-3^^LN||4.1|mmol/L|3.5 ~ 5.3|N",
        "HGB^血红蛋白^L^718-7^^LN||13.2|g/dL|11.5 ~ 15.0|N",
    };
    int number = 0;
    for (const char* test : kTests) {
        message = std::move(message).add(fmt::format("OBX|{}|NM|{}|||F", ++number, test));
    }
    return message.text();
}

void run(benchmark::State& state, const std::string& bytes, mapping::Lineage lineage) {
    const Arrival arrival = test::an_arrival();
    const study::Registry registry = test::a_registry();
    const mapping::Configuration& configuration = test::shipped_configuration();
    for (auto _ : state) {
        benchmark::DoNotOptimize(process(bytes, arrival, configuration, registry, lineage));
    }
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

void process_flow(benchmark::State& state) {
    run(state, flow_panel(), mapping::Lineage::left_out);
}
BENCHMARK(process_flow);

void process_hospital(benchmark::State& state) {
    run(state, hospital_panel("00481523"), mapping::Lineage::left_out);
}
BENCHMARK(process_hospital);

void process_hospital_no_trial(benchmark::State& state) {
    run(state, hospital_panel("00999999"), mapping::Lineage::left_out);
}
BENCHMARK(process_hospital_no_trial);

void process_hospital_with_lineage(benchmark::State& state) {
    run(state, hospital_panel("00481523"), mapping::Lineage::written);
}
BENCHMARK(process_hospital_with_lineage);

}  // namespace
}  // namespace labrelay::pipeline
