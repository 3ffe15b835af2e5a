#include "read_setting.hpp"

namespace labrelay::app {

bool read_seconds(std::string_view text, std::chrono::milliseconds& duration) {
    constexpr std::int64_t kTenYears = 3650 * std::int64_t{86'400};
    return read_count<std::chrono::seconds>(text, duration, 1, kTenYears);
}

bool read_days(std::string_view text, std::chrono::days& duration) {
    return read_count<std::chrono::days>(text, duration, 0, 3650);
}

bool read_text(std::string_view text, std::string& value) {
    value = text;
    return !text.empty();
}

bool read_path(std::string_view text, std::filesystem::path& path) {
    path = text;
    return !text.empty();
}

bool read_bool(std::string_view text, bool& flag) {
    if (text != "yes" && text != "no") {
        return false;
    }
    flag = text == "yes";
    return true;
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const std::size_t blank = text.find(' ');
        if (blank != 0) {
            words.push_back(text.substr(0, blank));
        }
        text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    }
    return words;
}

}  // namespace labrelay::app
