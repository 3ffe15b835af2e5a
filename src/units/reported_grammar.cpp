// The grammar of src/units/reported_value.md in Boost.Spirit X3. Every alternative that can be
// given up gives its whole attribute anew (x3::attr), because alternatives do not roll back;
// characters are tested by sets only, because x3::alpha and its like abort on bytes past ASCII.

#include "reported_grammar.hpp"

#include <algorithm>
#include <boost/fusion/include/adapt_struct.hpp>
#include <boost/range/iterator_range.hpp>
#include <boost/spirit/home/x3.hpp>

namespace labrelay::units::grammar {

namespace x3 = boost::spirit::x3;

using Iterator = const char*;
using Range = boost::iterator_range<Iterator>;

// Wrapped, because X3 takes a bare string_view for a container to push characters into.
struct Mark {
    std::string_view canonical;
};

struct Number {
    Range digits;
    Range power;
};

struct Joined {
    char joint = '\0';
    Number number;
};

struct Quantity {
    Comparator comparator = Comparator::none;
    LimitName limit = LimitName::none;
    Number first;
    Joined joined;
    Range unit;
};

struct Word {
    WordMeaning meaning;
    Mark mark;
};

struct WordFirst {
    Word word;
    Quantity quantity;
    Number log10;
};

struct NumberFirst {
    Quantity quantity;
    Number log10;
    Word word;
};

struct LimitFirst {
    Quantity limit;
    Quantity amount;
};

struct RangeText {
    Comparator comparator = Comparator::none;
    Number first;
    char joint = '\0';
    Number second;
};

}  // namespace labrelay::units::grammar

BOOST_FUSION_ADAPT_STRUCT(labrelay::units::grammar::Number, digits, power)
BOOST_FUSION_ADAPT_STRUCT(labrelay::units::grammar::Joined, joint, number)
BOOST_FUSION_ADAPT_STRUCT(labrelay::units::grammar::Quantity, comparator, limit, first, joined,
                          unit)
BOOST_FUSION_ADAPT_STRUCT(labrelay::units::grammar::Word, meaning, mark)
BOOST_FUSION_ADAPT_STRUCT(labrelay::units::grammar::WordFirst, word, quantity, log10)
BOOST_FUSION_ADAPT_STRUCT(labrelay::units::grammar::NumberFirst, quantity, log10, word)
BOOST_FUSION_ADAPT_STRUCT(labrelay::units::grammar::LimitFirst, limit, amount)
BOOST_FUSION_ADAPT_STRUCT(labrelay::units::grammar::RangeText, comparator, first, joint, second)

namespace labrelay::units::grammar {

using x3::attr;
using x3::char_;
using x3::eoi;
using x3::lit;
using x3::omit;
using x3::raw;

/// Where known things ended: the farthest of these is where an unreadable text stops being known.
/// The two that the interpretation may refuse also leave their place.
struct Progress {
    Iterator farthest = nullptr;
    Range word;
    Range quantity;
};
struct ProgressTag;

struct Known {
    template <class It, class Attribute, class Context>
    void on_success(const It&, const It& last, Attribute&, const Context& context) {
        Progress& progress = x3::get<ProgressTag>(context);
        progress.farthest = std::max(progress.farthest, last);
    }
};

struct NumberId : Known {};
struct ComparatorId : Known {};
struct LimitId : Known {};
struct UnitId : Known {};

// A sign or a mask that turns out to begin something else is nothing known.
struct SignId {
    template <class It, class Attribute, class Context>
    void on_success(const It& first, const It& last, Attribute&, const Context& context) {
        x3::get<ProgressTag>(context).word = Range(first, last);
    }
};
struct LoneMarkId : SignId {};
struct MaskedId : SignId {};

struct WordId {
    template <class It, class Attribute, class Context>
    void on_success(const It& first, const It& last, Attribute& word, const Context& context) {
        Known().on_success(first, last, word, context);
        x3::get<ProgressTag>(context).word = Range(first, last);
    }
};

struct QuantityId {
    template <class It, class Attribute, class Context>
    void on_success(const It& first, const It& last, Attribute&, const Context& context) {
        x3::get<ProgressTag>(context).quantity = Range(first, last);
    }
};

// Words of Latin letters end where their letters end; Chinese ones may be followed by anything.
bool is_han(std::string_view word) {
    return static_cast<unsigned char>(word.front()) >= 0xE2;
}

x3::symbols<WordMeaning> words(bool han) {
    x3::symbols<WordMeaning> table;
    for (const auto& word : built_in_words()) {
        if (is_han(word.text) == han) {
            table.add(word.text, word.meaning);
        }
    }
    return table;
}

// The parts of the grammar are named as in reported_value.md.
// NOLINTBEGIN(readability-identifier-naming)

const x3::symbols<WordMeaning> latin_word = words(false);
const x3::symbols<WordMeaning> han_word = words(true);

const x3::symbols<LimitName> limit_name = [] {
    x3::symbols<LimitName> table;
    for (const auto& limit : limit_names()) {
        table.add(limit.text, limit.limit);
    }
    return table;
}();

const x3::symbols<Comparator> comparator_text = [] {
    x3::symbols<Comparator> table;
    for (const auto& comparator : comparator_texts()) {
        table.add(comparator.text, comparator.comparator);
    }
    return table;
}();

const x3::symbols<Mark> sign_mark = [] {
    x3::symbols<Mark> table;
    for (const auto& mark : sign_marks()) {
        table.add(mark.text, Mark{mark.canonical});
    }
    return table;
}();

const x3::symbols<char> joint = [] {
    x3::symbols<char> table;
    table.add("-", '-')("~", '-')("to ", '-')("至", '-')("到", '-')(":", ':');
    return table;
}();

// '=' stands for the doubled dash.
const x3::symbols<char> range_joint = [] {
    x3::symbols<char> table;
    table.add("-", '-')("--", '=')("~", '-')("to ", '-')("至", '-')("到", '-');
    return table;
}();

// A unit of one word; everything else that is a unit has a slash.
const x3::symbols<> lone_unit = [] {
    x3::symbols<> table;
    table.add("fl")("pg")("log")("log10")("lg")("copies")("cp")("coi")("index");
    return table;
}();

const auto blanks = omit[*lit(' ')];
const auto digit = char_('0', '9');
const auto letter = char_('a', 'z');
const auto arrow = lit("↑") | lit("↓");
const auto beyond_ascii = char_('\x80', '\xff') - arrow;

const x3::rule<class DigitsId, Range> digits = "digits";
const auto digits_def =
    raw[-char_("+-") >> (digit | (lit('.') >> digit)) >>
        *(digit | lit('.') | (lit(',') >> &digit)) >> -(lit('e') >> -char_("+-") >> +digit)];

// 3.5 x10^9/l is 3.5 of the unit 10^9/l, so a slash behind the power leaves it to the unit.
const x3::rule<class PowerId, Range> power = "power of ten";
const auto power_def = omit[blanks >> char_("x*") >> blanks >> lit("10") >> char_("^*")] >>
                       raw[-char_("+-") >> +digit] >> !(blanks >> lit('/'));

const x3::rule<NumberId, Number> number = "number";
const auto number_def = digits >> (power | attr(Range()));

const x3::rule<ComparatorId, Comparator> comparator = "comparator";
const auto comparator_def = comparator_text;

const x3::rule<LimitId, LimitName> limit = "name of a limit";
const auto limit_def = limit_name;

const auto name_char = letter | char_("{}[]_%#'") | beyond_ascii;
const auto power_prefix = -lit('x') >> lit("10") >> char_("*^") >> -char_("+-") >> +digit >>
                          -lit('.');
const auto log_prefix = (lit("log10") | lit("log") | lit("lg")) >> (lit(' ') | &lit('('));
const auto denominator = (lit("1.73") >> -lit(' ') >> +(name_char | digit | char_("^"))) |
                         (name_char >> *(name_char | digit | char_(".*^")));
const auto fraction = -power_prefix >> *name_char >>
                      +(blanks >> lit('/') >> blanks >>
                        (denominator | (lit('(') >> denominator >> lit(')'))));

const x3::rule<UnitId, Range> unit = "unit";
const auto unit_def = raw[(-log_prefix >> (fraction | (lit('(') >> fraction >> lit(')')))) |
                          (lit('%') >> *letter) | (lone_unit >> !name_char)];

const x3::rule<class JoinedId, Joined> joined = "second number";
const auto joined_def = blanks >> joint >> blanks >> number;

const x3::rule<class LimitQuantityId, Quantity> named_limit = "named limit";
const auto named_limit_def = comparator >> blanks >> limit >> attr(Number()) >> attr(Joined()) >>
                             attr(Range());

const x3::rule<class AmountId, Quantity> amount = "amount";
const auto amount_def = ((comparator >> blanks) | attr(Comparator::none)) >>
                        attr(LimitName::none) >> number >> (joined | attr(Joined())) >>
                        ((blanks >> unit) | attr(Range()));

const x3::rule<QuantityId, Quantity> quantity = "quantity";
const auto quantity_def = named_limit | amount;

const auto bracketed_mark = lit('(') >> blanks >> sign_mark >> blanks >> lit(')');

const x3::rule<class MeaningId, WordMeaning> meaning = "word";
const auto meaning_def = (latin_word >> !(letter | digit)) | han_word;

const x3::rule<WordId, Word> word = "word";
const auto word_def =
    (meaning >> ((blanks >> (bracketed_mark | (sign_mark >> !digit))) | attr(Mark()))) |
    (attr(WordMeaning()) >> bracketed_mark);

// A sign alone; a bare minus says that nothing was measured.
const x3::rule<LoneMarkId, Word> lone_mark = "sign";
const auto lone_mark_def = attr(WordMeaning()) >> (sign_mark - (lit('-') >> eoi));

const x3::rule<MaskedId, Word> masked = "masked value";
const auto masked_def =
    omit[(lit('-') >> *char_("-.")) | (*lit('.') >> lit('*') >> *char_("*."))] >>
    attr(WordMeaning{ReportedValue::Kind::no_result, "", false}) >> attr(Mark());

const auto separator = blanks >> -char_(",;:") >> blanks;

const x3::rule<class LogId, Number> log10_in_brackets = "logarithm in brackets";
const auto log10_in_brackets_def =
    omit[blanks >> lit('(') >> blanks] >> number >> omit[blanks >> lit(')')];

const x3::rule<class WordBehindId, Word> word_behind = "word behind a number";
const auto word_behind_def = omit[separator] >> (word | (lit('(') >> word >> lit(')')));

const x3::rule<class QuantityBehindId, Quantity> quantity_behind = "number behind a word";
const auto quantity_behind_def = omit[separator] >> (quantity | (lit('(') >> blanks >> quantity >>
                                                                 blanks >> lit(')')));

const x3::rule<class SignsOnlyId, WordFirst> signs_only = "signs";
const auto signs_only_def = (masked | lone_mark) >> attr(Quantity()) >> attr(Number()) >> eoi;

const x3::rule<class WordFirstId, WordFirst> word_first = "word first";
const auto word_first_def = word >> (quantity_behind | attr(Quantity())) >>
                            attr(Number()) >> omit[-lit('.')] >> eoi;

const x3::rule<class NumberFirstId, NumberFirst> number_first = "number first";
const auto number_first_def = quantity >> omit[*(blanks >> arrow)] >>
                              (log10_in_brackets | attr(Number())) >>
                              (word_behind | attr(Word())) >> eoi;

// 低于检测下限(<20): the limit by its name and by its number.
const x3::rule<class LimitFirstId, LimitFirst> limit_first = "limit with its number";
const auto limit_first_def = named_limit >> quantity_behind >> eoi;

const x3::rule<class RangeTextId, RangeText> bare_range = "range";
const auto bare_range_def = (comparator >> blanks >> number >> attr('\0') >> attr(Number())) |
                            (attr(Comparator::none) >> number >> blanks >> range_joint >> blanks >>
                             (number | attr(Number())));

const x3::rule<class RangeId, RangeText> whole_range = "reference range";
const auto whole_range_def =
    (bare_range | (lit('(') >> blanks >> bare_range >> blanks >> lit(')')) |
     (lit('[') >> blanks >> bare_range >> blanks >> lit(']'))) >>
    eoi;

// NOLINTEND(readability-identifier-naming)

BOOST_SPIRIT_DEFINE(digits, power, number, comparator, limit, unit, joined, named_limit, amount,
                    quantity, meaning, word, lone_mark, masked, log10_in_brackets, word_behind,
                    quantity_behind, signs_only, word_first, number_first, limit_first, bare_range,
                    whole_range)

}  // namespace labrelay::units::grammar

namespace labrelay::units {
namespace {

namespace x3 = boost::spirit::x3;

/// Iterators as positions in the folded text.
class Places {
public:
    explicit Places(std::string_view text) : text_(text) {}

    Piece piece(const grammar::Range& range) const {
        if (range.begin() == nullptr || range.begin() == range.end()) {
            return {};
        }
        return {at(range.begin()), at(range.end())};
    }
    NumberPiece number(const grammar::Number& number) const {
        return {piece(number.digits), piece(number.power)};
    }
    std::size_t at(grammar::Iterator iterator) const {
        return static_cast<std::size_t>(iterator - text_.data());
    }
    std::size_t past_blanks(grammar::Iterator iterator) const {
        return std::min(text_.find_first_not_of(' ', at(iterator)), text_.size());
    }

private:
    std::string_view text_;
};

template <class Rule, class Attribute>
bool matches(const Rule& rule, std::string_view text, grammar::Progress& progress,
             Attribute& found) {
    grammar::Iterator at = text.data();
    const grammar::Iterator end = at + text.size();
    return x3::parse(at, end, x3::with<grammar::ProgressTag>(progress)[rule], found);
}

Reading reading_of(const Places& places, const grammar::Progress& progress,
                   const grammar::Word& word, const grammar::Quantity& quantity,
                   const grammar::Number& log10) {
    Reading reading;
    reading.word = {places.piece(progress.word), word.meaning, word.mark.canonical};
    reading.quantity = {places.piece(progress.quantity),
                        quantity.comparator,
                        quantity.limit,
                        places.number(quantity.first),
                        quantity.joined.joint,
                        places.number(quantity.joined.number),
                        places.piece(quantity.unit)};
    reading.log10 = places.number(log10);
    return reading;
}

}  // namespace

Result<Reading> read_reported(std::string_view folded) {
    const Places places(folded);
    grammar::Progress progress{folded.data(), {}, {}};
    grammar::NumberFirst number_first;
    if (matches(grammar::number_first, folded, progress, number_first)) {
        return reading_of(places, progress, number_first.word, number_first.quantity,
                          number_first.log10);
    }
    progress.word = {};
    grammar::LimitFirst limit_first;
    if (matches(grammar::limit_first, folded, progress, limit_first)) {
        Reading reading = reading_of(places, progress, {}, limit_first.amount, {});
        reading.named_limit = limit_first.limit.limit;
        reading.limit_comparator = limit_first.limit.comparator;
        return reading;
    }
    progress.quantity = {};
    grammar::WordFirst word_first;
    if (matches(grammar::signs_only, folded, progress, word_first) ||
        matches(grammar::word_first, folded, progress, word_first)) {
        return reading_of(places, progress, word_first.word, word_first.quantity, word_first.log10);
    }
    return fail(Code::value_unreadable, Place{{}, places.past_blanks(progress.farthest)});
}

Result<RangeReading> read_range(std::string_view folded) {
    const Places places(folded);
    grammar::Progress progress{folded.data(), {}, {}};
    grammar::RangeText range;
    if (!matches(grammar::whole_range, folded, progress, range)) {
        return fail(Code::value_unreadable, Place{{}, places.past_blanks(progress.farthest)});
    }
    return RangeReading{range.comparator, places.number(range.first), range.joint == '=',
                        range.joint != '\0', places.number(range.second)};
}

}  // namespace labrelay::units
