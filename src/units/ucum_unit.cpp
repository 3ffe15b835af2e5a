#include "ucum_unit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "rational_value.hpp"
#include "ucum_suggestion.hpp"
#include "ucum_table.hpp"

namespace labrelay::units {
namespace {

using Kind = UcumComponent::Kind;

// 10^1233. The largest unit that anybody writes has a hundred.
constexpr std::size_t kMostBits = 4096;

// 1000 is easier read than 10*3, 10*6 than 1000000.
constexpr int kMostPlainZeros = 3;

class Evaluation {
public:
    Evaluation(std::string_view text, const UcumTable& table) : table_(table) {
        data_.text = std::string(text);
    }

    Result<Unit::Data> run(const std::vector<UcumComponent>& parts) {
        if (!multiply(parts, false)) {
            return tl::unexpected<Error>(std::move(error_));
        }
        if (special_at_ != std::string_view::npos && factors_ > 0) {
            return fail(Code::unit_special_misused, {{}, special_at_},
                        fmt::format("{} stands alone or with a number.", data_.special));
        }
        if (special_at_ != std::string_view::npos) {
            // The magnitude is the proper unit's; numbers and prefixes are the step of the scale.
            data_.magnitude = proper_;
        } else {
            data_.step = Rational(1);
        }
        return std::move(data_);
    }

private:
    bool multiply(const std::vector<UcumComponent>& parts, bool divided) {
        return std::all_of(parts.begin(), parts.end(), [&](const UcumComponent& part) {
            return multiply(part, divided != part.divided);
        });
    }

    bool multiply(const UcumComponent& part, bool divided) {
        annotate(part);
        switch (part.kind) {
            case Kind::annotation:
                return true;
            case Kind::group:
                return multiply(part.inner, divided);
            case Kind::number:
                return number(part, divided);
            case Kind::symbol:
                return symbol(part, divided);
        }
        return false;
    }

    void annotate(const UcumComponent& part) {
        const std::string_view text = part.kind == Kind::annotation ? part.text : part.annotation;
        if (!text.empty()) {
            data_.annotations.emplace_back(text);
        }
    }

    bool number(const UcumComponent& part, bool divided) {
        const auto factor = Rational::whole(part.text);
        if (!factor || factor->is_zero()) {
            return refuse(Code::unit_number_bad, part.at, "A number in a unit is above zero.");
        }
        data_.step = divided ? data_.step.over(*factor) : data_.step.times(*factor);
        return scale(*factor, divided ? -1 : 1, part.at);
    }

    bool symbol(const UcumComponent& part, bool divided) {
        const auto split = table_.split(part.text);
        if (!split) {
            Error unknown = unknown_symbol(part.text, table_);
            return refuse(unknown.code, part.at, std::move(unknown.detail));
        }
        const std::int32_t exponent = divided ? -part.exponent : part.exponent;
        if (split->atom->scale != Scale::proportional) {
            return special(*split, exponent, part.at);
        }
        // A power of ten beside a special unit is a number; all else is another unit.
        const bool is_ten = split->prefix == nullptr && part.text.starts_with("10");
        factors_ += is_ten ? 0 : 1;
        if (split->prefix != nullptr && !scale(split->prefix->factor, exponent, part.at)) {
            return false;
        }
        if (is_ten) {
            data_.step = data_.step.times(Rational::ten_to_the(exponent));
        }
        data_.dimension.add(split->atom->dimension, exponent);
        data_.nature.add(split->atom->nature, exponent);
        return scale(split->atom->magnitude, exponent, part.at);
    }

    bool special(const UcumTable::Split& split, std::int32_t exponent, std::size_t at) {
        if (exponent != 1 || special_at_ != std::string_view::npos) {
            return refuse(Code::unit_special_misused, at,
                          fmt::format("{} has no powers and divides nothing.", split.atom->symbol));
        }
        special_at_ = at;
        data_.scale = split.atom->scale;
        data_.special = std::string(split.atom->symbol);
        proper_ = split.atom->magnitude;
        if (split.prefix != nullptr) {
            data_.step = data_.step.times(split.prefix->factor);
        }
        data_.dimension.add(split.atom->dimension, 1);
        data_.nature.add(split.atom->nature, 1);
        return true;
    }

    bool scale(const Rational& factor, std::int32_t exponent, std::size_t at) {
        const auto size = factor.bits() * static_cast<std::size_t>(std::abs(exponent));
        if (size <= kMostBits) {
            Rational next = data_.magnitude.times(factor.to_the(exponent));
            if (next.bits() <= kMostBits) {
                data_.magnitude = std::move(next);
                return true;
            }
        }
        return refuse(Code::unit_too_large, at, "The power is larger than anything measured.");
    }

    bool refuse(Code code, std::size_t at, std::string detail) {
        error_ = {code, {{}, at}, std::move(detail)};
        return false;
    }

    const UcumTable& table_;
    Unit::Data data_;
    Rational proper_;
    std::size_t special_at_ = std::string_view::npos;
    int factors_ = 0;
    Error error_;
};

void append_power(std::string& text, std::string_view symbol, std::int32_t exponent) {
    if (!text.empty()) {
        text += '.';
    }
    text += symbol;
    if (exponent != 1) {
        text += fmt::format("{}", exponent);
    }
}

/// A number as UCUM writes it: `25`, `254.10*-4`, `1/3`; "" for one.
std::string number_text(const Rational& number) {
    Whole above = number.value().numerator;
    Whole below = number.value().denominator;
    int tens = 0;
    const auto strip = [](Whole& from, unsigned divisor) {
        int times = 0;
        while (from > 1 && from % divisor == 0) {
            from /= divisor;
            ++times;
        }
        return times;
    };
    const int twos = strip(below, 2);
    const int fives = strip(below, 5);
    if (below == 1) {
        above *= boost::multiprecision::pow(Whole(twos > fives ? 5 : 2),
                                            static_cast<unsigned>(std::abs(twos - fives)));
        tens = -std::max(twos, fives);
        while (above > 1 && above % 10 == 0) {
            above /= 10;
            ++tens;
        }
    } else {
        below = number.value().denominator;
    }
    if (tens > 0 && tens <= kMostPlainZeros) {
        above *= whole_power_of_ten(std::exchange(tens, 0));
    }
    std::string text = above == 1 && tens != 0 ? "" : above.str();
    if (below != 1) {
        text += '/' + below.str();
    }
    if (tens != 0) {
        append_power(text, "10*", tens);
    }
    return text == "1" ? "" : text;
}

}  // namespace

void Dimension::add(const Dimension& other, std::int32_t times) {
    for (const Power& power : other.powers_) {
        const auto at =
            std::lower_bound(powers_.begin(), powers_.end(), power.base,
                             [](const Power& one, std::uint16_t base) { return one.base < base; });
        if (at == powers_.end() || at->base != power.base) {
            powers_.insert(at, {power.base, power.exponent * times});
            continue;
        }
        at->exponent += power.exponent * times;
        if (at->exponent == 0) {
            powers_.erase(at);
        }
    }
    std::erase_if(powers_, [](const Power& power) { return power.exponent == 0; });
}

Dimension Dimension::of(std::uint16_t base) {
    Dimension dimension;
    dimension.powers_.push_back({base, 1});
    return dimension;
}

std::string Dimension::text() const {
    std::string text;
    for (const Power& power : powers_) {
        append_power(text, UcumTable::get().base(power.base), power.exponent);
    }
    return text.empty() ? "1" : text;
}

Result<Unit::Data> read_unit(std::string_view text, const UcumTable& table) {
    const Result<std::vector<UcumComponent>> parts = parse_ucum_term(text);
    if (!parts) {
        return tl::unexpected<Error>(parts.error());
    }
    return Evaluation(text, table).run(*parts);
}

Result<Unit> parse_ucum(std::string_view text) {
    Result<Unit::Data> data = read_unit(text, UcumTable::get());
    if (!data) {
        return tl::unexpected<Error>(std::move(data.error()));
    }
    return Unit(std::make_shared<const Unit::Data>(std::move(*data)));
}

Unit::Unit() {
    static const auto kUnity = std::make_shared<const Data>();
    data_ = kUnity;
}

const std::string& Unit::text() const {
    return data_->text;
}
const Rational& Unit::magnitude() const {
    return data_->magnitude;
}
const Dimension& Unit::dimension() const {
    return data_->dimension;
}
const Dimension& Unit::nature() const {
    return data_->nature;
}
Scale Unit::scale() const {
    return data_->scale;
}
const Rational& Unit::step() const {
    return data_->step;
}
const std::vector<std::string>& Unit::annotations() const {
    return data_->annotations;
}

std::string Unit::canonical() const {
    std::string text = number_text(is_special() ? step() : magnitude());
    if (is_special()) {
        append_power(text, data_->special, 1);
        return text;
    }
    for (const Dimension::Power& power : dimension().powers()) {
        append_power(text, UcumTable::get().base(power.base), power.exponent);
    }
    return text.empty() ? "1" : text;
}

bool commensurable(const Unit& left, const Unit& right) {
    return left.dimension() == right.dimension();
}

bool equal(const Unit& left, const Unit& right) {
    return commensurable(left, right) && left.scale() == right.scale() &&
           left.magnitude() == right.magnitude() &&
           (!left.is_special() || left.step() == right.step());
}

}  // namespace labrelay::units
