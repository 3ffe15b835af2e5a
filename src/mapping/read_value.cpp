#include "read_value.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

namespace labrelay::mapping {
namespace {

using units::ReportedValue;
using Kind = ReportedValue::Kind;

/// How a data type of HL7 chapter 2A is read.
enum class TypeGroup : std::uint8_t {
    text,
    numeric,
    structured,
    coded,
    time,
    not_for_study,
    unknown
};

TypeGroup group_of(std::string_view type) {
    struct Row {
        std::string_view type;
        TypeGroup group;
    };
    static constexpr std::array kTypes{
        Row{"", TypeGroup::text},
        Row{"ST", TypeGroup::text},
        Row{"TX", TypeGroup::text},
        Row{"FT", TypeGroup::text},
        Row{"IS", TypeGroup::text},
        Row{"ID", TypeGroup::text},
        Row{"NM", TypeGroup::numeric},
        Row{"SI", TypeGroup::numeric},
        Row{"SN", TypeGroup::structured},
        Row{"CE", TypeGroup::coded},
        Row{"CWE", TypeGroup::coded},
        Row{"CNE", TypeGroup::coded},
        Row{"CF", TypeGroup::coded},
        Row{"DT", TypeGroup::time},
        Row{"TM", TypeGroup::time},
        Row{"TS", TypeGroup::time},
        Row{"DTM", TypeGroup::time},
        Row{"DR", TypeGroup::time},
        Row{"ED", TypeGroup::not_for_study},
        Row{"RP", TypeGroup::not_for_study},
        Row{"NA", TypeGroup::not_for_study},
        Row{"MA", TypeGroup::not_for_study},
        Row{"CX", TypeGroup::not_for_study},
        Row{"EI", TypeGroup::not_for_study},
        Row{"XPN", TypeGroup::not_for_study},
        Row{"XCN", TypeGroup::not_for_study},
        Row{"XAD", TypeGroup::not_for_study},
        Row{"XTN", TypeGroup::not_for_study},
        Row{"XON", TypeGroup::not_for_study},
        Row{"CN", TypeGroup::not_for_study},
        Row{"PN", TypeGroup::not_for_study},
        Row{"AD", TypeGroup::not_for_study},
        Row{"TN", TypeGroup::not_for_study},
        Row{"CK", TypeGroup::not_for_study},
    };
    const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                    [&](const Row& row) { return row.type == type; });
    return found == kTypes.end() ? TypeGroup::unknown : found->group;
}

/// The component that holds the value where only one is filled (`NOT DETECTED^`, `^1234.56`); else
/// 0: the value is the whole.
std::size_t only_component(const hl7::Element& value) {
    const std::vector<hl7::Element> components = value.components();
    const auto filled = [](const hl7::Element& component) { return component.has_value(); };
    if (components.size() < 2 || std::count_if(components.begin(), components.end(), filled) != 1) {
        return 0;
    }
    const auto only = std::find_if(components.begin(), components.end(), filled);
    return static_cast<std::size_t>(only - components.begin()) + 1;
}

class ValueReader {
public:
    ValueReader(const hl7::Segment& obx, const units::ReportedWords& words, Notes& notes)
        : obx_(obx), words_(words), notes_(notes) {}

    /// The component that read() took the value from; 0: from all of them.
    std::size_t component() const { return component_; }
    /// Sub-components are no part of a text: a mark that somebody forgot to escape.
    bool with_parts() const { return with_parts_; }

    std::optional<ReportedValue> read(const hl7::Element& value) {
        const std::string type{trimmed_text(obx_.field(2))};
        if (type.empty()) {
            notes_.warn(Code::value_type_unexpected, place_of(obx_, 2), "OBX-2 is empty");
        }
        switch (group_of(type)) {
            case TypeGroup::text:
                return read_text(value);
            case TypeGroup::numeric:
                return read_numeric(value);
            case TypeGroup::structured:
                return read_structured(value);
            case TypeGroup::coded:
                return read_coded(value);
            case TypeGroup::time:
            case TypeGroup::not_for_study:
                check_encapsulated(type, value);
                notes_.hold(Code::value_not_for_study, place_of(obx_, 2), "OBX-2 is " + type);
                return std::nullopt;
            case TypeGroup::unknown:
                notes_.warn(Code::value_type_unexpected, place_of(obx_, 2), {}, type);
                return read_text(value);
        }
        return std::nullopt;
    }

private:
    std::optional<ReportedValue> accept(Result<ReportedValue> read, const hl7::Element& value) {
        if (read) {
            return std::move(*read);
        }
        notes_.hold(read.error().code, place_of(obx_, 5), {}, value.text_with_delimiters());
        return std::nullopt;
    }
    /// ED-4 Base64, ED-5 the data: looked at and never decoded.
    void check_encapsulated(std::string_view type, const hl7::Element& value) {
        if (type != "ED" || value.component(4).text() != "Base64") {
            return;
        }
        const std::string data = value.component(5).text();
        const auto outside = [](char c) {
            return std::string_view("+/=").find(c) == std::string_view::npos &&
                   !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z');
        };
        if (data.size() % 4 != 0 || std::any_of(data.begin(), data.end(), outside)) {
            notes_.warn(Code::encapsulated_data_bad, place_of(obx_, 5));
        }
    }
    /// The text of a value; where only one component is filled that one.
    std::string text_of(const hl7::Element& value) {
        component_ = only_component(value);
        with_parts_ = true;
        return (component_ == 0 ? value : value.component(component_)).text_with_delimiters();
    }
    std::optional<ReportedValue> read_text(const hl7::Element& value) {
        return accept(units::parse_reported(trimmed(text_of(value)), words_), value);
    }
    std::optional<ReportedValue> read_numeric(const hl7::Element& value) {
        Result<units::NumericField> number = units::parse_numeric(text_of(value), words_);
        if (!number) {
            return accept(tl::unexpected<Error>(number.error()), value);
        }
        if (!number->strict) {
            notes_.warn(Code::value_type_unexpected, place_of(obx_, 5), "not an HL7 number");
        }
        return std::move(number->value);
    }
    std::optional<ReportedValue> read_structured(const hl7::Element& value) {
        const std::vector<hl7::Element> components = value.components();
        const auto text = [&](std::size_t number) {
            return number <= components.size() ? trimmed_text(components[number - 1])
                                               : std::string();
        };
        if (components.size() < 2) {
            // `SN` over a plain text: read for what it is.
            notes_.warn(Code::value_type_unexpected, place_of(obx_, 5), "not a structured number");
            return read_text(value);
        }
        component_ = only_component(value);
        return accept(
            units::parse_structured_numeric(text(1), text(2), text(3), text(4), words_.comma),
            value);
    }
    /// The text, else the identifier, else the original text. An identifier of a code system is
    /// never taken for a number.
    std::optional<ReportedValue> read_coded(const hl7::Element& value) {
        const std::vector<hl7::Element> components = value.components();
        const auto text = [&](std::size_t number) {
            return number <= components.size() ? trimmed_text(components[number - 1])
                                               : std::string();
        };
        std::optional<Error> first_error;
        for (const std::size_t number : {std::size_t{2}, std::size_t{1}, std::size_t{9}}) {
            const std::string candidate = text(number);
            if (candidate.empty()) {
                continue;
            }
            Result<ReportedValue> read = units::parse_reported(candidate, words_);
            const bool is_code = number == 1 && !text(3).empty() && read &&
                                 read->kind != Kind::qualitative &&
                                 read->kind != Kind::not_detected && read->number.has_value();
            if (read && !is_code) {
                component_ = number;
                return std::move(*read);
            }
            if (!read && !first_error) {
                first_error = read.error();
            }
        }
        notes_.hold(first_error ? first_error->code : Code::value_unreadable, place_of(obx_, 5), {},
                    value.text_with_delimiters());
        return std::nullopt;
    }

    const hl7::Segment& obx_;
    const units::ReportedWords& words_;
    Notes& notes_;
    std::size_t component_ = 0;
    bool with_parts_ = false;
};

/// A platform that writes its outcome into OBX-8 alone.
std::optional<ReportedValue> value_of(const Flags& flags) {
    const bool below = flags.not_detected || flags.below_titre || flags.below_scale;
    if (flags.own) {
        return flags.own_says_otherwise(below) ? std::nullopt : flags.own;
    }
    ReportedValue value;
    if (below && flags.above_scale) {
        return std::nullopt;
    }
    if (flags.not_detected) {
        value.kind = Kind::not_detected;
    } else if (flags.below_titre || flags.below_scale) {
        value.kind = Kind::below_limit;
    } else if (flags.above_scale) {
        value.kind = Kind::above_limit;
    } else {
        return std::nullopt;
    }
    return value;
}

bool says_below(const ReportedValue& value) {
    return value.kind == Kind::not_detected || value.kind == Kind::below_limit ||
           (value.kind == Kind::compared && (value.comparator == units::Comparator::less ||
                                             value.comparator == units::Comparator::less_equal));
}

bool says_above(const ReportedValue& value) {
    return value.kind == Kind::above_limit || (value.kind == Kind::compared && !says_below(value));
}

/// A flag by which the source says what became of the test, beside a value that says another.
bool contradicts_own_flag(const Flags& flags, const ReportedValue& value) {
    if (!flags.own) {
        return false;
    }
    switch (flags.own->kind) {
        case Kind::no_result:
            return value.kind != Kind::no_result;
        case Kind::detected:
            return value.kind == Kind::not_detected;
        case Kind::not_detected:
            return !says_below(value) && value.kind != Kind::no_result;
        case Kind::below_limit:
            return !says_below(value) && value.kind != Kind::detected;
        case Kind::above_limit:
            return !says_above(value) && value.kind != Kind::detected;
        case Kind::qualitative:
            return value.kind == Kind::qualitative && value.word != flags.own->word;
        case Kind::number:
        case Kind::compared:
        case Kind::range:
        case Kind::ratio:
            return false;
    }
    return false;
}

/// Off scale in one direction and a value that says another: neither can be believed.
void check_scale(const hl7::Segment& obx, const ReadValue& read, Notes& notes) {
    const ReportedValue& value = *read.value;
    const bool carries_number = value.number.has_value() || says_below(value) || says_above(value);
    const bool below = read.flags.below_scale || read.flags.below_titre || read.flags.not_detected;
    const bool scale_differs = carries_number && ((below && !says_below(value)) ||
                                                  (read.flags.above_scale && !says_above(value)));
    if (scale_differs || contradicts_own_flag(read.flags, value)) {
        notes.hold(Code::comparator_flag_differs, place_of(obx, 8), {}, read.flags.reported);
    }
}

}  // namespace

ReadValue read_value(const hl7::Segment& obx, const units::ReportedWords& words, Notes& notes) {
    const hl7::Element field = obx.field(5);
    ReadValue read;
    read.reported = field.text_with_delimiters();
    read.flags = Flags::read(obx.field(8), words);
    const bool says_nothing =
        !field.has_value() || trimmed(read.reported).empty() || read.reported == "ValueNotSet";
    if (says_nothing) {
        read.value = value_of(read.flags);
        read.empty = !read.value.has_value();
        read.spot = Spot{obx, 8, 1, read.flags.repetition};
        return read;
    }
    read.has_own = true;
    hl7::Element value = field.repetition(1);
    std::size_t chosen = 1;
    if (field.repetition_count() > 1) {
        std::size_t filled = 0;
        std::size_t number = 0;
        for (const hl7::Element& repetition : field.repetitions()) {
            ++number;
            if (repetition.has_value() && ++filled == 1) {
                value = repetition;
                chosen = number;
            }
        }
        if (filled > 1) {
            notes.hold(Code::value_repeats, place_of(obx, 5), {}, read.reported);
            return read;
        }
    }
    if (field.is_truncated()) {
        notes.hold(Code::value_truncated_mark, place_of(obx, 5), {}, read.reported);
        return read;
    }
    ValueReader reader(obx, words, notes);
    read.value = reader.read(value);
    read.spot = Spot{obx, 5, reader.component(), chosen, reader.with_parts()};
    if (!read.value) {
        return read;
    }
    if (read.value->kind == Kind::detected && (read.flags.below_scale || read.flags.below_titre)) {
        read.value->kind = Kind::below_limit;
    }
    check_scale(obx, read, notes);
    return read;
}

bool agree(const ReadValue& number, const ReadValue& words) {
    if (!number.value || !words.value) {
        return true;
    }
    const ReportedValue& left = *number.value;
    const ReportedValue& right = *words.value;
    if (left.kind == right.kind) {
        // The limit that is printed beside "not detected" is the assay's and not part of the
        // answer.
        return left.kind == Kind::not_detected ||
               (left.number == right.number && left.comparator == right.comparator);
    }
    switch (right.kind) {
        case Kind::detected:
            return left.kind == Kind::number || left.kind == Kind::compared ||
                   left.kind == Kind::below_limit || left.kind == Kind::above_limit;
        case Kind::below_limit:
            return says_below(left) && left.kind != Kind::not_detected;
        case Kind::above_limit:
            return says_above(left);
        case Kind::number:
        case Kind::compared:
        case Kind::range:
        case Kind::ratio:
        case Kind::not_detected:
        case Kind::qualitative:
        case Kind::no_result:
            return false;
    }
    return false;
}

Said describe_value(const ReadValue& read) {
    const ReportedValue& value = *read.value;
    const std::string place = fmt::format("{}-{}", read.spot->segment.label(), read.spot->field);
    const auto text = [](const std::optional<Decimal>& number) {
        return number ? number->to_string() : std::string("?");
    };
    switch (value.kind) {
        case Kind::number:
            return say(Sentence::value_number, place, text(value.number));
        case Kind::compared:
            return say(value.detected_said ? Sentence::value_limit_detected : Sentence::value_limit,
                       place, fmt::format("{}{}", to_string(value.comparator), text(value.number)));
        case Kind::range:
            return say(Sentence::value_range, place, text(value.number), text(value.second));
        case Kind::ratio:
            return say(Sentence::value_titre, place,
                       fmt::format("{}:{}", text(value.number), text(value.second)));
        case Kind::not_detected:
            return say(Sentence::value_not_detected, place);
        case Kind::below_limit:
            return say(Sentence::value_below, place);
        case Kind::above_limit:
            return say(Sentence::value_above, place);
        case Kind::detected:
            return say(Sentence::value_detected, place);
        case Kind::qualitative:
            return say(Sentence::value_word, place, value.word);
        case Kind::no_result:
            return say(Sentence::value_no_result, place);
    }
    return {};
}

}  // namespace labrelay::mapping
