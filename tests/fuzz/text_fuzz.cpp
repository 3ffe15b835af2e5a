// Escapes and character sets: the first six bytes are delimiters, the rest is text.

#include "fuzz_target.hpp"
#include "labrelay/hl7/charset.hpp"
#include "labrelay/hl7/escape.hpp"

namespace {

using labrelay::fuzz::require;

/// Visible ASCII without letters and digits, each once: what MSH-2 can declare; 0 for the rest.
labrelay::hl7::Delimiters delimiters_from(std::string_view bytes) {
    constexpr std::string_view kPossible = "|^~\\&#!$%*+,-./:;<=>?@[]_`{}";
    std::string used;
    const auto next = [&](std::size_t i) {
        const auto index = static_cast<unsigned char>(bytes[i]) % (kPossible.size() + 1);
        const char c = index < kPossible.size() ? kPossible[index] : '\0';
        if (c == 0 || used.find(c) != used.npos) {
            return '\0';
        }
        used += c;
        return c;
    };
    return {next(0), next(1), next(2), next(3), next(4), next(5)};
}

void check_escapes(std::string_view text, const labrelay::hl7::Delimiters& delimiters) {
    using namespace labrelay::hl7;
    const std::string plain = unescape(text, delimiters);
    require(plain.size() <= text.size() * 100, "unescaping does not blow up");
    const auto unknown = find_unknown_escape(text, delimiters);
    require(!unknown || text[*unknown] == delimiters.escape,
            "an unknown escape begins with its mark");
    if (!first_invalid_utf8(text)) {
        require(!first_invalid_utf8(plain), "unescaping keeps UTF-8");
    }
    if (delimiters.escape != 0) {
        const std::string raw = escape(text, delimiters);
        require(unescape(raw, delimiters) == text, "what is escaped comes back");
        require(raw.find_first_of("\r\n\x0b\x1c") == raw.npos, "no line ends in an escaped text");
    }
}

void check_charsets(std::string_view bytes) {
    using namespace labrelay::hl7;
    for (const Charset charset :
         {Charset::ascii, Charset::iso_8859_1, Charset::utf_8, Charset::gb_18030}) {
        const auto text = decode_text(bytes, charset);
        if (!text) {
            continue;
        }
        require(!first_invalid_utf8(*text), "what is decoded is UTF-8");
        const auto back = encode_text(*text, charset);
        require(back == bytes, "what is decoded comes back");
    }
    if (!first_invalid_utf8(bytes)) {
        const auto gb = encode_text(bytes, Charset::gb_18030);
        require(!gb || decode_text(*gb, Charset::gb_18030) == bytes, "what is encoded comes back");
    }
    charset_from_name(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = labrelay::fuzz::as_text(data, size);
    check_charsets(input);
    if (size >= 6) {
        check_escapes(input.substr(6), delimiters_from(input));
    }
    check_escapes(input, labrelay::hl7::Delimiters{});
    return 0;
}
