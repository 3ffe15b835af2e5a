#include "labrelay/hl7/charset.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "charset_convert.hpp"
#include "scan.hpp"

namespace labrelay::hl7 {
namespace {

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
constexpr std::size_t kCharsetField = 18;

/// MSH up to its end, looking at bytes only.
std::string_view header_of(std::string_view bytes) {
    return bytes.substr(0, find_line_end(bytes));
}

/// The bytes that the character at `at` takes which are no separator, whatever they look like; 0
/// where it is a byte like others.
std::size_t hidden_bytes(std::string_view header, std::size_t at, ByteWidth width) {
    const auto byte = static_cast<unsigned char>(header[at]);
    switch (width) {
        case ByteWidth::single:
            return 0;
        case ByteWidth::pairs:
            return byte > 0x80 && byte < 0xFF ? 2 : 0;
        case ByteWidth::shift_jis:
            return (byte > 0x80 && byte < 0xA0) || (byte > 0xDF && byte < 0xFD) ? 2 : 0;
        case ByteWidth::iso_2022:
            if (header.substr(at, 2) == "\x1b$" || header.substr(at, 3) == "\x1b(I") {
                return std::min(header.find('\x1b', at + 1), header.size()) - at;
            }
            return 0;
    }
    return 0;
}

/// A field of MSH by number, 3 or more; "" where it is not there.
std::string_view header_field(std::string_view header, std::size_t number, ByteWidth width) {
    if (header.size() < 4) {
        return {};
    }
    std::size_t field = 1;
    std::size_t begin = 3;
    for (std::size_t i = 3; i < header.size(); ++i) {
        if (const std::size_t hidden = hidden_bytes(header, i, width)) {
            i += hidden - 1;
        } else if (header[i] == header[3]) {
            if (field == number) {
                return header.substr(begin, i - begin);
            }
            ++field;
            begin = i + 1;
        }
    }
    return field == number ? header.substr(begin) : std::string_view{};
}

/// MSH-2 begins at 4; its second character separates repetitions. 0: there is none.
char repetition_of(std::string_view header) {
    return header.size() > 5 && header[5] != header[3] ? header[5] : '\0';
}

std::string_view without_padding(std::string_view field) {
    while (!field.empty() && field.front() == ' ') {
        field.remove_prefix(1);
    }
    while (!field.empty() && (field.back() == ' ' || field.back() == '\0')) {
        field.remove_suffix(1);
    }
    return field == "\"\"" ? std::string_view{} : field;
}

/// MSH-18. Where MSH holds bytes of 0x80 and more or escape sequences, one of them may hide a
/// separator: it is then read in each way in which a character can, and the reading that agrees
/// with itself holds.
std::string_view declared_field(std::string_view bytes, Charset undeclared) {
    const std::string_view header = header_of(bytes);
    const auto read = [&](ByteWidth width) {
        return without_padding(header_field(header, kCharsetField, width));
    };
    const std::string_view plain = read(ByteWidth::single);
    if (first_high_byte(header) == header.size() && header.find('\x1b') == header.npos) {
        return plain;
    }
    for (const ByteWidth width : {ByteWidth::pairs, ByteWidth::shift_jis, ByteWidth::iso_2022}) {
        const std::string_view aware = read(width);
        const std::optional<Charset> charset =
            aware.empty() ? undeclared : charset_from_field(aware, repetition_of(header));
        if (charset && byte_width(*charset) == width) {
            return aware;
        }
    }
    return plain;
}

/// `OBX[2]-5` for what follows this text; "" where its last line begins with no segment name (it
/// could be a patient's text).
std::string place_after(std::string_view text) {
    const std::size_t header_end = header_of(text).size();
    const bool ends_with_cr = header_end < text.size() && text[header_end] == '\r';
    const char line_end = ends_with_cr ? '\r' : '\n';
    const auto id_at = [&](std::size_t begin) {
        begin += begin < text.size() && text[begin] == '\n' ? 1U : 0U;
        const std::string_view start = text.substr(begin, 4);
        const bool is_name = start.size() == 4 && start[3] == text[3] &&
                             std::all_of(start.begin(), start.begin() + 3, [](char c) {
                                 return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                             });
        return is_name ? start.substr(0, 3) : std::string_view{};
    };
    std::size_t line = 0;
    for_each_piece(text, line_end, [&](std::string_view, std::size_t begin) { line = begin; });
    const std::string_view id = id_at(line);
    if (id.empty()) {
        return {};
    }
    std::size_t occurrence = 0;
    for_each_piece(text, line_end, [&](std::string_view, std::size_t begin) {
        occurrence += id_at(begin) == id ? 1U : 0U;
    });
    const std::string_view before = text.substr(line);
    const auto fields = std::count(before.begin(), before.end(), text[3]) + (id == "MSH" ? 1 : 0);
    return occurrence == 1 ? fmt::format("{}-{}", id, fields)
                           : fmt::format("{}[{}]-{}", id, occurrence, fields);
}

/// ESC and what makes it an escape sequence of ISO 2022.
std::size_t find_escape_sequence(std::string_view bytes) {
    for (std::size_t at = bytes.find('\x1b'); at != bytes.npos; at = bytes.find('\x1b', at + 1)) {
        if (at + 1 < bytes.size() &&
            std::string_view("$()-./*+").find(bytes[at + 1]) != std::string_view::npos) {
            return at;
        }
    }
    return bytes.size();
}

/// to_utf8(), and what no message may hold besides: MLLP's own control characters are data in no
/// character set.
Converted convert(std::string_view bytes, Charset charset) {
    Converted converted = to_utf8(bytes, charset);
    const std::size_t limit = converted.bad.value_or(bytes.size());
    std::size_t bad = find_either(bytes.substr(0, limit), '\x0b', '\x1c');
    if (byte_width(charset) != ByteWidth::iso_2022) {
        bad = std::min(bad, find_escape_sequence(bytes.substr(0, bad)));
    }
    if (bad < limit) {
        converted = to_utf8(bytes.substr(0, bad), charset);
        converted.bad = converted.bad.value_or(bad);
    }
    return converted;
}

/// FE FF and FF FE, or an M with a NUL beside it.
bool looks_wide(std::string_view bytes) {
    using namespace std::string_view_literals;
    for (const std::string_view start :
         {"\xfe\xff"sv, "\xff\xfe"sv, "M\0"sv, "\0M"sv, "\0\0\0M"sv}) {
        if (bytes.substr(0, start.size()) == start) {
            return true;
        }
    }
    return false;
}

}  // namespace

bool is_wide_charset_name(std::string_view name);  // charset_names.cpp

Result<Decoded> decode_message(std::string_view bytes, const CharsetDefault& undeclared) {
    if (looks_wide(bytes)) {
        return fail(Code::charset_not_on_mllp, {"", 0});
    }
    Decoded decoded;
    decoded.charset = undeclared.charset;
    const std::size_t mark = bytes.substr(0, 3) == kUtf8Mark ? kUtf8Mark.size() : 0;
    const std::string_view body = bytes.substr(mark);
    const bool has_header = body.substr(0, 3) == "MSH";
    const std::string_view field =
        has_header && mark == 0 ? declared_field(body, undeclared.charset) : std::string_view{};
    if (mark != 0) {
        decoded.charset = Charset::utf_8;
        decoded.declared = true;
    } else if (!field.empty()) {
        const char repetition = repetition_of(header_of(body));
        const std::optional<Charset> charset = charset_from_field(field, repetition);
        if (!charset) {
            const std::string_view name =
                field.substr(0, std::min(field.find(repetition), field.size()));
            return fail(
                is_wide_charset_name(name) ? Code::charset_not_on_mllp : Code::charset_unknown,
                {"MSH-18", static_cast<std::size_t>(field.data() - bytes.data())});
        }
        decoded.charset = *charset;
        decoded.declared = true;
    }
    Converted converted = convert(body, decoded.charset);
    if (converted.bad && !decoded.declared && undeclared.otherwise && has_header) {
        Converted again = convert(body, *undeclared.otherwise);
        if (!again.bad) {
            decoded.charset = *undeclared.otherwise;
            decoded.fell_back = true;
            converted = std::move(again);
        }
    }
    if (converted.bad) {
        if (!has_header) {
            return fail(Code::msh_missing, {"", 0});
        }
        return fail(Code::charset_invalid_bytes,
                    {place_after(converted.text), mark + *converted.bad},
                    std::string(hl7_name(decoded.charset)));
    }
    decoded.text = std::move(converted.text);
    return decoded;
}

std::optional<std::string> decode_text(std::string_view bytes, Charset charset) {
    Converted converted = to_utf8(bytes, charset);
    return converted.bad ? std::nullopt : std::optional(std::move(converted.text));
}

std::optional<std::string> encode_text(std::string_view utf8, Charset charset) {
    Converted converted = from_utf8(utf8, charset);
    return converted.bad ? std::nullopt : std::optional(std::move(converted.text));
}

std::optional<std::size_t> first_invalid_utf8(std::string_view bytes) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const auto follows = [&](std::size_t i, unsigned low, unsigned high) {
        return i < bytes.size() && at(i) >= low && at(i) <= high;
    };
    for (std::size_t i = first_high_byte(bytes); i < bytes.size(); i = first_high_byte(bytes, i)) {
        const unsigned lead = at(i);
        std::size_t length = 0;
        // The second byte's range rules out overlong forms, surrogates and what is past U+10FFFF.
        if (lead >= 0xC2 && lead <= 0xDF) {
            length = follows(i + 1, 0x80, 0xBF) ? 2 : 0;
        } else if (lead >= 0xE0 && lead <= 0xEF) {
            const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
            const unsigned high = lead == 0xED ? 0x9F : 0xBF;
            length = follows(i + 1, low, high) && follows(i + 2, 0x80, 0xBF) ? 3 : 0;
        } else if (lead >= 0xF0 && lead <= 0xF4) {
            const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
            const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
            length = follows(i + 1, low, high) && follows(i + 2, 0x80, 0xBF) &&
                             follows(i + 3, 0x80, 0xBF)
                         ? 4
                         : 0;
        }
        if (length == 0) {
            return i;
        }
        i += length;
    }
    return std::nullopt;
}

}  // namespace labrelay::hl7
