#include "folded_text.hpp"
#include "labrelay/units/reported_value.hpp"
#include "number_text.hpp"
#include "reported_words.hpp"

#include <algorithm>
#include <optional>

namespace labrelay::units {
namespace {

tl::unexpected<Error> unreadable(std::string_view component, std::size_t offset = 0) {
    return fail(Code::value_unreadable, Place{std::string(component), offset});
}

Result<Decimal> number_of(std::string_view text, std::string_view component, CommaMeaning comma) {
    const FoldedText folded(text);
    if (folded.unreadable_at()) {
        return unreadable(component, *folded.unreadable_at());
    }
    auto number = read_number({{0, folded.view().size()}, {}}, folded, comma);
    if (!number) {
        number.error().place.text = std::string(component);
    }
    return number;
}

std::optional<Comparator> comparator_of(std::string_view text) {
    const FoldedText folded(text);
    const auto known = comparator_texts();
    const auto found = std::ranges::find(known, folded.view(), &ComparatorText::text);
    if (folded.unreadable_at() || found == known.end()) {
        return std::nullopt;
    }
    return found->comparator;
}

/// What stands between the two numbers, or behind the only one.
enum class Separator : std::uint8_t { none, range, ratio, plus, unknown };

Separator separator_of(std::string_view text) {
    const FoldedText folded(text);
    const std::string_view mark = folded.view();
    if (mark.empty()) {
        return Separator::none;
    }
    if (mark == "-" || mark == "~") {
        return Separator::range;
    }
    if (mark == ":" || mark == "/") {
        return Separator::ratio;
    }
    return mark == "+" ? Separator::plus : Separator::unknown;
}

Result<ReportedValue> pair_of(ReportedValue value, Separator separator, std::string_view num2,
                              CommaMeaning comma) {
    const auto second = number_of(num2, "SN.4", comma);
    if (!second) {
        return tl::unexpected(second.error());
    }
    value.second = *second;
    if (separator == Separator::ratio) {
        value.kind = ReportedValue::Kind::ratio;
        return value;
    }
    if (separator != Separator::range) {
        return unreadable("SN.3");
    }
    value.kind = ReportedValue::Kind::range;
    if (value.comparator != Comparator::none || *value.second < *value.number) {
        return unreadable("SN.4");
    }
    return value;
}

}  // namespace

Result<ReportedValue> parse_structured_numeric(std::string_view comparator, std::string_view num1,
                                               std::string_view separator, std::string_view num2,
                                               CommaMeaning comma) {
    ReportedValue value;
    if (!trimmed(comparator).empty()) {
        const auto known = comparator_of(comparator);
        if (!known) {
            return unreadable("SN.1");
        }
        value.comparator = *known;
    }
    const auto first = number_of(num1, "SN.2", comma);
    if (!first) {
        return tl::unexpected(first.error());
    }
    value.number = *first;
    value.kind = value.comparator == Comparator::none ? ReportedValue::Kind::number
                                                      : ReportedValue::Kind::compared;
    const Separator between = separator_of(separator);
    if (!trimmed(num2).empty()) {
        return pair_of(std::move(value), between, num2, comma);
    }
    if (between == Separator::none) {
        return value;
    }
    if (between != Separator::plus || value.comparator != Comparator::none) {
        return unreadable("SN.3");
    }
    // ^2^+ is a grade, 2+: the number is no measure of anything.
    value.kind = ReportedValue::Kind::qualitative;
    value.word = "POS";
    value.number.reset();
    return value;
}

}  // namespace labrelay::units
