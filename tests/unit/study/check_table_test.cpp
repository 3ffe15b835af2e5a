// Every check that a study can have by its id in the trial's own study.xml, each with a case that
// passes, one that fails and one that cannot be decided.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "shipped_mapping.hpp"
#include "study_builders.hpp"

namespace labrelay::study::testing {
namespace {

enum class Answer { passed, note, flag, hold, undecidable };
using enum Answer;

std::string_view to_string(Answer answer) {
    switch (answer) {
        case passed:
            return "Passed";
        case note:
            return "Failed (note)";
        case flag:
            return "Failed (flag)";
        case hold:
            return "Failed (hold)";
        case undecidable:
            return "Undecidable";
    }
    return "";
}

struct Row {
    const char* id;
    const char* before;  ///< an earlier draw of the subject: "HGB 120, PLT 200"
    int days;            ///< between the two draws
    const char* now;     ///< the draw that is judged; a value may be `<20`, `ND`, `X` or a word
    Answer expected;
    const char* source = "lis-qilu";
};

// Values as they are after conversion, in the analytes' own units.
constexpr Row kRows[] = {
    {"P1", "", 0, "CD4P 20, CD8P 40, CD3P 65", passed},
    {"P1", "", 0, "CD4P 20, CD8P 40, CD3P 65.1", flag},
    {"P1", "", 0, "CD4P 20, CD8P 40, CD3P 70", flag},
    {"P1", "", 0, "CD4P 20, CD8P 40, CD3P 70.1", hold},
    {"P1", "", 0, "CD4P 40, CD8P 40, CD3P 69", hold},
    {"P1", "", 0, "CD4P 20, CD3P 70.1", undecidable},
    {"P1", "", 0, "CD4P 20, CD8P X, CD3P 70.1", undecidable},
    {"P2", "", 0, "CD4A 400, CD8A 660, CD3A 1000", passed},
    {"P2", "", 0, "CD4A 400, CD8A 661, CD3A 1000", flag},
    {"P2", "", 0, "CD4A 400, CD8A 661", undecidable},
    {"P3", "", 0, "CD3P 70, CD19P 12, NKP 14", passed},
    {"P3", "", 0, "CD3P 70, CD19P 12, NKP 12.9", note},
    {"P3", "", 0, "CD3P 80, CD19P 16, NKP 15", flag},
    {"P3", "", 0, "CD3P 70, CD19P 12", undecidable},
    {"P4", "", 0, "CD4A 400, CD4P 20, CD45A 2000", passed},
    {"P4", "", 0, "CD4A 421, CD4P 20, CD45A 2000", flag},
    {"P4", "", 0, "CD4A 30, CD4P 20, CD45A 101", passed},
    {"P4", "", 0, "CD4A 400, CD4P 20", undecidable},
    {"P4-LYM", "", 0, "CD4A 480, CD4P 20, LYM 2.0", passed},
    {"P4-LYM", "", 0, "CD4A 501, CD4P 20, LYM 2.0", flag},
    {"P4-LYM", "", 0, "CD4A 501, CD4P 20, LYM X", undecidable},
    {"P5", "", 0, "CD4A 412, CD8A 815, CD4CD8 0.51", passed},
    {"P5", "", 0, "CD4A 412, CD8A 815, CD4CD8 0.52", flag},
    {"P5", "", 0, "CD4A 412, CD8A 0, CD4CD8 0.52", undecidable},
    {"P6", "", 0, "CD4P 20, CD3P 20", passed},
    {"P6", "", 0, "CD4P 20.6, CD3P 20", flag},
    {"P6", "", 0, "CD4P 26, CD3P 20", hold},
    {"P6", "", 0, "CD8P 101", flag},
    {"P6", "", 0, "CD4P X, CD3P 20", undecidable},
    {"P7", "", 0, "CD4A 400, LYM 1.5, WBC 5.0", passed},
    {"P7", "", 0, "CD4A 1540, LYM 1.5, WBC 5.0", flag},
    {"P7", "", 0, "CD4A 400, LYM 1500, WBC 5.0", hold},
    {"P7", "", 0, "CD4A 400, WBC 0.3", flag},
    {"P7", "", 0, "CD4A 400, LYM X", undecidable},
    {"P8", "", 0, "HIVVL 388, HIVVLLOG 2.59", passed},
    {"P8", "", 0, "HIVVL 388, HIVVLLOG 2.61", note},
    {"P8", "", 0, "HIVVL 388, HIVVLLOG 3.09", hold},
    {"P8", "", 0, "HIVVL <20, HIVVLLOG 3.09", undecidable},
    {"P8", "", 0, "HIVVL 0, HIVVLLOG 3.09", undecidable},
    {"P8-ALINITY", "", 0, "HIVVL 388, HIVVLLOG 2.59", passed, "alinity-m"},
    {"P8-ALINITY", "", 0, "HIVVL 388, HIVVLLOG 3.09", flag, "alinity-m"},
    {"P8-ALINITY", "", 0, "HIVVL ND, HIVVLLOG 3.09", undecidable, "alinity-m"},
    {"P9", "", 0, "NEUTP 60, LYMP 30, MONOP 6, EOSP 2, BASOP 1", passed},
    {"P9", "", 0, "NEUTP 60, LYMP 30, MONOP 6, EOSP 2, BASOP 3.1", flag},
    {"P9", "", 0, "NEUTP 60, LYMP 30, MONOP 6, EOSP 2", undecidable},
    {"P10", "", 0, "NEUT 3.1, NEUTP 60, WBC 5.0", passed},
    {"P10", "", 0, "NEUT 3.2, NEUTP 60, WBC 5.0", flag},
    {"P10", "", 0, "LYM 1.5, LYMP 30, EOS 0.3, EOSP 2, WBC 5.0", flag},
    {"P10", "", 0, "NEUT 3.2, LYMP 60, WBC 5.0", undecidable},
    {"P11", "", 0, "NEUT 3.0, LYM 1.5, MONO 0.3, EOS 0.1, BASO 0.1, WBC 5.2", passed},
    {"P11", "", 0, "NEUT 3.0, LYM 1.5, MONO 0.3, EOS 0.1, BASO 0.1, WBC 5.3", flag},
    {"P11", "", 0, "NEUT 3.0, LYM 1.5, MONO 0.3, EOS 0.1, WBC 9", undecidable},
    {"P12", "", 0, "RBC 5.0, MCV 90, HCT 44", passed},
    {"P12", "", 0, "RBC 5.0, MCV 90, HCT 43", flag},
    {"P12", "", 0, "RBC 5.0, MCV 90", undecidable},
    {"P12-HGB", "", 0, "HGB 150, HCT 42", passed},
    {"P12-HGB", "", 0, "HGB 150, HCT 41.9", flag},
    {"P12-HGB", "", 0, "HGB 80, HCT 41", flag},
    {"P12-HGB", "", 0, "HGB 150", undecidable},
    {"P13", "", 0, "DBIL 4.0, TBIL 12.1", passed},
    {"P13", "", 0, "DBIL 4.0, TBIL 4", passed},
    {"P13", "", 0, "DBIL 14.0, TBIL 12.1", flag},
    {"P13", "", 0, "DBIL 14.0, TBIL <2", undecidable},
    {"P14", "", 0, "ALB 42, TP 70", passed},
    {"P14", "", 0, "ALB 70, TP 70", flag},
    {"P14", "", 0, "ALB 70", undecidable},
    {"P15", "", 0, "HDL 1.5, LDL 3.9, CHOL 5.0", passed},
    {"P15", "", 0, "HDL 1.5, LDL 4.1, CHOL 5.0", flag},
    {"P15", "", 0, "HDL 1.5, LDL 4.1", undecidable},
    {"P16", "", 0, "NA 140, CL 104, HCO3 24", passed},
    {"P16", "", 0, "NA 104, CL 140, HCO3 24", flag},
    {"P16", "", 0, "NA 104, CL 140", undecidable},
    {"P17-EDTA", "", 0, "K 4.5, CA 2.3, ALP 80", passed},
    {"P17-EDTA", "", 0, "K 8.0, CA 2.3, ALP 20", passed},
    {"P17-EDTA", "", 0, "K 8.0, CA 1.2, ALP 20", flag},
    {"P17-EDTA", "", 0, "K 8.0, CA 1.2", undecidable},
    {"P18", "", 0, "UREA 5.0, CREA 80", passed},
    {"P18", "", 0, "UREA 30, CREA 80", note},
    {"P18", "", 0, "UREA 30, CREA 0", undecidable},
    // A woman of 46: 142 x (0.905 / 0.7)^-1.2 x 0.9938^46 x 1.012 is 79.4.
    {"P19", "", 0, "CREA 80, EGFR 81.3", passed},
    {"P19", "", 0, "CREA 80, EGFR 77.5", passed},
    {"P19", "", 0, "CREA 80, EGFR 82", flag},
    {"P19", "", 0, "CREA 80, EGFR 77", flag},
    {"P19", "", 0, "CREA X, EGFR 77", undecidable},
    {"P20", "", 0, "ALT 40, ALT 40.0", passed},
    {"P20", "", 0, "ALT 40, ALT 44", hold},
    {"P20", "", 0, "HIVVL ND, HIVVL 388", hold},
    {"P20", "", 0, "ALT 40, AST 44", undecidable},
    {"P20", "", 0, "ALT 40, ALT X", undecidable},
    {"P20-RUNS", "", 0, "CD4A 405, CD4A 419, CD4A 412", passed, "facs-lyric"},
    {"P20-RUNS", "", 0, "CD4A 405, CD4A 450", flag, "facs-lyric"},
    {"P20-RUNS", "", 0, "CD4A 412, CD4A 500", hold, "facs-lyric"},
    {"P20-RUNS", "", 0, "CD4A 412, CD8A 500", undecidable, "facs-lyric"},

    {"D1", "MCV 90", 7, "MCV 93", passed},
    {"D1", "MCV 90", 7, "MCV 93.1", note},
    {"D1", "MCV 90", 7, "MCV 84.9", flag},
    {"D1", "MCV 90", 8, "MCV 84.9", undecidable},
    {"D1", "", 0, "MCV 84.9", undecidable},
    {"D2", "HGB 120", 3, "HGB 140", passed},
    {"D2", "HGB 120", 3, "HGB 99", flag},
    {"D2", "HGB 120", 30, "HGB 99", undecidable},
    {"D3", "PLT 200", 3, "PLT 300", passed},
    {"D3", "PLT 200", 3, "PLT 99", flag},
    {"D3", "PLT X", 3, "PLT 99", undecidable},
    {"D4", "CREA 80", 200, "CREA 120", passed},
    {"D4", "CREA 80", 200, "CREA 121", flag},
    {"D4", "CREA 80", 200, "CREA >3000", undecidable},
    {"D5", "NA 140", 200, "NA 148", passed},
    {"D5", "NA 140", 200, "NA 131", flag},
    {"D5", "", 0, "NA 131", undecidable},
    {"D6", "K 4.0", 200, "K 5.0", passed},
    {"D6", "K 4.0", 200, "K 5.1", flag},
    {"D6", "", 0, "K 5.1", undecidable},
    {"D7", "CA 2.30", 200, "CA 2.80", passed},
    {"D7", "CA 2.30", 200, "CA 2.81", flag},
    {"D7", "", 0, "CA 2.81", undecidable},
    {"D8", "AST 30", 200, "AST 60", passed},
    {"D8", "AST 30", 200, "AST 61", flag},
    {"D8", "ALT 30", 200, "AST 61", undecidable},
    {"D9", "CD4A 400, CD4P 20", 30, "CD4A 601, CD4P 25", passed},
    {"D9", "CD4A 400, CD4P 20", 30, "CD4A 600, CD4P 26", passed},
    {"D9", "CD4A 400, CD4P 20", 30, "CD4A 601, CD4P 26", flag},
    {"D9", "CD4A 400", 30, "CD4A 601, CD4P 26", undecidable},
    {"D10", "CD4P 20", 30, "CD4P 30", passed},
    {"D10", "CD4P 20", 30, "CD4P 30.1", flag},
    {"D10", "CD4P 20", 31, "CD4P 30.1", undecidable},
    {"D11", "HIVVL ND", 90, "HIVVL 1000", passed},
    {"D11", "HIVVL 60", 90, "HIVVL 90000", passed},
    {"D11", "HIVVL ND", 90, "HIVVL 1001", hold},
    {"D11", "HIVVL <20", 90, "HIVVL 1001", hold},
    {"D11", "HIVVL 49", 90, "HIVVL >10000000", hold},
    {"D11", "HIVVL <400", 90, "HIVVL 1001", undecidable},
    {"D11-LOG", "HIVVLLOG ND", 90, "HIVVLLOG 3.00", passed},
    {"D11-LOG", "HIVVLLOG <1.30", 90, "HIVVLLOG 3.01", hold},
    {"D11-LOG", "", 0, "HIVVLLOG 3.01", undecidable},
    {"D12", "RHD POS", 90, "RHD POS", passed},
    {"D12", "RHD POS", 90, "RHD NEG", hold},
    {"D12", "", 0, "RHD NEG", undecidable},

    {"V5", "ALT 30 by A", 90, "ALT 30 by A", passed},
    {"V5", "ALT 30 by A", 90, "ALT 30 by B", flag},
    {"V5", "ALT 30", 90, "ALT 30 by B", undecidable},
    {"V6", "ALT 30 in U/L", 90, "ALT 30 in IU / L", passed},
    {"V6", "HIVVL 50 in copies/mL", 90, "HIVVL 50 in 10*-1.{copies}/mL", passed},
    {"V6", "ALT 30 in U/L", 90, "ALT 30 in ukat/L", note},
    {"V6", "ALT 30", 90, "ALT 30 in ukat/L", undecidable},
    {"V7", "HIVVL <20", 90, "HIVVL <20", passed},
    {"V7", "HIVVL <20", 90, "HIVVL <40", flag},
    {"V7", "HIVVL 20", 90, "HIVVL <40", undecidable},
    {"V8", "HGB 135", 90, "HGB 30", passed},
    {"V8", "HGB 135", 90, "HGB 14.1", flag},
    {"V8", "CREA 80", 90, "CREA 0.95", flag},
    {"V8", "HGB 135", 90, "HGB >260", undecidable},
};

ObservationBuilder observation(std::string_view text, int number) {
    const auto word = [&text]() {
        const std::size_t end = text.find(' ');
        const std::string_view first = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        return std::string(first);
    };
    const std::string analyte = word();
    const std::string value = word();
    ObservationBuilder built(analyte, "0");
    built.code(analyte + std::to_string(number));
    if (Decimal::parse(value)) {
        built.number(value);
    } else if (value.starts_with('<')) {
        built.state(ResultState::below_lloq, value).lloq(value.substr(1));
    } else if (value.starts_with('>')) {
        built.state(ResultState::above_uloq, value);
    } else if (value == "ND") {
        built.state(ResultState::not_detected, "NOT DETECTED");
    } else if (value == "X") {
        built.state(ResultState::no_result, "NO RESULT");
    } else {
        built.state(ResultState::qualitative, value);
    }
    const std::string what = word();
    if (what == "by") {
        built.method(std::string(text));
    } else if (what == "in") {
        built.unit_reported(std::string(text));
    }
    return built;
}

/// A message of one specimen.
Proposal draw(std::int64_t id, const char* source, std::string_view values, LocalDay day) {
    MessageBuilder message = a_message(id).from(source);
    int number = 0;
    while (!values.empty()) {
        const std::size_t end = values.find(", ");
        message.with(observation(values.substr(0, end), ++number)
                         .specimen("A" + std::to_string(id))
                         .drawn(labrelay::to_string(day) + "T08:00"));
        values = end == std::string_view::npos ? std::string_view() : values.substr(end + 2);
    }
    return message;
}

Subject woman() {
    Subject subject = a_subject().of_study("NCT05872659").consented("2024-01-10");
    subject.site = "QILU";
    subject.sex = Sex::female;
    subject.birth_date = when("1978-03-12");
    subject.first_infusion = when("2024-01-22T10:00");
    return subject;
}

/// What the check said of the draw: the steps of its lineage.
std::vector<std::string> said(const Outcome& outcome, std::string_view id) {
    std::vector<std::string> all;
    for (const DecidedObservation& decided : outcome.observations) {
        for (const LineageStep& step : decided.lineage) {
            if (step.rule == "check." + std::string(id)) {
                all.push_back(step.said.text());
            }
        }
    }
    return all;
}

std::string title(const Row& row) {
    return std::string(row.id) + ": " + row.before + " | " + row.now;
}

TEST(CheckTable, SaysWhatEachCheckFinds) {
    const StudyRules& rules = test::shipped_configuration().rules();
    const LocalDay day = when("2024-05-01").day;
    for (const Row& row : kRows) {
        Trial trial(woman());
        trial.rules() = rules;
        trial.tell_checks();
        if (*row.before != '\0') {
            trial.take(draw(1, row.source, row.before, day - std::chrono::days(row.days)));
        }
        const Outcome outcome = trial.take(draw(2, row.source, row.now, day));
        const std::vector<std::string> steps = said(outcome, row.id);
        ASSERT_FALSE(steps.empty()) << title(row);
        for (const std::string& step : steps) {
            EXPECT_EQ(step.substr(0, step.find(':')), to_string(row.expected)) << title(row) << "\n"
                                                                               << step;
            EXPECT_TRUE(step.ends_with('.') || step.ends_with('?')) << step;
        }
        if (row.expected == hold) {
            EXPECT_GT(outcome.counts.held, 0) << title(row);
        }
    }
}

TEST(CheckTable, HasEveryCheckOfTheStudyWithEveryAnswer) {
    std::map<std::string, std::set<std::string_view>> answers;
    for (const Row& row : kRows) {
        answers[row.id].insert(to_string(row.expected).substr(0, 4));
    }
    const StudyDefinition& study = *test::shipped_configuration().rules().study("NCT05872659");
    for (const CheckDefinition& check : study.checks.all()) {
        if (info(check.kind).family != CheckFamily::value) {
            EXPECT_EQ(answers[check.id], (std::set<std::string_view>{"Fail", "Pass", "Unde"}))
                << check.id;
        }
    }
}

}  // namespace
}  // namespace labrelay::study::testing
