#include <string>
#include <string_view>

#include "labrelay/hl7/charset.hpp"

namespace labrelay::hl7 {
namespace {

constexpr unsigned kBytes = 256;

bool falls_back(std::string_view bytes, const CharsetDefault& undeclared) {
    std::string message = "MSH|^~\\&\rPID|";
    message += bytes;
    const Result<Decoded> decoded = decode_message(message, undeclared);
    return decoded && decoded->fell_back;
}

std::string text_of(std::initializer_list<unsigned> bytes) {
    std::string text;
    for (const unsigned byte : bytes) {
        text += static_cast<char>(byte);
    }
    return text;
}

}  // namespace

// Tried and not reasoned: one, two and three bytes of every beginning, a character of four bytes of
// each set that has them, and the escape sequences of ISO 2022.
bool fallback_can_help(const CharsetDefault& undeclared) {
    for (const std::string_view text :
         {"\x1b$B0!\x1b(B", "\x1b(I1\x1b(B", "\x1b$(D0!\x1b(B", "\xf0\xa0\x80\x80",
          "\x81\x30\x81\x30", "\x8e\xa2\xa1\xa1"}) {
        if (falls_back(text, undeclared)) {
            return true;
        }
    }
    for (unsigned first = 0x80; first < kBytes; ++first) {
        if (falls_back(text_of({first}), undeclared)) {
            return true;
        }
        for (unsigned second = 0x21; second < kBytes; ++second) {
            if (falls_back(text_of({first, second}), undeclared) ||
                (first >= 0xE0 && falls_back(text_of({first, second, 0xA0}), undeclared))) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace labrelay::hl7
