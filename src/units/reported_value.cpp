#include "labrelay/units/reported_value.hpp"

#include <algorithm>

#include "folded_text.hpp"
#include "labrelay/units/analyte_units.hpp"
#include "number_text.hpp"
#include "reported_grammar.hpp"

namespace labrelay::units {
namespace {

using Kind = ReportedValue::Kind;

/// Gives the pieces that the grammar found their meaning, or refuses what says two things at once.
class Interpreter {
public:
    Interpreter(const FoldedText& text, const Reading& reading, CommaMeaning comma)
        : text_(text), reading_(reading), comma_(comma) {}

    Result<ReportedValue> value() const {
        const bool word = !reading_.word.all.empty();
        const bool quantity = !reading_.quantity.all.empty();
        if (!quantity) {
            return word_alone();
        }
        if (reading_.named_limit != LimitName::none) {
            return named_limit_with_number();
        }
        auto read = reading_.quantity.limit == LimitName::none ? number() : beyond_limit();
        if (!read || !word) {
            return read;
        }
        return word_and_quantity(std::move(*read));
    }

private:
    tl::unexpected<Error> unreadable(const Piece& piece) const {
        return fail(Code::value_unreadable, Place{{}, text_.sent_offset(piece.begin)});
    }

    std::string sent(const Piece& piece) const {
        return std::string(text_.sent(piece.begin, piece.end));
    }

    Result<ReportedValue> word_alone() const {
        const auto& [all, meaning, mark] = reading_.word;
        ReportedValue value;
        if (meaning.kind == Kind::number) {  // a sign without a word
            value.kind = Kind::qualitative;
            value.word = std::string(mark);
            return value;
        }
        if (!mark_agrees()) {
            return unreadable(all);
        }
        value.kind = meaning.kind;
        value.word = meaning.kind == Kind::qualitative ? std::string(meaning.canonical) : sent(all);
        value.detected_said = meaning.detected_said;
        return value;
    }

    // 阴性(+) says two things.
    bool mark_agrees() const {
        const auto& [all, meaning, mark] = reading_.word;
        if (mark.empty()) {
            return true;
        }
        switch (meaning.kind) {
            case Kind::qualitative:
                return mark == meaning.canonical ||
                       (meaning.canonical == "WEAK_POS" && mark == "POS") ||
                       (meaning.canonical == "INDETERMINATE" && mark == "WEAK_POS");
            case Kind::not_detected:
                return mark == "NEG";
            case Kind::detected:
                return mark == "POS";
            case Kind::number:
                return true;
            case Kind::compared:
            case Kind::range:
            case Kind::ratio:
            case Kind::below_limit:
            case Kind::above_limit:
            case Kind::no_result:
                return false;
        }
        return false;
    }

    Result<ReportedValue> number() const {
        const QuantityPiece& quantity = reading_.quantity;
        const auto first = read_number(quantity.first, text_, comma_);
        if (!first) {
            return tl::unexpected(first.error());
        }
        ReportedValue value;
        value.kind = quantity.comparator == Comparator::none ? Kind::number : Kind::compared;
        value.comparator = quantity.comparator;
        value.number = *first;
        value.unit = sent(quantity.unit);
        if (quantity.joint != '\0') {
            const auto second = read_number(quantity.second, text_, comma_);
            if (!second) {
                return tl::unexpected(second.error());
            }
            value.second = *second;
            value.kind = quantity.joint == ':' ? Kind::ratio : Kind::range;
            if (value.kind == Kind::range &&
                (quantity.comparator != Comparator::none || *second < *first)) {
                return unreadable(quantity.second.digits);
            }
        }
        if (!reading_.log10.digits.empty() && !log_agrees(value)) {
            return unreadable(reading_.log10.digits);
        }
        return value;
    }

    // 2.52E+3 (3.40): what stands in brackets is taken for the logarithm only where it is.
    bool log_agrees(const ReportedValue& value) const {
        const auto log = read_number(reading_.log10, text_, comma_);
        if (!log || value.kind != Kind::number || log->scale() < 1) {
            return false;
        }
        const auto computed = log10_of(*value.number, log->scale() + 1);
        const auto difference = computed ? log->minus(*computed) : std::nullopt;
        if (!difference) {
            return false;
        }
        // The number was rounded too: one unit of the logarithm's last digit is allowed.
        const Decimal unit(1, log->scale());
        return *difference <= unit && *difference >= unit.negated();
    }

    // Nothing where the name and the comparator do not go together: above the lower limit says
    // nothing.
    static std::optional<Kind> side_of(Comparator comparator, LimitName limit) {
        const bool below = comparator == Comparator::less || comparator == Comparator::less_equal;
        const bool above =
            comparator == Comparator::greater || comparator == Comparator::greater_equal;
        if (below && limit == LimitName::lower) {
            return Kind::below_limit;
        }
        return above && limit == LimitName::upper ? std::optional(Kind::above_limit) : std::nullopt;
    }

    Result<ReportedValue> beyond_limit() const {
        const QuantityPiece& quantity = reading_.quantity;
        const auto side = side_of(quantity.comparator, quantity.limit);
        if (!side) {
            return unreadable(quantity.all);
        }
        ReportedValue value;
        value.kind = *side;
        value.word = sent(quantity.all);
        return value;
    }

    // 低于检测下限(<20): both must say the same; the number is the better half.
    Result<ReportedValue> named_limit_with_number() const {
        const QuantityPiece& quantity = reading_.quantity;
        const auto side = side_of(reading_.limit_comparator, reading_.named_limit);
        const LimitName named = side == Kind::above_limit ? LimitName::upper : LimitName::lower;
        if (!side || quantity.joint != '\0' || side_of(quantity.comparator, named) != side ||
            quantity.limit != LimitName::none) {
            return unreadable(quantity.all);
        }
        return number();
    }

    Result<ReportedValue> word_and_quantity(ReportedValue value) const {
        const auto& [all, meaning, mark] = reading_.word;
        const bool signs_only = meaning.kind == Kind::number;
        if (!mark_agrees()) {
            return unreadable(all);
        }
        if (signs_only || meaning.kind == Kind::qualitative) {
            return qualitative_with_index(std::move(value), signs_only ? mark : meaning.canonical);
        }
        const bool upper_bound =
            value.kind == Kind::compared &&
            (value.comparator == Comparator::less || value.comparator == Comparator::less_equal);
        switch (meaning.kind) {
            case Kind::detected:
                value.detected_said = true;
                return value;
            case Kind::not_detected:
                if (!upper_bound && value.kind != Kind::below_limit) {
                    return unreadable(reading_.quantity.all);
                }
                return not_detected_below(value);
            case Kind::below_limit:
                if (!upper_bound) {
                    return unreadable(reading_.quantity.all);
                }
                value.detected_said = meaning.detected_said;
                return value;
            case Kind::number:
            case Kind::compared:
            case Kind::range:
            case Kind::ratio:
            case Kind::above_limit:
            case Kind::qualitative:
            case Kind::no_result:
                break;
        }
        return unreadable(reading_.quantity.all);
    }

    // <20 Not detected: the limit is the assay's and no value. It is what the word can be compared
    // by.
    Result<ReportedValue> not_detected_below(const ReportedValue& limit) const {
        Result<ReportedValue> said = word_alone();
        if (said && limit.kind == Kind::compared) {
            said->comparator = limit.comparator;
            said->number = limit.number;
            said->unit = limit.unit;
        }
        return said;
    }

    Result<ReportedValue> qualitative_with_index(ReportedValue value, std::string_view word) const {
        if (!value.number || value.kind == Kind::range) {
            return unreadable(reading_.quantity.all);
        }
        value.kind = Kind::qualitative;
        value.word = std::string(word);
        return value;
    }

    const FoldedText& text_;
    const Reading& reading_;
    CommaMeaning comma_;
};

bool is_hl7_number(std::string_view text) {
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
        text.remove_prefix(1);
    }
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    const std::string_view fraction =
        point == std::string_view::npos ? std::string_view("0") : text.substr(point + 1);
    return !whole.empty() && !fraction.empty() && std::ranges::all_of(whole, is_digit) &&
           std::ranges::all_of(fraction, is_digit);
}

std::optional<ReportedValue> own_word(std::string_view text, const ReportedWords& words) {
    const auto found = std::ranges::find_if(words.words, [text](const ReportedWords::Word& word) {
        return same_words(text, word.text);
    });
    if (found == words.words.end()) {
        return std::nullopt;
    }
    ReportedValue value;
    value.kind = found->kind;
    value.word = found->canonical.empty() ? std::string(trimmed(text)) : found->canonical;
    value.detected_said = found->kind == Kind::detected;
    return value;
}

std::optional<ReportedValue> plain_number(std::string_view text) {
    const auto number = is_hl7_number(text) ? Decimal::parse(text) : std::nullopt;
    if (!number) {
        return std::nullopt;
    }
    ReportedValue value;
    value.number = *number;
    return value;
}

}  // namespace

std::string_view to_string(Comparator comparator) {
    switch (comparator) {
        case Comparator::none:
            return "";
        case Comparator::less:
            return "<";
        case Comparator::less_equal:
            return "<=";
        case Comparator::greater:
            return ">";
        case Comparator::greater_equal:
            return ">=";
    }
    return "";
}

Result<ReportedValue> parse_reported(std::string_view text, const ReportedWords& words) {
    if (auto word = own_word(text, words)) {
        return std::move(*word);
    }
    // Most values are plain numbers; the grammar reads them no differently, only slower.
    if (words.comma != CommaMeaning::decimal) {
        if (auto number = plain_number(text)) {
            return std::move(*number);
        }
    }
    const FoldedText folded(text);
    if (folded.unreadable_at()) {
        return fail(Code::value_unreadable, Place{{}, *folded.unreadable_at()});
    }
    const auto reading = read_reported(folded.view());
    if (!reading) {
        return fail(Code::value_unreadable,
                    Place{{}, folded.sent_offset(reading.error().place.offset)});
    }
    return Interpreter(folded, *reading, words.comma).value();
}

Result<NumericField> parse_numeric(std::string_view text, const ReportedWords& words) {
    const bool strict = is_hl7_number(text);
    auto value = parse_reported(text, words);
    if (!value) {
        return tl::unexpected(std::move(value).error());
    }
    return NumericField{std::move(*value), strict};
}

}  // namespace labrelay::units
