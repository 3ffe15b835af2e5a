#include "folded_text.hpp"
#include "labrelay/units/reported_value.hpp"
#include "number_text.hpp"
#include "reported_grammar.hpp"

namespace labrelay::units {
namespace {

ReferenceRange one_sided(Comparator comparator, const Decimal& limit) {
    ReferenceRange range;
    switch (comparator) {
        case Comparator::less:
        case Comparator::less_equal:
            range.high = limit;
            range.high_inclusive = comparator == Comparator::less_equal;
            break;
        case Comparator::greater:
        case Comparator::greater_equal:
            range.low = limit;
            range.low_inclusive = comparator == Comparator::greater_equal;
            break;
        case Comparator::none:
            break;
    }
    return range;
}

// 7--40 is written with a doubled dash; -5--1 may mean either, and then there is no range.
std::optional<Decimal> high_limit(const RangeReading& reading, const Decimal& low,
                                  const Decimal& second) {
    if (!reading.twofold_dash) {
        return low <= second ? std::optional(second) : std::nullopt;
    }
    const Decimal negative = second.negated();
    if (low <= negative || second < low) {
        return std::nullopt;
    }
    return second;
}

}  // namespace

ReferenceRange parse_reference_range(std::string_view text, CommaMeaning comma) {
    const FoldedText folded(text);
    const auto reading = folded.unreadable_at() ? Result<RangeReading>(fail(Code::value_unreadable))
                                                : read_range(folded.view());
    if (!reading) {
        return {};
    }
    const auto first = read_number(reading->first, folded, comma);
    if (!first) {
        return {};
    }
    if (!reading->has_joint) {
        return one_sided(reading->comparator, *first);
    }
    ReferenceRange range;
    range.low = *first;
    if (reading->second.digits.empty()) {  // 90-
        return range;
    }
    const auto second = read_number(reading->second, folded, comma);
    const auto high = second ? high_limit(*reading, *first, *second) : std::nullopt;
    if (!high || (first->is_zero() && high->is_zero())) {
        return {};  // 0-0 is what systems send where there is no range
    }
    range.high = *high;
    return range;
}

}  // namespace labrelay::units
