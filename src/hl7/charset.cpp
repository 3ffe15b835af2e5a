#include "labrelay/hl7/charset.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <iconv.h>

#include "scan.hpp"

namespace labrelay::hl7 {
namespace {

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
constexpr std::size_t kCharsetField = 18;

struct Converted {
    std::string text;
    std::optional<std::size_t> bad;  ///< offset of what cannot be converted
};

/// One open conversion of glibc. Opening one loads a table, so each thread keeps its own.
class Iconv {
public:
    Iconv(const char* to, const char* from) : handle_(iconv_open(to, from)) {
        if (!is_open()) {
            throw std::system_error(errno, std::generic_category(), "iconv_open");
        }
    }
    ~Iconv() { iconv_close(handle_); }
    Iconv(const Iconv&) = delete;
    Iconv& operator=(const Iconv&) = delete;

    Converted convert(std::string_view bytes) {
        iconv(handle_, nullptr, nullptr, nullptr, nullptr);
        std::string input(bytes);
        std::string output(bytes.size() + bytes.size() / 2 + 16, '\0');
        char* in = input.data();
        std::size_t in_left = input.size();
        std::size_t written = 0;
        while (in_left > 0) {
            char* out = output.data() + written;
            std::size_t out_left = output.size() - written;
            const std::size_t result = iconv(handle_, &in, &in_left, &out, &out_left);
            written = output.size() - out_left;
            if (result != static_cast<std::size_t>(-1)) {
                continue;
            }
            if (errno != E2BIG) {
                return {{}, bytes.size() - in_left};
            }
            output.resize(output.size() * 2);
        }
        output.resize(written);
        return {std::move(output), std::nullopt};
    }

private:
    // iconv_open's failure is the pointer value -1.
    bool is_open() const {
        return handle_ != reinterpret_cast<iconv_t>(-1);  // NOLINT(performance-no-int-to-ptr)
    }

    iconv_t handle_;
};

Converted from_gb_18030(std::string_view bytes) {
    thread_local Iconv conversion("UTF-8", "GB18030");
    return conversion.convert(bytes);
}

Converted to_gb_18030(std::string_view utf8) {
    thread_local Iconv conversion("GB18030", "UTF-8");
    return conversion.convert(utf8);
}

std::string from_iso_8859_1(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size() + bytes.size() / 8);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text += c;
        } else {
            text += static_cast<char>(0xC0U | byte >> 6U);
            text += static_cast<char>(0x80U | (byte & 0x3FU));
        }
    }
    return text;
}

std::optional<std::string> to_iso_8859_1(std::string_view utf8) {
    std::string bytes;
    bytes.reserve(utf8.size());
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto byte = static_cast<unsigned char>(utf8[i]);
        if (byte < 0x80) {
            bytes += utf8[i];
        } else if ((byte == 0xC2 || byte == 0xC3) && i + 1 < utf8.size()) {
            ++i;
            bytes +=
                static_cast<char>((byte & 3U) << 6U | (static_cast<unsigned>(utf8[i]) & 0x3FU));
        } else {
            return std::nullopt;
        }
    }
    return bytes;
}

/// MSH up to its end, looking at bytes only.
std::string_view header_of(std::string_view bytes) {
    return bytes.substr(0, find_line_end(bytes));
}

/// A field of MSH by number, 3 or more; "" where it is not there. `double_bytes`: the second byte
/// of a GB 18030 character is no separator, whatever it looks like.
std::string_view header_field(std::string_view header, std::size_t number, bool double_bytes) {
    if (header.size() < 4) {
        return {};
    }
    std::size_t field = 1;
    std::size_t begin = 3;
    for (std::size_t i = 3; i < header.size(); ++i) {
        const auto byte = static_cast<unsigned char>(header[i]);
        if (double_bytes && byte > 0x80 && byte < 0xFF) {
            ++i;
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

std::string_view first_repetition(std::string_view header, std::string_view field) {
    // MSH-2 begins at 4; its second character separates repetitions.
    if (header.size() > 5 && header[5] != header[3]) {
        field = field.substr(0, field.find(header[5]));
    }
    while (!field.empty() && field.front() == ' ') {
        field.remove_prefix(1);
    }
    while (!field.empty() && (field.back() == ' ' || field.back() == '\0')) {
        field.remove_suffix(1);
    }
    return field == "\"\"" ? std::string_view{} : field;
}

/// The name in MSH-18. Where MSH holds bytes of 0x80 and more, one of them may hide a separator: it
/// is then read once as single bytes and once as GB 18030, and the reading that agrees with itself
/// holds.
std::string_view declared_name(std::string_view bytes, Charset fallback) {
    const std::string_view header = header_of(bytes);
    const auto read = [&](bool double_bytes) {
        return first_repetition(header, header_field(header, kCharsetField, double_bytes));
    };
    const std::string_view plain = read(false);
    if (first_high_byte(header) == header.size()) {
        return plain;
    }
    const std::string_view aware = read(true);
    const bool is_gb = aware.empty() ? fallback == Charset::gb_18030
                                     : charset_from_name(aware) == Charset::gb_18030;
    return is_gb ? aware : plain;
}

/// `OBX[2]-5` for a byte of a text that cannot be split yet; "" where the line begins with no
/// segment name (it could be a patient's text).
std::string place_in_bytes(std::string_view bytes, std::size_t offset) {
    const std::size_t header_end = header_of(bytes).size();
    const bool ends_with_cr = header_end < bytes.size() && bytes[header_end] == '\r';
    const char line_end = ends_with_cr ? '\r' : '\n';
    std::size_t line = 0;
    for_each_piece(bytes.substr(0, offset), line_end,
                   [&](std::string_view, std::size_t begin) { line = begin; });
    const auto id_at = [&](std::size_t begin) {
        begin += begin < bytes.size() && bytes[begin] == '\n' ? 1U : 0U;
        const std::string_view start = bytes.substr(begin, 4);
        const bool is_name = start.size() == 4 && start[3] == bytes[3] &&
                             std::all_of(start.begin(), start.begin() + 3, [](char c) {
                                 return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                             });
        return is_name ? start.substr(0, 3) : std::string_view{};
    };
    const std::string_view id = id_at(line);
    if (id.empty()) {
        return {};
    }
    std::size_t occurrence = 0;
    for_each_piece(bytes.substr(0, offset), line_end, [&](std::string_view, std::size_t begin) {
        occurrence += id_at(begin) == id ? 1U : 0U;
    });
    const std::string_view before = bytes.substr(line, offset - line);
    const auto fields = std::count(before.begin(), before.end(), bytes[3]) + (id == "MSH" ? 1 : 0);
    return occurrence == 1 ? fmt::format("{}-{}", id, fields)
                           : fmt::format("{}[{}]-{}", id, occurrence, fields);
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

Converted convert(std::string_view bytes, Charset charset) {
    if (charset == Charset::utf_8) {
        if (const std::optional<std::size_t> bad = first_invalid_utf8(bytes)) {
            return {{}, bad};
        }
        return {std::string(bytes), std::nullopt};
    }
    const std::size_t high = first_high_byte(bytes);
    if (high == bytes.size()) {
        return {std::string(bytes), std::nullopt};
    }
    switch (charset) {
        case Charset::ascii:
            return {{}, high};
        case Charset::iso_8859_1:
            return {from_iso_8859_1(bytes), std::nullopt};
        case Charset::gb_18030:
            return from_gb_18030(bytes);
        case Charset::utf_8:
            break;
    }
    return {{}, high};
}

}  // namespace

bool is_wide_charset_name(std::string_view name);  // charset_names.cpp

Result<Decoded> decode_message(std::string_view bytes, Charset fallback) {
    if (looks_wide(bytes)) {
        return fail(Code::charset_not_on_mllp, {"", 0});
    }
    Decoded decoded;
    decoded.charset = fallback;
    const std::size_t mark = bytes.substr(0, 3) == kUtf8Mark ? kUtf8Mark.size() : 0;
    const std::string_view body = bytes.substr(mark);
    const bool has_header = body.substr(0, 3) == "MSH";
    const std::string_view name =
        has_header && mark == 0 ? declared_name(body, fallback) : std::string_view{};
    if (mark != 0) {
        decoded.charset = Charset::utf_8;
        decoded.declared = true;
    } else if (!name.empty()) {
        const auto name_offset = static_cast<std::size_t>(name.data() - bytes.data());
        const std::optional<Charset> charset = charset_from_name(name);
        if (!charset) {
            return fail(
                is_wide_charset_name(name) ? Code::charset_not_on_mllp : Code::charset_unknown,
                {"MSH-18", name_offset});
        }
        decoded.charset = *charset;
        decoded.declared = true;
    }
    Converted converted = convert(body, decoded.charset);
    // MLLP's own control characters are data in no character set.
    const std::size_t limit = converted.bad.value_or(body.size());
    const std::size_t bad = find_either(body.substr(0, limit), '\x0b', '\x1c');
    if (bad < body.size()) {
        if (!has_header) {
            return fail(Code::msh_missing, {"", 0});
        }
        return fail(Code::charset_invalid_bytes, {place_in_bytes(body, bad), mark + bad},
                    fmt::format("{}", hl7_name(decoded.charset)));
    }
    decoded.text = std::move(converted.text);
    return decoded;
}

std::optional<std::string> decode_text(std::string_view bytes, Charset charset) {
    Converted converted = convert(bytes, charset);
    return converted.bad ? std::nullopt : std::optional(std::move(converted.text));
}

std::optional<std::string> encode_text(std::string_view utf8, Charset charset) {
    if (charset == Charset::utf_8 || first_high_byte(utf8) == utf8.size()) {
        return std::string(utf8);
    }
    switch (charset) {
        case Charset::ascii:
            return std::nullopt;
        case Charset::iso_8859_1:
            return to_iso_8859_1(utf8);
        case Charset::gb_18030: {
            Converted converted = to_gb_18030(utf8);
            return converted.bad ? std::nullopt : std::optional(std::move(converted.text));
        }
        case Charset::utf_8:
            break;
    }
    return std::string(utf8);
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
