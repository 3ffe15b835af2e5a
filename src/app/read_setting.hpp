#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace labrelay::app {

// One value as a settings file or `--set` writes it. False: the text is no such value.

template <class Number>
bool read_number(std::string_view text, Number& number, Number least,
                 Number most = std::numeric_limits<Number>::max()) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
        return false;
    }
    number = value;
    return true;
}

/// A whole number of `Unit`.
template <class Unit, class Duration>
bool read_count(std::string_view text, Duration& duration, std::int64_t least = 1,
                std::int64_t most = 100'000) {
    std::int64_t count = 0;
    if (!read_number<std::int64_t>(text, count, least, most)) {
        return false;
    }
    duration = Unit(count);
    return true;
}

/// Up to ten years.
bool read_seconds(std::string_view text, std::chrono::milliseconds& duration);
/// None, or up to ten years.
bool read_days(std::string_view text, std::chrono::days& duration);
/// Anything but nothing.
bool read_text(std::string_view text, std::string& value);
bool read_path(std::string_view text, std::filesystem::path& path);
/// `yes` or `no`.
bool read_bool(std::string_view text, bool& flag);

/// Separated by blanks.
std::vector<std::string_view> words_of(std::string_view text);

}  // namespace labrelay::app
