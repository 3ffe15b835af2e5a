#include "labrelay/hl7/escape.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "labrelay/hl7/charset.hpp"

namespace labrelay::hl7 {
namespace {

/// So that nine bytes cannot ask for a gigabyte of line breaks.
constexpr std::size_t kMaxRepeat = 100;
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

/// What stands for an escape in the text; `known` is false where the escape is kept because it is
/// unknown.
struct Meaning {
    bool known = true;
    bool verbatim = false;
    std::string text;
};

Meaning unknown() {
    return {false, true, {}};
}

Meaning delimiter(char c) {
    return c == 0 ? unknown() : Meaning{true, false, std::string(1, c)};
}

std::optional<unsigned> hex_value(char c) {
    const auto upper = static_cast<char>(c >= 'a' && c <= 'f' ? c - ('a' - 'A') : c);
    const std::size_t value = kHexDigits.find(upper);
    return value == kHexDigits.npos ? std::nullopt : std::optional(static_cast<unsigned>(value));
}

bool is_hex(std::string_view digits) {
    return std::all_of(digits.begin(), digits.end(),
                       [](char c) { return hex_value(c).has_value(); });
}

Meaning hexadecimal(std::string_view digits, Charset charset) {
    if (digits.empty() || digits.size() % 2 != 0 || !is_hex(digits)) {
        return unknown();
    }
    std::string bytes;
    bytes.reserve(digits.size() / 2);
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        bytes += static_cast<char>(*hex_value(digits[i]) * 16 + *hex_value(digits[i + 1]));
    }
    std::optional<std::string> text = decode_text(bytes, charset);
    return text ? Meaning{true, false, *std::move(text)} : unknown();
}

/// The number of `.sp3`, `.sp 3`, `.in+2`: nothing where it is not of that form.
std::optional<std::size_t> count_of(std::string_view text, std::size_t when_empty) {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    if (text.empty()) {
        return when_empty;
    }
    if (text.front() == '+') {
        text.remove_prefix(1);
    }
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

Meaning repeated(char c, std::string_view count) {
    const std::optional<std::size_t> times = count_of(count, 1);
    if (!times || *times > kMaxRepeat) {
        return unknown();
    }
    return {true, false, std::string(*times, c)};
}

Meaning formatting(std::string_view command) {
    const std::string_view name = command.substr(0, 3);
    const std::string_view rest = command.substr(name.size());
    if (name == ".br" || name == ".ce") {
        return rest.empty() ? Meaning{true, false, "\n"} : unknown();
    }
    if (name == ".sp") {
        return repeated('\n', rest);
    }
    if (name == ".sk") {
        return repeated(' ', rest);
    }
    if (name == ".fi" || name == ".nf") {
        return rest.empty() ? Meaning{} : unknown();
    }
    if (name == ".in" || name == ".ti") {
        const bool negative = !rest.empty() && rest.front() == '-';
        return count_of(rest.substr(negative ? 1 : 0), 0) ? Meaning{} : unknown();
    }
    return unknown();
}

Meaning single_letter(char letter, const Delimiters& d) {
    switch (letter) {
        case 'F':
            return delimiter(d.field);
        case 'S':
            return delimiter(d.component);
        case 'T':
            return delimiter(d.subcomponent);
        case 'R':
            return delimiter(d.repetition);
        case 'E':
            return delimiter(d.escape);
        case 'P':
            return delimiter(d.truncation);
        case 'H':
        case 'N':
            return {};
        default:
            return unknown();
    }
}

/// `body` is what stands between two escape characters.
Meaning meaning_of(std::string_view body, const Delimiters& d, Charset charset) {
    if (body.empty()) {
        return unknown();
    }
    const std::string_view rest = body.substr(1);
    switch (body.front()) {
        case 'X':
            return hexadecimal(rest, charset);
        case '.':
            return formatting(body);
        case 'C':
            return rest.size() == 4 && is_hex(rest) ? Meaning{true, true, {}} : unknown();
        case 'M':
            return (rest.size() == 4 || rest.size() == 6) && is_hex(rest) ? Meaning{true, true, {}}
                                                                          : unknown();
        case 'Z':
            return {true, true, {}};
        default:
            return rest.empty() ? single_letter(body.front(), d) : unknown();
    }
}

/// Calls `plain(text)` for what is no escape and `escaped(sequence, meaning)` for what is, in
/// order.
template <class Plain, class Escaped>
void walk(std::string_view raw, const Delimiters& d, Charset charset, Plain plain,
          Escaped escaped) {
    std::size_t at = 0;
    while (at < raw.size()) {
        const std::size_t open = d.escape == 0 ? raw.npos : raw.find(d.escape, at);
        plain(raw.substr(at, open == raw.npos ? open : open - at));
        if (open == raw.npos) {
            return;
        }
        const std::size_t close = raw.find(d.escape, open + 1);
        if (close == raw.npos) {
            escaped(raw.substr(open), open, unknown());
            return;
        }
        const Meaning meaning = meaning_of(raw.substr(open + 1, close - open - 1), d, charset);
        // The second mark of an unknown escape may open a known one.
        at = meaning.known ? close + 1 : close;
        escaped(raw.substr(open, at - open), open, meaning);
    }
}

}  // namespace

std::string unescape(std::string_view raw, const Delimiters& delimiters, Charset charset) {
    std::string text;
    text.reserve(raw.size());
    walk(
        raw, delimiters, charset, [&](std::string_view plain) { text += plain; },
        [&](std::string_view sequence, std::size_t, const Meaning& meaning) {
            text += meaning.verbatim ? sequence : std::string_view(meaning.text);
        });
    return text;
}

std::optional<std::size_t> find_unknown_escape(std::string_view raw, const Delimiters& delimiters,
                                               Charset charset) {
    std::optional<std::size_t> found;
    walk(
        raw, delimiters, charset, [](std::string_view) {},
        [&](std::string_view, std::size_t at, const Meaning& meaning) {
            if (!meaning.known && !found) {
                found = at;
            }
        });
    return found;
}

std::string escape(std::string_view text, const Delimiters& d) {
    const std::array<std::pair<char, char>, 6> letters{{{d.field, 'F'},
                                                        {d.component, 'S'},
                                                        {d.subcomponent, 'T'},
                                                        {d.repetition, 'R'},
                                                        {d.escape, 'E'},
                                                        {d.truncation, 'P'}}};
    std::string raw;
    raw.reserve(text.size());
    for (const char c : text) {
        const auto* const letter =
            std::find_if(letters.begin(), letters.end(),
                         [c](const auto& pair) { return c != 0 && pair.first == c; });
        const bool control = c == '\r' || c == '\n' || c == '\x0b' || c == '\x1c';
        if (letter == letters.end() && !control) {
            raw += c;
        } else if (d.escape == 0) {
            raw += ' ';
        } else if (control) {
            const auto byte = static_cast<unsigned char>(c);
            raw += {d.escape, 'X', kHexDigits[byte / 16], kHexDigits[byte % 16], d.escape};
        } else {
            raw += {d.escape, letter->second, d.escape};
        }
    }
    return raw;
}

}  // namespace labrelay::hl7
