#include <algorithm>
#include <array>

#include "assays.hpp"

namespace labrelay::simulate {
namespace {

/// One numeric test of the hospital's LIS; numbers are coefficients at `scale`, in the unit
/// reported.
struct Test {
    std::string_view analyte;
    std::string_view code;  ///< OBX-3 as the LIS writes it, local code and LOINC side by side
    std::string_view unit;
    int scale;
    std::int64_t low;  ///< of what the simulator draws
    std::int64_t high;
    std::int64_t range_low;
    std::int64_t range_high;
    std::string_view canonical;
    Number factor;
};

constexpr std::array<Test, 15> kTests{{
    {"WBC", "WBC^白细胞计数^L^6690-2^^LN", "×10^9/L", 1, 38, 84, 35, 95, "10*9/L", {1, 0}},
    {"RBC", "RBC^红细胞计数^L^789-8^^LN", "×10^12/L", 2, 390, 560, 430, 580, "10*12/L", {1, 0}},
    {"HGB", "HGB^血红蛋白^L^718-7^^LN", "g/dL", 1, 112, 168, 130, 175, "g/L", {10, 0}},
    {"PLT", "PLT^血小板计数^L^777-3^^LN", "10^9/L", 0, 110, 330, 125, 350, "10*9/L", {1, 0}},
    {"NEUT", "NEU#^中性粒细胞计数^L^751-8^^LN", "10^9/L", 2, 170, 520, 180, 630, "10*9/L", {1, 0}},
    {"LYM", "LYM#^淋巴细胞计数^L^731-0^^LN", "10^9/L", 2, 90, 260, 110, 320, "10*9/L", {1, 0}},
    {"ALT", "1742-6^丙氨酸氨基转移酶^LN^ALT^^L", "IU/L", 0, 11, 63, 9, 50, "U/L", {1, 0}},
    {"AST", "1920-8^天冬氨酸氨基转移酶^LN^AST^^L", "IU/L", 0, 14, 52, 15, 40, "U/L", {1, 0}},
    {"TBIL", "TBIL^总胆红素^L^1975-2^^LN", "mg/dL", 2, 38, 162, 0, 152, "umol/L", {17104, 3}},
    {"ALB", "ALB^白蛋白^L^1751-7^^LN", "g/dL", 1, 38, 51, 40, 55, "g/L", {10, 0}},
    {"CREA", "CREA^肌酐^L^2160-0^^LN", "mg/dL", 2, 58, 128, 64, 126, "umol/L", {8842, 2}},
    {"UREA", "UREA^尿素^L^14937-7^^LN", "mmol/L", 1, 28, 84, 31, 95, "mmol/L", {1, 0}},
    {"GLU", "GLU^葡萄糖^L^2345-7^^LN", "mg/dL", 0, 72, 118, 70, 110, "mmol/L", {5551, 5}},
    {"NA", "NA^钠^L^2951-2^^LN", "mmol/L", 0, 135, 147, 137, 147, "mmol/L", {1, 0}},
    {"K", "K^钾^L^2823-3^^LN", "mmol/L", 2, 340, 510, 350, 530, "mmol/L", {1, 0}},
}};

constexpr std::array<std::string_view, 6> kBloodCount{"WBC", "RBC", "HGB", "PLT", "NEUT", "LYM"};
constexpr std::array<std::string_view, 9> kChemistry{"ALT",  "AST", "TBIL", "ALB", "CREA",
                                                     "UREA", "GLU", "NA",   "K"};

struct Antibody {
    std::string_view analyte;
    std::string_view code;
};
constexpr std::array<Antibody, 4> kAntibodies{{
    {"TPAB", "TP-Ab^梅毒螺旋体抗体^L^24110-9^^LN"},
    {"HAVIGM", "HAV-IgM^甲型肝炎病毒IgM抗体^L^22314-9^^LN"},
    {"HDVIGM", "HDV-IgM^丁型肝炎病毒IgM抗体^L^44826-6^^LN"},
    {"HEVIGM", "HEV-IgM^戊型肝炎病毒IgM抗体^L^14212-5^^LN"},
}};

const Test& test_of(std::string_view analyte) {
    return *std::ranges::find(kTests, analyte, &Test::analyte);
}

Observation drawn(std::string_view analyte, const Person& person, Random& random) {
    const Test& test = test_of(analyte);
    return hospital_number(analyte, random.between(test.low, test.high), person);
}

}  // namespace

Observation hospital_number(std::string_view analyte, std::int64_t coefficient,
                            const Person& person) {
    const Test& test = test_of(analyte);
    const Number value{coefficient, test.scale};
    // Women's red cells run lower; only the printed range and its flag know of it.
    const std::int64_t shift = person.female && (analyte == "HGB" || analyte == "RBC") ? 15 : 0;
    const std::int64_t low = test.range_low - shift;
    const std::int64_t high = test.range_high - shift;
    Observation observation;
    observation.code = test.code;
    observation.type = "NM";
    observation.value = text(value);
    observation.unit = test.unit;
    observation.range = text({low, test.scale}) + " ~ " + text({high, test.scale});
    observation.flags = coefficient < low ? "L" : coefficient > high ? "H" : "N";
    observation.expected.analyte = analyte;
    observation.expected.value_num = text(converted(value, test.factor));
    observation.expected.unit = test.canonical;
    observation.expected.result_state = "quantified";
    return observation;
}

std::vector<Observation> blood_count(const Person& person, Random& random) {
    std::vector<Observation> panel;
    panel.reserve(kBloodCount.size());
    for (const std::string_view analyte : kBloodCount) {
        panel.push_back(drawn(analyte, person, random));
    }
    return panel;
}

std::vector<Observation> chemistry(const Person& person, Random& random) {
    std::vector<Observation> panel;
    panel.reserve(kChemistry.size());
    for (const std::string_view analyte : kChemistry) {
        panel.push_back(drawn(analyte, person, random));
    }
    return panel;
}

std::vector<Observation> serology() {
    std::vector<Observation> panel;
    panel.reserve(kAntibodies.size());
    for (const Antibody& antibody : kAntibodies) {
        Observation observation;
        observation.code = antibody.code;
        observation.type = "ST";
        observation.value = "阴性(-)";
        observation.range = "阴性";
        observation.expected.analyte = antibody.analyte;
        observation.expected.result_state = "qualitative";
        panel.push_back(observation);
    }
    return panel;
}

std::vector<Observation> hepatitis() {
    Observation hbv;
    hbv.code = "HBV-DNA^乙肝病毒DNA^L^42595-9^^LN";
    hbv.type = "ST";
    hbv.value = "未检出";
    hbv.unit = "IU/mL";
    hbv.expected.analyte = "HBVDNA";
    hbv.expected.unit = "[IU]/mL";
    hbv.expected.result_state = "not_detected";
    Observation hcv = hbv;
    hcv.code = "HCV-RNA^丙肝病毒RNA^L^11011-4^^LN";
    hcv.expected.analyte = "HCVRNA";
    return {hbv, hcv};
}

Observation pregnancy_test(Random& random) {
    const Number value{random.between(3, 28), 1};
    Observation observation;
    observation.code = "HCG^人绒毛膜促性腺激素^L^19080-1^^LN";
    observation.type = "NM";
    observation.value = text(value);
    observation.unit = "mIU/mL";
    observation.range = "<5";
    observation.flags = "N";
    observation.expected.analyte = "HCG";
    observation.expected.value_num = text(value);
    observation.expected.unit = "[IU]/L";
    observation.expected.result_state = "quantified";
    return observation;
}

Observation title_line() {
    Observation observation;
    observation.type = "TX";
    observation.value = "*备注*";
    observation.expected.disposition = "ignored";
    observation.expected.reason = "title-line";
    return observation;
}

Observation remark() {
    Observation observation;
    observation.code = "REMARK^备注^L";
    observation.type = "TX";
    observation.value = "标本轻度溶血,结果仅供参考";
    observation.expected.disposition = "ignored";
    observation.expected.reason = "ignored-by-source";
    return observation;
}

std::string_view panel_of(std::string_view analyte) {
    constexpr std::array<std::string_view, 10> kFlow{"CD3A", "CD3P",  "CD4A",  "CD4P",   "CD8A",
                                                     "CD8P", "CD45A", "CD45P", "CD4CD8", ""};
    if (std::ranges::find(kFlow, analyte) != kFlow.end()) {
        return "flow";
    }
    if (analyte.starts_with("HIVVL")) {
        return "viral-load";
    }
    if (std::ranges::find(kBloodCount, analyte) != kBloodCount.end()) {
        return "blood-count";
    }
    if (std::ranges::find(kChemistry, analyte) != kChemistry.end()) {
        return "chemistry";
    }
    if (analyte == "HBVDNA" || analyte == "HCVRNA") {
        return "hepatitis";
    }
    return analyte == "HCG" ? "pregnancy" : "serology";
}

}  // namespace labrelay::simulate
