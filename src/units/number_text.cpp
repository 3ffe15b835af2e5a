#include "number_text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace labrelay::units {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

// 1,234,567.8: one to three digits, then groups of three. Gives the first comma that does not fit.
std::size_t misplaced_thousands(std::string_view digits) {
    const std::size_t first = digits.find(',');
    const std::size_t start = digits.find_first_of("0123456789,.");
    std::size_t group = first - start;
    if (group < 1 || group > 3) {
        return first;
    }
    std::size_t last_comma = first;
    group = 0;
    for (std::size_t at = first + 1; at <= digits.size(); ++at) {
        const char c = at < digits.size() ? digits[at] : '.';
        if (c >= '0' && c <= '9') {
            ++group;
            continue;
        }
        if (group != 3) {
            return last_comma;
        }
        if (c != ',') {
            break;
        }
        last_comma = at;
        group = 0;
    }
    const std::size_t behind = digits.find(',', digits.find_first_of(".e"));
    return digits.find_first_of(".e") == kNone ? kNone : behind;
}

// Where decimal commas are the rule, 1.234 may be meant as a thousand.
std::size_t doubtful_point(std::string_view digits) {
    const std::size_t start = digits.find_first_of("0123456789.");
    const std::size_t point = digits.find('.');
    const bool grouped = point != kNone && point > start && point - start <= 3 &&
                         digits.size() == point + 4 && digits[start] != '0' &&
                         digits.find_first_not_of("0123456789", point + 1) == kNone;
    return grouped ? point : kNone;
}

/// The first separator whose meaning is not certain.
std::size_t doubtful_separator(std::string_view digits, CommaMeaning meaning) {
    const std::size_t comma = digits.find(',');
    switch (meaning) {
        case CommaMeaning::undeclared:
            return comma;
        case CommaMeaning::thousands:
            return comma == kNone ? kNone : misplaced_thousands(digits);
        case CommaMeaning::decimal:
            if (comma == kNone) {
                return doubtful_point(digits);
            }
            return std::min(digits.find(',', comma + 1), digits.find('.'));
    }
    return comma;
}

std::optional<Decimal> with_power(const Decimal& value, std::string_view power) {
    if (power.empty()) {
        return value;
    }
    if (power.front() == '+') {
        power.remove_prefix(1);
    }
    int exponent = 0;
    const auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (error != std::errc() || end != power.data() + power.size()) {
        return std::nullopt;
    }
    const auto factor = Decimal::power_of_ten(exponent);
    return factor ? value.times(*factor) : std::nullopt;
}

}  // namespace

Result<Decimal> read_number(const NumberPiece& piece, const FoldedText& text, CommaMeaning comma) {
    std::string digits(piece.digits.of(text.view()));
    if (const std::size_t at = doubtful_separator(digits, comma); at != kNone) {
        return fail(Code::number_separator, Place{{}, text.sent_offset(piece.digits.begin + at)});
    }
    if (comma == CommaMeaning::decimal) {
        std::ranges::replace(digits, ',', '.');
    } else {
        std::erase(digits, ',');
    }
    const auto value = Decimal::parse(digits);
    const bool twice = !piece.power.empty() && digits.find('e') != kNone;  // 1e3 x 10^3
    const auto powered =
        value && !twice ? with_power(*value, piece.power.of(text.view())) : std::nullopt;
    if (!powered) {
        return fail(Code::value_unreadable, Place{{}, text.sent_offset(piece.digits.begin)});
    }
    return *powered;
}

}  // namespace labrelay::units
