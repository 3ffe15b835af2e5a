#include "charset_convert.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include <iconv.h>

#include "scan.hpp"

namespace labrelay::hl7 {
namespace {

constexpr char kEscape = '\x1b';
/// Code page 932: JIS X 0201 and JIS X 0208 with 0x5C and 0x7E as ASCII has them.
constexpr const char* kWindowsJapanese = "WINDOWS-31J";

/// What iconv calls it; nothing where it is not iconv's affair.
const char* iconv_name(Charset charset) {
    switch (charset) {
        case Charset::ascii:
        case Charset::utf_8:
            return nullptr;
        case Charset::iso_8859_1:
            return "ISO-8859-1";
        case Charset::iso_8859_2:
            return "ISO-8859-2";
        case Charset::iso_8859_3:
            return "ISO-8859-3";
        case Charset::iso_8859_4:
            return "ISO-8859-4";
        case Charset::iso_8859_5:
            return "ISO-8859-5";
        case Charset::iso_8859_6:
            return "ISO-8859-6";
        case Charset::iso_8859_7:
            return "ISO-8859-7";
        case Charset::iso_8859_8:
            return "ISO-8859-8";
        case Charset::iso_8859_9:
            return "ISO-8859-9";
        case Charset::iso_8859_15:
            return "ISO-8859-15";
        case Charset::windows_1252:
            return "CP1252";
        case Charset::gb_18030:
            return "GB18030";
        case Charset::big_5:
            return "BIG5";
        case Charset::cns_11643:
            return "EUC-TW";
        case Charset::ks_x_1001:
            return "UHC";
        case Charset::shift_jis:
        case Charset::jis_x_0201:
            return kWindowsJapanese;
        case Charset::iso_2022_jp:
        case Charset::iso_2022_jp_kana:
            return "ISO-2022-JP-2";
    }
    return nullptr;
}

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
        bool flushing = in_left == 0;
        for (;;) {
            char* out = output.data() + written;
            std::size_t out_left = output.size() - written;
            // The last call, without input, writes the way back to ASCII.
            const std::size_t result = iconv(handle_, flushing ? nullptr : &in,
                                             flushing ? nullptr : &in_left, &out, &out_left);
            written = output.size() - out_left;
            if (result != static_cast<std::size_t>(-1)) {
                if (flushing) {
                    break;
                }
                flushing = true;
            } else if (errno == E2BIG) {
                output.resize(output.size() * 2);
            } else {
                output.resize(written);
                return {std::move(output), bytes.size() - in_left};
            }
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

Iconv& reader_of(Charset charset) {
    thread_local std::array<std::unique_ptr<Iconv>, kCharsetCount> open;
    std::unique_ptr<Iconv>& conversion = open.at(static_cast<std::size_t>(charset));
    if (!conversion) {
        conversion = std::make_unique<Iconv>("UTF-8", iconv_name(charset));
    }
    return *conversion;
}

Iconv& writer_of(Charset charset) {
    thread_local std::array<std::unique_ptr<Iconv>, kCharsetCount> open;
    std::unique_ptr<Iconv>& conversion = open.at(static_cast<std::size_t>(charset));
    if (!conversion) {
        conversion = std::make_unique<Iconv>(iconv_name(charset), "UTF-8");
    }
    return *conversion;
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

/// Offset of the first byte that JIS X 0201 has no character for.
std::size_t first_outside_jis_x_0201(std::string_view bytes) {
    const auto outside = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x80 && (byte < 0xA1 || byte > 0xDF);
    };
    return static_cast<std::size_t>(std::find_if(bytes.begin(), bytes.end(), outside) -
                                    bytes.begin());
}

Converted from_jis_x_0201(std::string_view bytes) {
    const std::size_t end = first_outside_jis_x_0201(bytes);
    Converted converted = reader_of(Charset::jis_x_0201).convert(bytes.substr(0, end));
    if (end < bytes.size() && !converted.bad) {
        converted.bad = end;
    }
    return converted;
}

/// Text in which escape sequences change the set. The one-byte sets are read here, so that a
/// backslash and a tilde stay what they are for HL7 after a return to JIS X 0201; the two-byte sets
/// are iconv's.
class Iso2022Reader {
public:
    Iso2022Reader(std::string_view bytes, Charset single) : bytes_(bytes), single_(single) {}

    Converted read() && {
        std::size_t begin = 0;
        while (begin < bytes_.size() && !result_.bad) {
            const std::size_t end = std::min(bytes_.find(kEscape, begin + 1), bytes_.size());
            piece(begin, bytes_.substr(begin, end - begin));
            begin = end;
        }
        return std::move(result_);
    }

private:
    /// From an escape sequence (or the text's start) to the next one.
    void piece(std::size_t begin, std::string_view piece) {
        if (piece.front() != kEscape) {
            append(to_utf8(piece, single_), begin);
            return;
        }
        const std::string_view sequence = piece.substr(1, 2);
        if (sequence == "(B" || sequence == "(J") {
            append(to_utf8(piece.substr(3), single_), begin + 3);
        } else if (sequence == "(I") {
            katakana(begin + 3, piece.substr(3));
        } else if (sequence.substr(0, 1) == "$") {
            append(reader_of(Charset::iso_2022_jp).convert(piece), begin);
        } else {
            result_.bad = begin;
        }
    }
    /// Half-width katakana as seven bits.
    void katakana(std::size_t begin, std::string_view piece) {
        std::string raised(piece);
        for (char& c : raised) {
            if (c > ' ') {
                c = static_cast<char>(static_cast<unsigned char>(c) | 0x80U);
            }
        }
        append(from_jis_x_0201(raised), begin);
    }
    void append(Converted converted, std::size_t begin) {
        result_.text += converted.text;
        if (converted.bad) {
            result_.bad = begin + *converted.bad;
        }
    }

    std::string_view bytes_;
    Charset single_;
    Converted result_;
};

/// The other way: runs of katakana as JIS X 0201 has them, all else as ISO-2022-JP-2.
Converted to_iso_2022_jp_kana(std::string_view utf8) {
    constexpr std::size_t kKatakanaBytes = 3;
    const auto is_katakana = [&](std::size_t at) {  // U+FF61 to U+FF9F
        const std::string_view c = utf8.substr(at, kKatakanaBytes);
        return (c >= "\xef\xbd\xa1" && c <= "\xef\xbd\xbf") ||
               (c >= "\xef\xbe\x80" && c <= "\xef\xbe\x9f");
    };
    Converted result;
    std::size_t begin = 0;
    while (begin < utf8.size() && !result.bad) {
        const bool katakana = is_katakana(begin);
        std::size_t end = begin;
        while (end < utf8.size() && is_katakana(end) == katakana) {
            end += katakana ? kKatakanaBytes : 1;
        }
        const Charset set = katakana ? Charset::jis_x_0201 : Charset::iso_2022_jp;
        Converted run = writer_of(set).convert(utf8.substr(begin, end - begin));
        result.text += run.text;
        if (run.bad) {
            result.bad = begin + *run.bad;
        }
        begin = end;
    }
    return result;
}

}  // namespace

ByteWidth byte_width(Charset charset) {
    switch (charset) {
        case Charset::gb_18030:
        case Charset::big_5:
        case Charset::ks_x_1001:
            return ByteWidth::pairs;
        case Charset::shift_jis:
            return ByteWidth::shift_jis;
        case Charset::iso_2022_jp:
        case Charset::iso_2022_jp_kana:
            return ByteWidth::iso_2022;
        case Charset::ascii:
        case Charset::iso_8859_1:
        case Charset::iso_8859_2:
        case Charset::iso_8859_3:
        case Charset::iso_8859_4:
        case Charset::iso_8859_5:
        case Charset::iso_8859_6:
        case Charset::iso_8859_7:
        case Charset::iso_8859_8:
        case Charset::iso_8859_9:
        case Charset::iso_8859_15:
        case Charset::windows_1252:
        case Charset::utf_8:
        case Charset::cns_11643:
        case Charset::jis_x_0201:
            return ByteWidth::single;
    }
    return ByteWidth::single;
}

Converted to_utf8(std::string_view bytes, Charset charset) {
    if (charset == Charset::utf_8) {
        const std::optional<std::size_t> bad = first_invalid_utf8(bytes);
        return {std::string(bytes.substr(0, bad.value_or(bytes.npos))), bad};
    }
    const std::size_t high = first_high_byte(bytes);
    const bool escapes =
        byte_width(charset) == ByteWidth::iso_2022 && bytes.find(kEscape) != std::string_view::npos;
    if (high == bytes.size() && !escapes) {
        return {std::string(bytes), std::nullopt};
    }
    switch (charset) {
        case Charset::ascii:
            return {std::string(bytes.substr(0, high)), high};
        case Charset::iso_8859_1:
            return {from_iso_8859_1(bytes), std::nullopt};
        case Charset::jis_x_0201:
            return from_jis_x_0201(bytes);
        case Charset::iso_2022_jp:
            return Iso2022Reader(bytes, Charset::ascii).read();
        case Charset::iso_2022_jp_kana:
            return Iso2022Reader(bytes, Charset::jis_x_0201).read();
        default:
            return reader_of(charset).convert(bytes);
    }
}

Converted from_utf8(std::string_view utf8, Charset charset) {
    if (charset == Charset::utf_8) {
        return {std::string(utf8), std::nullopt};
    }
    const std::size_t high = first_high_byte(utf8);
    if (high == utf8.size()) {
        return {std::string(utf8), std::nullopt};
    }
    switch (charset) {
        case Charset::ascii:
            return {{}, high};
        case Charset::iso_2022_jp_kana:
            return to_iso_2022_jp_kana(utf8);
        case Charset::jis_x_0201: {
            Converted converted = writer_of(charset).convert(utf8);
            const std::size_t outside = first_outside_jis_x_0201(converted.text);
            if (!converted.bad && outside < converted.text.size()) {
                converted.bad = outside;
            }
            return converted;
        }
        default:
            return writer_of(charset).convert(utf8);
    }
}

}  // namespace labrelay::hl7
