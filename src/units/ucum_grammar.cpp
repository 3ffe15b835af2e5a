#include "ucum_grammar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/spirit/home/x3.hpp>
#include <charconv>
#include <functional>
#include <string>
#include <utility>

namespace labrelay::units {
namespace {

namespace x3 = boost::spirit::x3;

using Iterator = std::string_view::const_iterator;
using Kind = UcumComponent::Kind;

constexpr std::size_t kMostBytes = 256;
constexpr std::size_t kMostDepth = 16;
constexpr std::int32_t kMostExponent = 999;
constexpr std::size_t kMostNumberDigits = 30;

std::string_view view(const boost::iterator_range<Iterator>& range) {
    return range.empty()
               ? std::string_view()
               : std::string_view(&*range.begin(), static_cast<std::size_t>(range.size()));
}

/// What the grammar has read so far. The grammar never goes back over something that was added.
class Builder {
public:
    explicit Builder(std::string_view text) : text_(text) { open_.emplace_back(); }

    void divide(bool divided) { divided_ = divided; }
    void add(Kind kind, std::string_view part) {
        UcumComponent component;
        component.kind = kind;
        component.divided = std::exchange(divided_, false);
        component.at = static_cast<std::size_t>(part.data() - text_.data());
        component.text = part;
        open_.back().push_back(std::move(component));
    }
    void annotate(std::string_view annotation) { open_.back().back().annotation = annotation; }
    void raise(std::string_view written) {
        const bool sign = written.front() == '+' || written.front() == '-';
        std::string_view digits = written.substr(sign ? 1 : 0);
        std::int32_t exponent = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
        if (error != std::errc() || exponent > kMostExponent) {
            too_large_at_ = static_cast<std::size_t>(written.data() - text_.data());
            exponent = 1;
        }
        open_.back().back().exponent = written.front() == '-' ? -exponent : exponent;
    }
    void open(std::string_view parenthesis) {
        add(Kind::group, parenthesis);
        open_.emplace_back();
    }
    void close() {
        std::vector<UcumComponent> inner = std::move(open_.back());
        open_.pop_back();
        open_.back().back().inner = std::move(inner);
    }

    std::vector<UcumComponent>& parts() { return open_.back(); }
    std::size_t too_large_at() const { return too_large_at_; }

private:
    std::string_view text_;
    std::vector<std::vector<UcumComponent>> open_;
    bool divided_ = false;
    std::size_t too_large_at_ = std::string_view::npos;
};

struct BuilderTag {};

template <class Context>
Builder& builder(Context& context) {
    return x3::get<BuilderTag>(context).get();
}

const auto on_divide = [](auto& context) { builder(context).divide(true); };
const auto on_symbol = [](auto& context) {
    builder(context).add(Kind::symbol, view(x3::_attr(context)));
};
const auto on_number = [](auto& context) {
    builder(context).add(Kind::number, view(x3::_attr(context)));
};
const auto on_alone = [](auto& context) {
    builder(context).add(Kind::annotation, view(x3::_attr(context)));
};
const auto on_annotation = [](auto& context) {
    builder(context).annotate(view(x3::_attr(context)));
};
const auto on_exponent = [](auto& context) { builder(context).raise(view(x3::_attr(context))); };
const auto on_open = [](auto& context) { builder(context).open(view(x3::_attr(context))); };
const auto on_close = [](auto& context) { builder(context).close(); };

// The names are what an expectation that fails is known by.
constexpr const char* kBracket = "bracket";
constexpr const char* kBrace = "brace";

const x3::rule<struct EndOfBracket> end_of_bracket = kBracket;
const auto end_of_bracket_def = x3::lit(']');
const x3::rule<struct EndOfBrace> end_of_brace = kBrace;
const auto end_of_brace_def = x3::lit('}');

// Everything that is printed but digits and what the grammar itself uses.
const auto symbol_char = x3::char_("!#-'*,:->?@A-Z\\\\^_`a-z|~;<") - x3::lit('=');
const auto bracketed = (x3::lit('[') >> *(x3::char_("!-~") - x3::char_("[]"))) > end_of_bracket;
const auto power_of_ten = x3::lit("10*") | x3::lit("10^");
const auto symbol = x3::raw[power_of_ten | +(symbol_char | bracketed)];
const auto number = x3::raw[+x3::char_("0-9")];
const auto exponent = x3::raw[-x3::char_("+-") >> +x3::char_("0-9")];
const auto annotation =
    (x3::lit('{') >> x3::raw[*(x3::char_("!-~") - x3::char_("{}"))][on_annotation]) > end_of_brace;
const auto alone =
    (x3::lit('{') >> x3::raw[*(x3::char_("!-~") - x3::char_("{}"))][on_alone]) > end_of_brace;

const x3::rule<struct ComponentRule> component = "unit";
const auto term = component >> *((x3::lit('/')[on_divide] | x3::lit('.')) > component);
const auto group = x3::raw[x3::lit('(')][on_open] > term > x3::lit(')')[on_close];
const auto component_def = group | (symbol[on_symbol] >> -exponent[on_exponent] >> -annotation) |
                           (number[on_number] >> -annotation) | alone;
const auto whole = -x3::lit('/')[on_divide] > term > x3::eoi;

BOOST_SPIRIT_DEFINE(end_of_bracket, end_of_brace, component)

std::optional<Error> bad_character(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto c = static_cast<unsigned char>(text[at]);
        if (c > ' ' && c < 0x7F) {
            continue;
        }
        const std::string_view what = c == ' '   ? "A blank stands there."
                                      : c > 0x7E ? "The character is not ASCII."
                                                 : "A control character stands there.";
        return Error{Code::unit_character, {{}, at}, std::string(what)};
    }
    return std::nullopt;
}

std::optional<Error> too_large(std::string_view text) {
    if (text.size() > kMostBytes) {
        return Error{Code::unit_too_large,
                     {{}, kMostBytes},
                     fmt::format("It has {} bytes; {} are read.", text.size(), kMostBytes)};
    }
    std::size_t depth = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '(') {
            ++depth;
        } else if (text[at] == ')' && depth > 0) {
            --depth;
        }
        if (depth > kMostDepth) {
            return Error{Code::unit_too_large,
                         {{}, at},
                         fmt::format("Parentheses stand {} deep at most.", kMostDepth)};
        }
    }
    return std::nullopt;
}

/// What is wrong where the grammar could not go on. `last` is the part before, if there is one.
class Diagnosis {
public:
    Diagnosis(std::string_view text, std::size_t at, const UcumComponent* last)
        : text_(text), at_(at), last_(last) {}

    Error of(std::string_view expected) const {
        if (expected == kBracket) {
            return not_closed(text_.rfind('[', at_ > 0 ? at_ - 1 : 0), '[');
        }
        if (expected == kBrace) {
            return not_closed(text_.rfind('{', at_ > 0 ? at_ - 1 : 0), '{');
        }
        const bool at_start =
            at_ == 0 || text_[at_ - 1] == '(' || text_[at_ - 1] == '/' || text_[at_ - 1] == '.';
        const bool closing =
            at_ < text_.size() && (here() == ']' || here() == '}' || here() == ')');
        if (closing && !(at_start && here() == ')')) {
            return error(Code::unit_not_closed, fmt::format("\"{}\" closes nothing.", here()));
        }
        if (at_start) {
            return no_unit();
        }
        if (at_ == text_.size()) {
            return not_closed(innermost_open(), '(');
        }
        return no_operator();
    }

private:
    char here() const { return text_[at_]; }
    Error error(Code code, std::string detail) const {
        return {code, {{}, at_}, std::move(detail)};
    }
    static Error not_closed(std::size_t at, char sign) {
        return {Code::unit_not_closed, {{}, at}, fmt::format("\"{}\" is not closed.", sign)};
    }
    std::size_t innermost_open() const {
        std::vector<std::size_t> open;
        for (std::size_t at = 0; at < text_.size(); ++at) {
            if (text_[at] == '(') {
                open.push_back(at);
            } else if (text_[at] == ')' && !open.empty()) {
                open.pop_back();
            }
        }
        return open.empty() ? text_.size() : open.back();
    }

    Error no_unit() const {
        const bool nothing = at_ == text_.size() || here() == '/' || here() == '.' || here() == ')';
        if (!nothing) {
            return error(Code::unit_character,
                         fmt::format("A unit does not begin with \"{}\".", here()));
        }
        const char before = at_ > 0 ? text_[at_ - 1] : '\0';
        return error(Code::unit_term_missing,
                     before == '\0'
                         ? std::string("A unit begins with a symbol, a number or one slash.")
                         : fmt::format("After \"{}\" a unit is expected.", before));
    }

    Error no_operator() const {
        const bool after_number = last_ != nullptr && last_->kind == Kind::number;
        if (here() == '+' || here() == '-') {
            return error(Code::unit_number_bad,
                         after_number
                             ? "A number takes no exponent; a power of ten is written 10*3."
                             : "The exponent has no digits.");
        }
        if (here() == '=' || here() == '"') {
            return error(Code::unit_character, fmt::format("\"{}\" stands in no unit.", here()));
        }
        if (last_ != nullptr && (last_->kind == Kind::annotation || !last_->annotation.empty())) {
            return error(Code::unit_operator_missing,
                         "Behind a closing brace a point or a slash is expected.");
        }
        return error(
            Code::unit_operator_missing,
            after_number
                ? fmt::format("A number is followed by a point: {}.{}", last_->text,
                              text_.substr(at_, 12))
                : "A point or a slash is expected: multiplication is written with a point.");
    }

    std::string_view text_;
    std::size_t at_;
    const UcumComponent* last_;
};

const UcumComponent* long_number(const std::vector<UcumComponent>& parts) {
    for (const UcumComponent& part : parts) {
        if (part.kind == Kind::number && part.text.size() > kMostNumberDigits) {
            return &part;
        }
        if (const UcumComponent* const inner = long_number(part.inner)) {
            return inner;
        }
    }
    return nullptr;
}

}  // namespace

Result<std::vector<UcumComponent>> parse_ucum_term(std::string_view text) {
    if (text.empty()) {
        return fail(Code::unit_empty, {{}, 0});
    }
    for (const auto& check : {too_large(text), bad_character(text)}) {
        if (check) {
            return tl::unexpected<Error>(*check);
        }
    }
    Builder built(text);
    Iterator at = text.begin();
    const auto grammar = x3::with<BuilderTag>(std::ref(built))[whole];
    try {
        x3::parse(at, text.end(), grammar);
    } catch (const x3::expectation_failure<Iterator>& failure) {
        const auto offset = static_cast<std::size_t>(failure.where() - text.begin());
        const UcumComponent* last = built.parts().empty() ? nullptr : &built.parts().back();
        return tl::unexpected<Error>(Diagnosis(text, offset, last).of(failure.which()));
    }
    if (built.too_large_at() != std::string_view::npos) {
        return fail(Code::unit_too_large, {{}, built.too_large_at()},
                    fmt::format("Exponents are read up to {}.", kMostExponent));
    }
    if (const UcumComponent* const number_part = long_number(built.parts())) {
        return fail(Code::unit_too_large, {{}, number_part->at},
                    fmt::format("Numbers of {} digits are read.", kMostNumberDigits));
    }
    return std::move(built.parts());
}

}  // namespace labrelay::units
