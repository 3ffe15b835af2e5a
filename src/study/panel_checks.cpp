#include "panel_checks.hpp"

#include <algorithm>

namespace labrelay::study {
namespace {

constexpr int kQuotientDigits = 15;

const Decimal* number(SpecimenResults results, std::string_view analyte) {
    const ResultRecord* record = measured(results, analyte);
    if (record == nullptr) {
        return nullptr;
    }
    const ResultValue& value = record->current_version().value;
    return value.state == units::ResultState::quantified && value.value_num ? &*value.value_num
                                                                            : nullptr;
}

/// The quotients that counts rounded to these digits can stand for.
struct Quotients {
    std::optional<Decimal> low;
    std::optional<Decimal> high;
};

Quotients quotients(const Decimal& dividend, const Decimal& divisor) {
    Quotients range;
    const auto least = dividend.minus(dividend.half_unit());
    const auto most = dividend.plus(dividend.half_unit());
    const auto divisor_least = divisor.minus(divisor.half_unit());
    const auto divisor_most = divisor.plus(divisor.half_unit());
    if (least && divisor_most) {
        range.low = least->divided_by(*divisor_most, kQuotientDigits);
    }
    if (most && divisor_least && !divisor_least->is_negative()) {
        range.high = most->divided_by(*divisor_least, kQuotientDigits);
    }
    return range;
}

/// P5: half a unit of the last reported digit, plus the rounding of the counts.
bool ratio_differs(SpecimenResults results) {
    const Decimal* reported = number(results, "CD4CD8");
    const Decimal* cd4 = number(results, "CD4A");
    const Decimal* cd8 = number(results, "CD8A");
    if (reported == nullptr || cd4 == nullptr || cd8 == nullptr || cd8->is_zero()) {
        return false;
    }
    const Quotients computed = quotients(*cd4, *cd8);
    const auto highest = reported->plus(reported->half_unit());
    const auto lowest = reported->minus(reported->half_unit());
    return (computed.low && highest && *highest < *computed.low) ||
           (computed.high && lowest && *lowest > *computed.high);
}

/// P8: by more than 0.01 or the rounding of the log value, whichever is wider.
std::optional<Finding> log_differs(SpecimenResults results) {
    const Decimal* log = number(results, "HIVVLLOG");
    const Decimal* copies = number(results, "HIVVL");
    if (log == nullptr || copies == nullptr || copies->is_zero() || copies->is_negative()) {
        return std::nullopt;
    }
    constexpr std::int32_t kDigits = 6;
    const auto computed = units::log10_of(*copies, kDigits);
    const auto difference = computed ? computed->minus(*log) : std::nullopt;
    if (!difference) {
        return std::nullopt;
    }
    const Decimal distance = difference->is_negative() ? difference->negated() : *difference;
    if (distance <= std::max(Decimal(1, 2), log->half_unit())) {
        return std::nullopt;
    }
    Finding finding;
    finding.code = Code::log_differs;
    finding.severity = distance > Decimal(5, 1) ? Severity::warning : Severity::note;
    return finding;
}

}  // namespace

std::vector<Finding> check_panel(SpecimenResults results) {
    std::vector<Finding> findings;
    if (ratio_differs(results)) {
        Finding finding;
        finding.code = Code::ratio_differs;
        finding.severity = Severity::warning;
        findings.push_back(std::move(finding));
    }
    if (auto finding = log_differs(results)) {
        findings.push_back(*std::move(finding));
    }
    return findings;
}

}  // namespace labrelay::study
