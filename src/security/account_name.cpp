#include "labrelay/security/account_name.hpp"

#include <algorithm>

namespace labrelay::security {
namespace {

constexpr std::size_t kShortest = 2;
constexpr std::size_t kLongest = 64;

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

Result<std::string> account_name(std::string_view text) {
    std::string name(text);
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    const bool fits =
        name.size() >= kShortest && name.size() <= kLongest && is_letter_or_digit(name.front()) &&
        std::ranges::all_of(name, [](char c) {
            return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-' || c == '@';
        });
    if (!fits) {
        return fail(Code::body_bad, Place{"name"},
                    "2 to 64 letters, digits, '.', '_', '-' or '@', a letter or digit first");
    }
    return name;
}

}  // namespace labrelay::security
