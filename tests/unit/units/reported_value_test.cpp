#include "labrelay/units/reported_value.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace labrelay::units {

/// One line for a value, so that a row of a table is what a person would say: `compared <20 cp/mL
/// detected`.
std::string summary(const ReportedValue& value) {
    using Kind = ReportedValue::Kind;
    const auto kind = [&]() -> std::string {
        switch (value.kind) {
            case Kind::number:
                return "number";
            case Kind::compared:
                return "compared";
            case Kind::range:
                return "range";
            case Kind::ratio:
                return "ratio";
            case Kind::not_detected:
                return "not_detected";
            case Kind::below_limit:
                return "below_limit";
            case Kind::above_limit:
                return "above_limit";
            case Kind::detected:
                return "detected";
            case Kind::qualitative:
                return "qualitative";
            case Kind::no_result:
                return "no_result";
        }
        return "";
    };
    std::string line = kind();
    if (!value.word.empty()) {
        line += " [" + value.word + "]";
    }
    if (value.number) {
        line += " " + std::string(to_string(value.comparator)) + value.number->to_string();
    }
    if (value.second) {
        line += ".." + value.second->to_string();
    }
    if (!value.unit.empty()) {
        line += " {" + value.unit + "}";
    }
    if (value.detected_said) {
        line += " said";
    }
    return line;
}

namespace {

ReportedWords with_comma(CommaMeaning comma) {
    ReportedWords words;
    words.comma = comma;
    return words;
}

struct ReadCase {
    std::string_view text;
    std::string_view value;
};

void expect_read(const ReadCase& row, const ReportedWords& words = {}) {
    const auto value = parse_reported(row.text, words);
    if (!value) {
        ADD_FAILURE() << row.text << ": refused at " << value.error().place.offset << ", wanted "
                      << row.value;
        return;
    }
    EXPECT_EQ(summary(*value), row.value) << row.text;
}

struct RefusedCase {
    std::string_view text;
    std::size_t at;
};

void expect_refused(const RefusedCase& row, Code code, const ReportedWords& words = {}) {
    const auto value = parse_reported(row.text, words);
    if (value) {
        ADD_FAILURE() << row.text << ": read as " << summary(*value);
        return;
    }
    EXPECT_EQ(value.error().code, code) << row.text << ": " << key(value.error().code);
    EXPECT_EQ(value.error().place.offset, row.at) << row.text;
}

constexpr ReadCase kNumbers[] = {
    {"412", "number 412"},
    {"1.50", "number 1.50"},
    {"0", "number 0"},
    {" 7.20 ", "number 7.20"},
    {"-1.00", "number -1.00"},
    {"+5", "number 5"},
    {"007", "number 7"},
    {".5", "number 0.5"},
    {"5.", "number 5"},
    {"1035.95864507225", "number 1035.95864507225"},
    {"2.35E+04", "number 23500"},
    {"2.35e-2", "number 0.0235"},
    {"６．５", "number 6.5"},
    {"−3.1", "number -3.1"},
    {"\xC2\xA0"
     "12.5\xE3\x80\x80",
     "number 12.5"},
    {"3.26E+05 cp/mL", "number 326000 {cp/mL}"},
    {"3.26E+05cp/mL", "number 326000 {cp/mL}"},
    {"6.73E+01 cp/mL", "number 67.3 {cp/mL}"},
    {"161152 Copies / mL", "number 161152 {Copies / mL}"},
    {"45.2 %", "number 45.2 {%}"},
    {"45.2%Lymph", "number 45.2 {%Lymph}"},
    {"412 个/μL", "number 412 {个/μL}"},
    {"1250拷贝/毫升", "number 1250 {拷贝/毫升}"},
    {"5.2 ×10^9/L", "number 5.2 {×10^9/L}"},
    {"5.2×10⁹/L", "number 5.2 {×10⁹/L}"},
    {"5.2 10*9/L", "number 5.2 {10*9/L}"},
    {"28 mL/min/1.73 m2", "number 28 {mL/min/1.73 m2}"},
    {"28 ml/(min·1.73m2)", "number 28 {ml/(min·1.73m2)}"},
    {"28 mL/min/{1.73_m2}", "number 28 {mL/min/{1.73_m2}}"},
    {"367 10*-1.{copies}/mL", "number 367 {10*-1.{copies}/mL}"},
    {"4.37 log", "number 4.37 {log}"},
    {"4.37 Log (Copies/mL)", "number 4.37 {Log (Copies/mL)}"},
    {"1.59 log10 copies/mL", "number 1.59 {log10 copies/mL}"},
    {"1.0x10^3", "number 1000"},
    {"1.0×10³", "number 1000"},
    {"2.5 × 10^4", "number 25000"},
    {"2.5*10^4 copies/mL", "number 25000 {copies/mL}"},
    {"2.5x10^-2", "number 0.025"},
    {"2.52E+3 (3.40)", "number 2520"},
    {"=440", "number 440"},
    {"= 440", "number 440"},
    {"45 copies/mL detected", "number 45 {copies/mL} said"},
    {"Detected 45 copies/mL", "number 45 {copies/mL} said"},
    {"Detected (45)", "number 45 said"},
    {"12.5 ↑", "number 12.5"},
    {"12.5↓", "number 12.5"},
    {"9.1 pg", "number 9.1 {pg}"},
};

TEST(ReportedValue, NumbersKeepTheirDigitsAndUnits) {
    for (const auto& row : kNumbers) {
        expect_read(row);
    }
}

constexpr ReadCase kCompared[] = {
    {"<20", "compared <20"},
    {"< 20", "compared <20"},
    {"＜20", "compared <20"},
    {"＜ ２０", "compared <20"},
    {"<20.0", "compared <20.0"},
    {"≤26.0", "compared <=26.0"},
    {">=60", "compared >=60"},
    {"≥ 60", "compared >=60"},
    {">10000000", "compared >10000000"},
    {"< 1.30", "compared <1.30"},
    {"< 1.0E+20", "compared <100000000000000000000"},
    {"<1.0×10^3", "compared <1000"},
    {"<20 copies/mL", "compared <20 {copies/mL}"},
    {"<30 Detected", "compared <30 said"},
    {"<883 detected", "compared <883 said"},
    {"Detected <20", "compared <20 said"},
    {"DETECTED, < 20 cp/mL", "compared <20 {cp/mL} said"},
    {">10000000 Detected", "compared >10000000 said"},
    {"&lt;40", "compared <40"},
    {"less than 20", "compared <20"},
    {"小于20", "compared <20"},
    {"低于 20 copies/ml", "compared <20 {copies/ml}"},
    {"大于10000000", "compared >10000000"},
    {"低于检测下限(<20 copies/mL)", "compared <20 {copies/mL}"},
    {"低于检测下限 <20", "compared <20"},
    {"> Titer max (>10000000 cp/mL)", "compared >10000000 {cp/mL}"},
    {"<-1", "compared <-1"},
};

TEST(ReportedValue, ComparatorsGluedAndApart) {
    for (const auto& row : kCompared) {
        expect_read(row);
    }
}

constexpr ReadCase kPairs[] = {
    {"1-5", "range 1..5"},      {"1 - 5", "range 1..5"},
    {"1~5", "range 1..5"},      {"0～5 /HPF", "range 0..5 {/HPF}"},
    {"-5-5", "range -5..5"},    {"1 to 5", "range 1..5"},
    {"2至3", "range 2..3"},     {"1:128", "ratio 1..128"},
    {"1：128", "ratio 1..128"}, {"1 : 128", "ratio 1..128"},
    {"<1:8", "ratio <1..8"},    {"≥1:64", "ratio >=1..64"},
};

TEST(ReportedValue, RangesAndTitres) {
    for (const auto& row : kPairs) {
        expect_read(row);
    }
}

constexpr ReadCase kLimits[] = {
    {"< Titer min", "below_limit [< Titer min]"},
    {"> Titer max", "above_limit [> Titer max]"},
    {"<LLOQ", "below_limit [<LLOQ]"},
    {"Detected <LLOQ", "below_limit [<LLOQ] said"},
    {"Detected, below LLOQ", "below_limit [below LLOQ] said"},
    {"Detected, not quantifiable", "below_limit [Detected, not quantifiable] said"},
    {"below the limit of detection", "below_limit [below the limit of detection]"},
    {"> ULOQ", "above_limit [> ULOQ]"},
    {"低于检测下限", "below_limit [低于检测下限]"},
    {"<检测下限", "below_limit [<检测下限]"},
    {"＜检测下限", "below_limit [＜检测下限]"},
    {"小于最低检测限", "below_limit [小于最低检测限]"},
    {"高于检测上限", "above_limit [高于检测上限]"},
};

TEST(ReportedValue, LimitsWithoutANumber) {
    for (const auto& row : kLimits) {
        expect_read(row);
    }
}

constexpr ReadCase kWords[] = {
    {"Target Not Detected", "not_detected [Target Not Detected]"},
    {"TARGET  NOT DETECTED ", "not_detected [TARGET  NOT DETECTED]"},
    {"Not Detected", "not_detected [Not Detected]"},
    {"Not detected.", "not_detected [Not detected]"},
    {"TND", "not_detected [TND]"},
    {"未检出", "not_detected [未检出]"},
    {"未检出(-)", "not_detected [未检出(-)]"},
    {"NON DÉTECTÉ", "not_detected [NON DÉTECTÉ]"},
    {"non détecté", "not_detected [non détecté]"},
    {"Ｎｏｔ　Ｄｅｔｅｃｔｅｄ", "not_detected [Ｎｏｔ　Ｄｅｔｅｃｔｅｄ]"},
    {"HIV-1 RNA not detected", "not_detected [HIV-1 RNA not detected]"},
    {"Target Not Det.", "not_detected [Target Not Det.]"},
    {"Not-Detected", "not_detected [Not-Detected]"},
    {"INDÉTECTABLE", "not_detected [INDÉTECTABLE]"},
    {"Cible non détectée", "not_detected [Cible non détectée]"},
    {"No detectado", "not_detected [No detectado]"},
    {"Indetectable", "not_detected [Indetectable]"},
    {"NÃO DETECTADO", "not_detected [NÃO DETECTADO]"},
    {"indetectável", "not_detected [indetectável]"},
    {"nicht nachweisbar", "not_detected [nicht nachweisbar]"},
    {"Non rilevato", "not_detected [Non rilevato]"},
    {"niet aantoonbaar", "not_detected [niet aantoonbaar]"},
    {"không phát hiện", "not_detected [không phát hiện]"},
    {"tidak terdeteksi", "not_detected [tidak terdeteksi]"},
    {"未檢出", "not_detected [未檢出]"},
    {"未检出病毒", "not_detected [未检出病毒]"},
    {"靶标未检测到", "not_detected [靶标未检测到]"},
    {"未偵測到", "not_detected [未偵測到]"},
    {"未检出(<20 copies/mL)", "not_detected [未检出] <20 {copies/mL}"},
    {"Nachgewiesen", "detected [Nachgewiesen] said"},
    {"Detectado <40", "compared <40 said"},
    {"陰性", "qualitative [NEG]"},
    {"陽性(+)", "qualitative [POS]"},
    {"Negativo", "qualitative [NEG]"},
    {"<20 Not Detected", "not_detected [Not Detected] <20"},
    {"Not detected (<20 copies/mL)", "not_detected [Not detected] <20 {copies/mL}"},
    {"Detected", "detected [Detected] said"},
    {"DÉTECTÉ", "detected [DÉTECTÉ] said"},
    {"Titer", "detected [Titer] said"},
    {"检出(+)", "detected [检出(+)] said"},

    {"Negative", "qualitative [NEG]"},
    {"NEG", "qualitative [NEG]"},
    {"NÉG", "qualitative [NEG]"},
    {"Non-reactive", "qualitative [NEG]"},
    {"NON REACTIVE", "qualitative [NEG]"},
    {"Reactive", "qualitative [POS]"},
    {"Positive", "qualitative [POS]"},
    {"POS", "qualitative [POS]"},
    {"Weakly positive", "qualitative [WEAK_POS]"},
    {"Indeterminate", "qualitative [INDETERMINATE]"},
    {"阴性", "qualitative [NEG]"},
    {"阴性(-)", "qualitative [NEG]"},
    {"阴性（－）", "qualitative [NEG]"},
    {"阴性 (-)", "qualitative [NEG]"},
    {"阳性(+)", "qualitative [POS]"},
    {"阳性（＋）", "qualitative [POS]"},
    {"阳性(++)", "qualitative [POS]"},
    {"阳性+", "qualitative [POS]"},
    {"弱阳性(±)", "qualitative [WEAK_POS]"},
    {"弱阳性(+)", "qualitative [WEAK_POS]"},
    {"可疑(±)", "qualitative [INDETERMINATE]"},
    {"(-)", "qualitative [NEG]"},
    {"( - )", "qualitative [NEG]"},
    {"(+)", "qualitative [POS]"},
    {"(±)", "qualitative [WEAK_POS]"},
    {"+", "qualitative [POS]"},
    {"++", "qualitative [POS]"},
    {"+/-", "qualitative [WEAK_POS]"},
    {"±", "qualitative [WEAK_POS]"},
    {"2+", "qualitative [POS]"},
    {"阴性 0.12", "qualitative [NEG] 0.12"},
    {"阴性0.12", "qualitative [NEG] 0.12"},
    {"阴性(0.12)", "qualitative [NEG] 0.12"},
    {"阴性(-) 0.12", "qualitative [NEG] 0.12"},
    {"阴性 <0.05", "qualitative [NEG] <0.05"},
    {"0.12 阴性", "qualitative [NEG] 0.12"},
    {"0.12(阴性)", "qualitative [NEG] 0.12"},
    {"0.12 (-)", "qualitative [NEG] 0.12"},
    {"阳性 12.5 S/CO", "qualitative [POS] 12.5 {S/CO}"},
    {"0.08 COI 阴性", "qualitative [NEG] 0.08 {COI}"},
    {"Reactive 12.50", "qualitative [POS] 12.50"},
    {"Non-reactive (0.08)", "qualitative [NEG] 0.08"},
    {"Negative: 0.08", "qualitative [NEG] 0.08"},
    {"阳性(1:8)", "qualitative [POS] 1..8"},
    {"Reactive 1:128", "qualitative [POS] 1..128"},
};

TEST(ReportedValue, WordsInTheLanguagesOfTheSites) {
    for (const auto& row : kWords) {
        expect_read(row);
    }
}

TEST(ReportedValue, WordsThatSayThatThereIsNoResult) {
    for (const std::string_view text : {"Invalid",
                                        "INVALID",
                                        "Failed",
                                        "FAIL",
                                        "ERROR",
                                        "ERREUR",
                                        "***.*",
                                        "****",
                                        "----",
                                        "--",
                                        "-",
                                        "－",
                                        "—",
                                        "#NUM!",
                                        "N/A",
                                        "NA",
                                        "clotted",
                                        "haemolysed",
                                        "Hemolyzed",
                                        "PAS DE RÉSULTAT",
                                        "NO RESULT",
                                        "ValueNotSet",
                                        "无结果",
                                        "标本溶血",
                                        "溶血",
                                        "QNS",
                                        "未做",
                                        "-.--",
                                        "*",
                                        "Platelets clumped",
                                        "血小板聚集",
                                        "haemolysis",
                                        "Specimen rejected",
                                        "INVÁLIDO",
                                        "样本溶血"}) {
        const auto value = parse_reported(text);
        ASSERT_TRUE(value) << text;
        EXPECT_EQ(value->kind, ReportedValue::Kind::no_result) << text;
        EXPECT_EQ(value->word, text);
        EXPECT_FALSE(value->number) << text;
    }
}

constexpr RefusedCase kUnreadable[] = {
    {"", 0},
    {"   ", 0},
    {"inf", 0},
    {"nan", 0},
    {"-inf", 0},
    {"Infinity", 0},
    {"1e400", 0},
    {"1e-400", 0},
    {"0x1F", 1},
    {"1.2.3", 0},
    {"12abc", 2},
    {"--5", 0},
    {"+-5", 0},
    {"5-", 1},
    {"5+", 1},
    {"12+", 2},
    {"<", 1},
    {"< ", 1},
    {"<<20", 1},
    {"<>20", 1},
    {"<=>20", 2},
    {"~440", 0},
    {"20<", 2},
    {"1 2", 2},
    {"1 420 403", 2},
    {"5-1", 2},
    {"<1-5", 3},
    {"1-2-3", 3},
    {"2026-11-22", 7},
    {"2026/11/22", 4},
    {"120/80", 3},
    {"1:", 1},
    {"1:2:3", 3},
    {"1e3 x 10^3", 0},
    {"412 cells", 4},
    {"412 H", 4},
    {"12 and more", 3},
    {"Error 2008: Probe check failed", 10},
    {"Error 2008", 6},
    {"Virally suppressed. Continue current ART regimen. Next VL in 12 months.", 0},
    {"CD4 count is 412 today", 0},
    {"value 412", 0},
    {"412 (see comment)", 4},
    {"<20 see note", 4},
    {"Negative for HIV", 9},
    {"Negatively", 0},
    {"Not Detected 45", 13},
    {"Not Detected >45", 13},
    {"45 Not Detected", 0},
    {"45 Invalid", 0},
    {"阴性(+)", 0},
    {"阳性(-)", 0},
    {"阳性 1-5", 7},
    {"Positive Negative", 9},
    {"检出(-)", 0},
    {"Invalid(-)", 0},
    {"> LLOQ", 0},
    {"< ULOQ", 0},
    {"低于检测下限 20", 19},
    {"低于检测下限(>20)", 19},
    {"低于检测下限(<LLOQ)", 19},
    {">检测上限(<20)", 14},
    {"> LLOQ (>20)", 8},
    {"ND", 0},
    {"Valid", 0},
    {"PASS", 0},
    {".", 0},
    {"%", 0},
    {"2520 (2.1)", 6},
    {"2.52E+3 (3)", 9},
    {"\xFF", 0},
    {"20\xFF", 2},
    {"\xC3", 0},
    {"\xED\xA0\x80", 0},
    {"4 12\xE4", 4},
};

TEST(ReportedValue, NeverPicksANumberOutOfASentence) {
    for (const auto& row : kUnreadable) {
        expect_refused(row, Code::value_unreadable);
    }
    expect_refused({std::string_view("1\0", 2), 1}, Code::value_unreadable);
}

TEST(ReportedValue, TextTooLongToBeAValueIsRefusedWhereItGetsTooLong) {
    expect_refused({std::string(600, '1'), 512}, Code::value_unreadable);
    expect_refused({"a" + std::string(600, ' ') + "b", 512}, Code::value_unreadable);
    expect_read({std::string(500, '0') + "1", "number 1"});
}

TEST(ReportedValue, CommaNeedsADeclaration) {
    const RefusedCase refused[] = {{"161,152", 3},  {">10,000,000", 3}, {"60,96", 2},
                                   {"< 1,5", 3},    {"1-2,5", 3},       {"阴性 0,12", 8},
                                   {"161，152", 3}, {"3,26E+05", 1}};
    for (const auto& row : refused) {
        expect_refused(row, Code::number_separator);
    }
    // a comma that separates words is no number's
    expect_read({"Detected, 45", "number 45 said"});
    expect_refused({"45, or 46", 2}, Code::value_unreadable);
}

TEST(ReportedValue, CommaAsThousands) {
    const auto words = with_comma(CommaMeaning::thousands);
    for (const auto& row : {ReadCase{"161,152", "number 161152"},
                            {"3,512", "number 3512"},
                            {">10,000,000", "compared >10000000"},
                            {"1,234.50", "number 1234.50"},
                            {"-1,234", "number -1234"},
                            {"< 20", "compared <20"},
                            {"1.234", "number 1.234"},
                            {"1,000-2,000", "range 1000..2000"}}) {
        expect_read(row, words);
    }
    for (const auto& row : {RefusedCase{"60,96", 2},
                            {"1234,567", 4},
                            {"1,23", 1},
                            {"1,2345", 1},
                            {"1,234,5", 5},
                            {"1.5,000", 3},
                            {"1,234.5,6", 7},
                            {",5", 0}}) {
        const auto code = row.text == ",5" ? Code::value_unreadable : Code::number_separator;
        expect_refused(row, code, words);
    }
}

TEST(ReportedValue, CommaAsDecimal) {
    const auto words = with_comma(CommaMeaning::decimal);
    for (const auto& row : {ReadCase{"60,96", "number 60.96"},
                            {"1420403,41", "number 1420403.41"},
                            {"0,0", "number 0.0"},
                            {"< 1,60", "compared <1.60"},
                            {"3,26E+05", "number 326000"},
                            {"36.9", "number 36.9"},
                            {"0.361", "number 0.361"},
                            {"412", "number 412"},
                            {"1,5-2,5", "range 1.5..2.5"},
                            {"1.234E+02", "number 123.4"}}) {
        expect_read(row, words);
    }
    for (const auto& row : {RefusedCase{"1,234,567", 5},
                            {"1.234,56", 1},
                            {"1,234.56", 5},
                            {"1.234", 1},
                            {"12.345", 2}}) {
        expect_refused(row, Code::number_separator, words);
    }
}

TEST(ReportedValue, SourcesOwnWordsComeFirst) {
    ReportedWords words;
    words.words = {{"-1.00", ReportedValue::Kind::not_detected, ""},
                   {"Nachgewiesen", ReportedValue::Kind::detected, ""},
                   {"ND", ReportedValue::Kind::not_detected, "ND"},
                   {"Titer", ReportedValue::Kind::no_result, ""},
                   {"可疑", ReportedValue::Kind::qualitative, "INDETERMINATE"},
                   {"Überprüfen", ReportedValue::Kind::no_result, ""}};
    for (const auto& row : {ReadCase{"-1.00", "not_detected [-1.00]"},
                            {" -1.00 ", "not_detected [-1.00]"},
                            {"NACHGEWIESEN", "detected [NACHGEWIESEN] said"},
                            {"nd", "not_detected [ND]"},
                            {"titer", "no_result [titer]"},
                            {" 可疑　", "qualitative [INDETERMINATE]"},
                            {"ÜBERPRÜFEN", "no_result [ÜBERPRÜFEN]"},
                            {"-1.0", "number -1.0"},
                            {"Negative", "qualitative [NEG]"}}) {
        expect_read(row, words);
    }
    expect_refused({"ND 5", 0}, Code::value_unreadable, words);
}

struct NumericCase {
    std::string_view text;
    bool strict;
    std::string_view value;
};

TEST(NumericField, SaysWhetherTheTextIsHl7sNumber) {
    for (const auto& row : {NumericCase{"388", true, "number 388"},
                            {"+1.50", true, "number 1.50"},
                            {"-0.5", true, "number -0.5"},
                            {"00.10", true, "number 0.10"},
                            {"5.", false, "number 5"},
                            {".5", false, "number 0.5"},
                            {"<40", false, "compared <40"},
                            {"1E3", false, "number 1000"},
                            {" 5", false, "number 5"},
                            {"***.*", false, "no_result [***.*]"},
                            {"未检出", false, "not_detected [未检出]"}}) {
        const auto field = parse_numeric(row.text);
        ASSERT_TRUE(field) << row.text;
        EXPECT_EQ(field->strict, row.strict) << row.text;
        EXPECT_EQ(summary(field->value), row.value) << row.text;
    }
    const auto refused = parse_numeric("161,152");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::number_separator);
    EXPECT_EQ(refused.error().place.offset, 3U);
    EXPECT_EQ(parse_numeric("").error().code, Code::value_unreadable);
}

}  // namespace
}  // namespace labrelay::units
