#include "ack_error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "labrelay/hl7/escape.hpp"

namespace labrelay::hl7 {
namespace {

struct TableEntry {
    std::string_view code;
    std::string_view text;
};

/// HL7 table 0357, as far as the error catalogue uses it.
constexpr std::array kTable0357{
    TableEntry{"0", "Message accepted"},
    TableEntry{"100", "Segment sequence error"},
    TableEntry{"101", "Required field missing"},
    TableEntry{"102", "Data type error"},
    TableEntry{"103", "Table value not found"},
    TableEntry{"200", "Unsupported message type"},
    TableEntry{"201", "Unsupported event code"},
    TableEntry{"202", "Unsupported processing id"},
    TableEntry{"203", "Unsupported version id"},
    TableEntry{"204", "Unknown key identifier"},
    TableEntry{"205", "Duplicate key identifier"},
    TableEntry{"206", "Application record locked"},
    TableEntry{"207", "Application internal error"},
};

std::string_view text_0357(std::string_view code) {
    const auto* const found = std::find_if(kTable0357.begin(), kTable0357.end(),
                                           [&](const TableEntry& row) { return row.code == code; });
    return found == kTable0357.end() ? std::string_view{} : found->text;
}

std::string_view severity_0516(Severity severity) {
    switch (severity) {
        case Severity::note:
            return "I";
        case Severity::warning:
            return "W";
        case Severity::hold:
        case Severity::refuse:
            return "E";
    }
    return "E";
}

/// `OBX[3]-5[2].1.4` in its parts; 0 where a part is not written.
struct HlPlace {
    std::string_view segment;
    std::size_t sequence = 1;
    std::size_t field = 0;
    std::size_t repetition = 0;
    std::size_t component = 0;
    std::size_t subcomponent = 0;
};

class PlaceReader {
public:
    explicit PlaceReader(std::string_view text) : text_(text) {}

    /// Nothing where it is a place of another kind, such as a line of a file.
    std::optional<HlPlace> read() {
        HlPlace place;
        place.segment = text_.substr(0, 3);
        const auto is_id_character = [](char c) {
            return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        };
        if (text_.size() < 3 ||
            !std::all_of(place.segment.begin(), place.segment.end(), is_id_character)) {
            return std::nullopt;
        }
        text_.remove_prefix(3);
        bracketed(place.sequence);
        if (number_after('-', place.field)) {
            bracketed(place.repetition);
            if (number_after('.', place.component)) {
                number_after('.', place.subcomponent);
            }
        }
        return text_.empty() ? std::optional(place) : std::nullopt;
    }

private:
    bool number_after(char mark, std::size_t& number) {
        if (text_.empty() || text_.front() != mark) {
            return false;
        }
        const char* const begin = text_.data() + 1;
        const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), number);
        if (error != std::errc{}) {
            return false;
        }
        text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
        return true;
    }
    void bracketed(std::size_t& number) {
        if (number_after('[', number) && !text_.empty() && text_.front() == ']') {
            text_.remove_prefix(1);
        }
    }

    std::string_view text_;
};

/// Writes the components of one field; empty ones at its end are left out.
class Components {
public:
    Components(char separator, const Delimiters& delimiters)
        : separator_(separator), delimiters_(delimiters) {}

    Components& text(std::string_view value) { return raw(escape(value, delimiters_)); }
    Components& number(std::size_t value) {
        return raw(value == 0 ? std::string() : fmt::format("{}", value));
    }
    Components& raw(const std::string& value) {
        if (written_ > 0 && separator_ == 0) {
            return *this;  // the message knows no components: the first says what matters
        }
        if (written_ > 0) {
            pending_ += separator_;
        }
        ++written_;
        if (!value.empty()) {
            field_ += pending_ + value;
            pending_.clear();
        }
        return *this;
    }
    const std::string& field() const { return field_; }

private:
    char separator_;
    const Delimiters& delimiters_;
    std::string field_;
    std::string pending_;  ///< separators before the next value
    std::size_t written_ = 0;
};

/// ERR-1 (ELD): segment, sequence, field, code & text.
std::string error_location_before_25(const Finding& finding, const Delimiters& d) {
    const CatalogueEntry& known = entry(finding.code);
    const HlPlace place = PlaceReader(finding.place.text).read().value_or(HlPlace{});
    const std::string code =
        Components(d.subcomponent, d).text(known.hl7).text(text_0357(known.hl7)).field();
    if (d.component == 0) {
        return std::string(known.hl7);
    }
    return Components(d.component, d)
        .text(place.segment)
        .number(place.segment.empty() ? 0 : place.sequence)
        .number(place.field)
        .raw(code)
        .field();
}

std::string error_segment_from_25(const Finding& finding, const Delimiters& d) {
    const CatalogueEntry& known = entry(finding.code);
    std::string location;
    if (const std::optional<HlPlace> place = PlaceReader(finding.place.text).read()) {
        // A component is named together with its repetition: MSH^1^9^1^1.
        const std::size_t repetition =
            place->repetition == 0 && place->component > 0 ? 1 : place->repetition;
        location = Components(d.component, d)
                       .text(place->segment)
                       .number(place->sequence)
                       .number(place->field)
                       .number(repetition)
                       .number(place->component)
                       .number(place->subcomponent)
                       .field();
    }
    const std::string code = Components(d.component, d)
                                 .text(known.hl7)
                                 .text(text_0357(known.hl7))
                                 .text("HL70357")
                                 .field();
    const std::string own =
        Components(d.component, d).text(known.key).text(known.text).text("99LABRELAY").field();
    const std::string fields[] = {"ERR",
                                  "",
                                  location,
                                  code,
                                  std::string(severity_0516(finding.severity)),
                                  own,
                                  "",
                                  escape(finding.detail, d),
                                  escape(known.text, d)};
    return fmt::format("{}\r", fmt::join(fields, std::string_view(&d.field, 1)));
}

}  // namespace

std::string build_error_segments(const std::vector<Finding>& errors, int version,
                                 const Delimiters& d) {
    std::string segments;
    if (errors.empty()) {
        return segments;
    }
    if (version >= 250) {
        for (const Finding& finding : errors) {
            segments += error_segment_from_25(finding, d);
        }
        return segments;
    }
    segments = "ERR";
    char separator = d.field;
    for (const Finding& finding : errors) {
        segments += separator;
        segments += error_location_before_25(finding, d);
        if (d.repetition == 0) {
            break;
        }
        separator = d.repetition;
    }
    segments += '\r';
    return segments;
}

}  // namespace labrelay::hl7
