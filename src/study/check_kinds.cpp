#include <array>

#include "labrelay/study/check_definition.hpp"

namespace labrelay::study {
namespace {

using enum CheckField;
constexpr FieldUse kNeeds = FieldUse::required;

// What each kind reads; everything else on its line is an error.
constexpr CheckFieldUse kSum[] = {{parts, kNeeds},     {whole},  {total}, {tolerance},
                                  {tolerance_percent}, {members}};
constexpr CheckFieldUse kAtMost[] = {
    {parts, kNeeds}, {whole, kNeeds}, {tolerance}, {tolerance_percent}, {members}};
constexpr CheckFieldUse kEachAtMost[] = {{parts, kNeeds},     {whole},  {total}, {tolerance},
                                         {tolerance_percent}, {members}};
constexpr CheckFieldUse kAscending[] = {
    {parts, kNeeds}, {tolerance}, {tolerance_percent}, {members}};
constexpr CheckFieldUse kShare[] = {{parts, kNeeds}, {percents, kNeeds},  {whole, kNeeds},
                                    {tolerance},     {tolerance_percent}, {members}};
constexpr CheckFieldUse kRatio[] = {{parts, kNeeds}, {whole, kNeeds}, {members}};
constexpr CheckFieldUse kLog[] = {{parts, kNeeds}, {whole, kNeeds}, {tolerance, kNeeds}, {members}};
constexpr CheckFieldUse kProduct[] = {{parts, kNeeds}, {whole, kNeeds},     {times},
                                      {tolerance},     {tolerance_percent}, {members}};
constexpr CheckFieldUse kLimits[] = {{parts, kNeeds}, {low}, {high}, {times}, {members}};
constexpr CheckFieldUse kFriedewald[] = {{parts, kNeeds}, {whole, kNeeds},     {below},
                                         {tolerance},     {tolerance_percent}, {members}};
constexpr CheckFieldUse kEgfr[] = {
    {parts, kNeeds}, {whole, kNeeds}, {equation, kNeeds}, {tolerance, kNeeds}, {members}};
constexpr CheckFieldUse kPattern[] = {{conditions, kNeeds}, {members}};
constexpr CheckFieldUse kDuplicates[] = {{parts}, {tolerance}, {tolerance_percent}, {members}};
constexpr CheckFieldUse kDelta[] = {
    {parts, kNeeds}, {tolerance}, {tolerance_percent}, {within_days}};
constexpr CheckFieldUse kDeltaPair[] = {{parts, kNeeds},
                                        {percents, kNeeds},
                                        {tolerance_percent, kNeeds},
                                        {above, kNeeds},
                                        {within_days}};
constexpr CheckFieldUse kRebound[] = {
    {parts, kNeeds}, {above, kNeeds}, {below, kNeeds}, {within_days}};
constexpr CheckFieldUse kConstant[] = {{parts, kNeeds}};
constexpr CheckFieldUse kCourse[] = {{parts, kNeeds}, {tolerance_percent, kNeeds}, {within_days}};
constexpr CheckFieldUse kOfAnalytes[] = {{parts}};
constexpr CheckFieldUse kMixUp[] = {{parts}, {times, kNeeds}};
constexpr CheckFieldUse kSexBound[] = {{parts, kNeeds}, {sex, kNeeds}};
constexpr CheckFieldUse kSuspect[] = {{parts, kNeeds}, {above, kNeeds}, {words, kNeeds}};

constexpr auto kPanel = CheckFamily::panel;
constexpr auto kBefore = CheckFamily::delta;
constexpr auto kAlone = CheckFamily::value;

using Kind = CheckKind;

constexpr std::array<CheckKindInfo, kCheckKinds> kKinds{{
    {Kind::sum, "sum", kPanel, Code::panel_differs, "Parts that must add up do not.", kSum},
    {Kind::at_most, "at-most", kPanel, Code::panel_differs,
     "Parts are together more than the whole that they belong to.", kAtMost},
    {Kind::each_at_most, "each-at-most", kPanel, Code::panel_differs,
     "A part is more than the whole that it belongs to.", kEachAtMost},
    {Kind::ascending, "ascending", kPanel, Code::panel_differs,
     "A value is more than the one that must contain it.", kAscending},
    {Kind::share, "share", kPanel, Code::panel_differs, "A count is not its percent of the whole.",
     kShare},
    {Kind::ratio, "ratio", kPanel, Code::ratio_differs,
     "The reported ratio is not the one of the counts.", kRatio},
    {Kind::log, "log", kPanel, Code::log_differs,
     "The reported log10 value is not the logarithm of the reported value.", kLog},
    {Kind::product, "product", kPanel, Code::panel_differs,
     "A value is not what the others give together.", kProduct},
    {Kind::quotient, "quotient", kPanel, Code::panel_differs,
     "Two values that rise together stand in an unusual relation.", kLimits},
    {Kind::balance, "balance", kPanel, Code::panel_differs,
     "The difference of the values lies outside what a body can have.", kLimits},
    {Kind::friedewald, "friedewald", kPanel, Code::panel_differs,
     "The calculated LDL is not the one of Friedewald's formula.", kFriedewald},
    {Kind::egfr, "egfr", kPanel, Code::panel_differs,
     "The reported eGFR is not the one of the declared equation.", kEgfr},
    {Kind::pattern, "pattern", kPanel, Code::specimen_suspect,
     "Together the values suggest that the specimen was spoiled.", kPattern},
    {Kind::duplicates, "duplicates", kPanel, Code::duplicate_differs,
     "The same test of the same specimen came twice with different values.", kDuplicates},
    {Kind::delta, "delta", kBefore, Code::delta_exceeded,
     "The value differs from the subject's previous one by more than is usual.", kDelta},
    {Kind::delta_pair, "delta-pair", kBefore, Code::delta_exceeded,
     "Count and percent both differ from the subject's previous ones by more than is usual.",
     kDeltaPair},
    {Kind::rebound, "rebound", kBefore, Code::delta_exceeded,
     "A high value follows an undetectable one: check whose specimen it is.", kRebound},
    {Kind::constant, "constant", kBefore, Code::delta_exceeded,
     "A property that does not change in a life differs from the subject's previous one.",
     kConstant},
    {Kind::course, "course", kBefore, Code::course_factor,
     "The value is away from the subject's course by the factor between two units.", kCourse},
    {Kind::method, "method-change", kBefore, Code::method_changed,
     "The previous draw was measured by another method or assay.", kOfAnalytes},
    {Kind::unit, "unit-change", kBefore, Code::unit_changed,
     "The previous draw was reported in another unit.", kOfAnalytes},
    {Kind::lloq, "lloq-change", kBefore, Code::lloq_changed,
     "The previous draw was measured with another lower limit.", kOfAnalytes},
    {Kind::plausible, "plausible", kAlone, Code::implausible_value,
     "The value lies outside what the analyte can be.", kOfAnalytes},
    {Kind::flag, "flag", kAlone, Code::flag_differs,
     "The laboratory's H or L does not fit its own range.", kOfAnalytes},
    {Kind::critical, "critical", kAlone, Code::critical_value,
     "The value is critical; it remains the laboratory's duty to tell the clinic.", kOfAnalytes},
    {Kind::mix_up, "mix-up", kAlone, Code::unit_mix_up,
     "The value is unusual in its unit and usual in another one of the analyte.", kMixUp},
    {Kind::sex_bound, "sex-bound", kAlone, Code::sex_bound_test,
     "The test is one of the other sex: check whose specimen it is.", kSexBound},
    {Kind::born, "before-birth", kAlone, Code::collected_before_birth,
     "The specimen was collected before the subject was born.", kOfAnalytes},
    {Kind::reported, "after-report", kAlone, Code::collected_after_report,
     "The specimen was collected after its result was reported.", kOfAnalytes},
    {Kind::suspect, "suspect", kAlone, Code::specimen_suspect,
     "The value is high and the laboratory says something about the specimen that raises it.",
     kSuspect},
}};

constexpr bool in_order() {
    for (std::size_t at = 0; at < kKinds.size(); ++at) {
        if (static_cast<std::size_t>(kKinds[at].kind) != at) {
            return false;
        }
    }
    return true;
}
static_assert(in_order(), "info() finds a kind by its number");

}  // namespace

std::span<const CheckKindInfo> check_kinds() {
    return kKinds;
}

const CheckKindInfo& info(CheckKind kind) {
    return kKinds[static_cast<std::size_t>(kind)];
}

std::string_view word_of(Severity severity) {
    switch (severity) {
        case Severity::note:
            return "note";
        case Severity::warning:
            return "flag";
        case Severity::hold:
        case Severity::refuse:
            return "hold";
    }
    return "";
}

}  // namespace labrelay::study
