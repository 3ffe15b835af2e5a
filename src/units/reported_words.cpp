#include "reported_words.hpp"

#include <array>

namespace labrelay::units {
namespace {

using enum ReportedValue::Kind;

constexpr WordMeaning kNotDetected{not_detected, "", false};
constexpr WordMeaning kDetected{detected, "", true};
constexpr WordMeaning kBelow{below_limit, "", false};
constexpr WordMeaning kDetectedBelow{below_limit, "", true};
constexpr WordMeaning kNegative{qualitative, "NEG", false};
constexpr WordMeaning kPositive{qualitative, "POS", false};
constexpr WordMeaning kWeak{qualitative, "WEAK_POS", false};
constexpr WordMeaning kIndeterminate{qualitative, "INDETERMINATE", false};
constexpr WordMeaning kNoResult{no_result, "", false};

constexpr std::array kWords = std::to_array<BuiltInWord>({
    {"target not detected", kNotDetected},
    {"not detected", kNotDetected},
    {"none detected", kNotDetected},
    {"undetected", kNotDetected},
    {"undetectable", kNotDetected},
    {"not detectable", kNotDetected},
    {"tnd", kNotDetected},
    {"non détecté", kNotDetected},
    {"non détectée", kNotDetected},
    {"non detecte", kNotDetected},
    {"cible non détectée", kNotDetected},
    {"未检出", kNotDetected},
    {"未检出靶标", kNotDetected},
    {"靶标未检出", kNotDetected},
    {"未检测到", kNotDetected},
    {"未检测到靶标", kNotDetected},
    {"未测出", kNotDetected},
    {"检测不到", kNotDetected},

    {"detected", kDetected},
    {"target detected", kDetected},
    {"détecté", kDetected},
    {"détectée", kDetected},
    {"detecte", kDetected},
    {"titer", kDetected},  // cobas: the number stands in another observation
    {"检出", kDetected},
    {"已检出", kDetected},
    {"检测到", kDetected},
    {"可检出", kDetected},

    {"blq", kBelow},
    {"bloq", kBelow},
    {"detected, not quantifiable", kDetectedBelow},
    {"detected, not quantified", kDetectedBelow},
    {"detected not quantifiable", kDetectedBelow},
    {"detected not quantified", kDetectedBelow},
    {"detected but not quantifiable", kDetectedBelow},
    {"detected but not quantified", kDetectedBelow},
    {"aloq", {above_limit, "", false}},

    {"negative", kNegative},
    {"neg", kNegative},
    {"non-reactive", kNegative},
    {"non reactive", kNegative},
    {"nonreactive", kNegative},
    {"not reactive", kNegative},
    {"négatif", kNegative},
    {"négative", kNegative},
    {"nég", kNegative},
    {"non réactif", kNegative},
    {"阴性", kNegative},
    {"阴", kNegative},
    {"无反应", kNegative},
    {"无反应性", kNegative},
    {"非反应性", kNegative},

    {"positive", kPositive},
    {"pos", kPositive},
    {"reactive", kPositive},
    {"strongly positive", kPositive},
    {"strong positive", kPositive},
    {"positif", kPositive},
    {"réactif", kPositive},
    {"阳性", kPositive},
    {"阳", kPositive},
    {"强阳性", kPositive},
    {"有反应", kPositive},
    {"有反应性", kPositive},
    {"反应性", kPositive},

    {"weakly positive", kWeak},
    {"weak positive", kWeak},
    {"weakly reactive", kWeak},
    {"weak reactive", kWeak},
    {"faiblement positif", kWeak},
    {"弱阳性", kWeak},
    {"弱阳", kWeak},
    {"弱反应性", kWeak},

    {"indeterminate", kIndeterminate},
    {"equivocal", kIndeterminate},
    {"borderline", kIndeterminate},
    {"inconclusive", kIndeterminate},
    {"gray zone", kIndeterminate},
    {"grey zone", kIndeterminate},
    {"grayzone", kIndeterminate},
    {"greyzone", kIndeterminate},
    {"indéterminé", kIndeterminate},
    {"灰区", kIndeterminate},
    {"可疑", kIndeterminate},
    {"不确定", kIndeterminate},
    {"待定", kIndeterminate},
    {"临界", kIndeterminate},

    {"invalid", kNoResult},
    {"invalide", kNoResult},
    {"failed", kNoResult},
    {"fail", kNoResult},
    {"failure", kNoResult},
    {"échec", kNoResult},
    {"error", kNoResult},
    {"err", kNoResult},
    {"erreur", kNoResult},
    {"no result", kNoResult},
    {"pas de résultat", kNoResult},
    {"valuenotset", kNoResult},
    {"n/a", kNoResult},
    {"na", kNoResult},
    {"#n/a", kNoResult},
    {"#num!", kNoResult},
    {"#value!", kNoResult},
    {"#div/0!", kNoResult},
    {"#ref!", kNoResult},
    {"aborted", kNoResult},
    {"cancelled", kNoResult},
    {"canceled", kNoResult},
    {"not tested", kNoResult},
    {"not performed", kNoResult},
    {"test not performed", kNoResult},
    {"tnp", kNoResult},
    {"not done", kNoResult},
    {"clotted", kNoResult},
    {"clot", kNoResult},
    {"specimen clotted", kNoResult},
    {"sample clotted", kNoResult},
    {"coagulé", kNoResult},
    {"haemolysed", kNoResult},
    {"haemolyzed", kNoResult},
    {"hemolysed", kNoResult},
    {"hemolyzed", kNoResult},
    {"specimen haemolysed", kNoResult},
    {"specimen hemolyzed", kNoResult},
    {"sample haemolysed", kNoResult},
    {"sample hemolyzed", kNoResult},
    {"hémolysé", kNoResult},
    {"lipaemic", kNoResult},
    {"lipemic", kNoResult},
    {"insufficient", kNoResult},
    {"insufficient sample", kNoResult},
    {"insufficient specimen", kNoResult},
    {"insufficient volume", kNoResult},
    {"quantity not sufficient", kNoResult},
    {"qns", kNoResult},
    {"无结果", kNoResult},
    {"无效", kNoResult},
    {"结果无效", kNoResult},
    {"失败", kNoResult},
    {"检测失败", kNoResult},
    {"错误", kNoResult},
    {"溶血", kNoResult},
    {"标本溶血", kNoResult},
    {"凝血", kNoResult},
    {"凝固", kNoResult},
    {"有凝块", kNoResult},
    {"标本凝固", kNoResult},
    {"标本凝血", kNoResult},
    {"脂血", kNoResult},
    {"标本脂血", kNoResult},
    {"标本不合格", kNoResult},
    {"标本量不足", kNoResult},
    {"量不足", kNoResult},
    {"未做", kNoResult},
    {"未检", kNoResult},
    {"未检测", kNoResult},
    {"未测", kNoResult},
});

constexpr std::array kLimits = std::to_array<NamedLimit>({
    {"titer min", LimitName::lower},
    {"titre min", LimitName::lower},
    {"min", LimitName::lower},
    {"lloq", LimitName::lower},
    {"llod", LimitName::lower},
    {"loq", LimitName::lower},
    {"lod", LimitName::lower},
    {"limit of detection", LimitName::lower},
    {"limit of quantification", LimitName::lower},
    {"limit of quantitation", LimitName::lower},
    {"lower limit of detection", LimitName::lower},
    {"lower limit of quantification", LimitName::lower},
    {"lower limit of quantitation", LimitName::lower},
    {"detection limit", LimitName::lower},
    {"quantification limit", LimitName::lower},
    {"quantitation limit", LimitName::lower},
    {"下限", LimitName::lower},
    {"检测下限", LimitName::lower},
    {"检测限", LimitName::lower},
    {"检测线", LimitName::lower},
    {"检出下限", LimitName::lower},
    {"检出限", LimitName::lower},
    {"测定下限", LimitName::lower},
    {"定量下限", LimitName::lower},
    {"线性下限", LimitName::lower},
    {"最低检测限", LimitName::lower},
    {"最低检出限", LimitName::lower},
    {"最低检测下限", LimitName::lower},
    {"最低检测值", LimitName::lower},

    {"titer max", LimitName::upper},
    {"titre max", LimitName::upper},
    {"max", LimitName::upper},
    {"uloq", LimitName::upper},
    {"upper limit of detection", LimitName::upper},
    {"upper limit of quantification", LimitName::upper},
    {"upper limit of quantitation", LimitName::upper},
    {"上限", LimitName::upper},
    {"检测上限", LimitName::upper},
    {"检出上限", LimitName::upper},
    {"测定上限", LimitName::upper},
    {"定量上限", LimitName::upper},
    {"线性上限", LimitName::upper},
});

constexpr std::array kComparators = std::to_array<ComparatorText>({
    {"<", Comparator::less},
    {"<=", Comparator::less_equal},
    {">", Comparator::greater},
    {">=", Comparator::greater_equal},
    {"=", Comparator::none},
    {"&lt;", Comparator::less},
    {"&lt;=", Comparator::less_equal},
    {"&gt;", Comparator::greater},
    {"&gt;=", Comparator::greater_equal},
    {"less than", Comparator::less},
    {"below", Comparator::less},
    {"below the", Comparator::less},
    {"greater than", Comparator::greater},
    {"more than", Comparator::greater},
    {"above", Comparator::greater},
    {"above the", Comparator::greater},
    {"小于", Comparator::less},
    {"低于", Comparator::less},
    {"小于等于", Comparator::less_equal},
    {"小于或等于", Comparator::less_equal},
    {"大于", Comparator::greater},
    {"高于", Comparator::greater},
    {"超过", Comparator::greater},
    {"大于等于", Comparator::greater_equal},
    {"大于或等于", Comparator::greater_equal},
});

constexpr std::array kMarks = std::to_array<SignMark>({
    {"-", "NEG"},
    {"±", "WEAK_POS"},
    {"+-", "WEAK_POS"},
    {"+/-", "WEAK_POS"},
    {"+", "POS"},
    {"++", "POS"},
    {"+++", "POS"},
    {"++++", "POS"},
    {"1+", "POS"},
    {"2+", "POS"},
    {"3+", "POS"},
    {"4+", "POS"},
});

}  // namespace

std::span<const BuiltInWord> built_in_words() {
    return kWords;
}

std::span<const NamedLimit> limit_names() {
    return kLimits;
}

std::span<const ComparatorText> comparator_texts() {
    return kComparators;
}

std::span<const SignMark> sign_marks() {
    return kMarks;
}

}  // namespace labrelay::units
