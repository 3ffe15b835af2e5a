#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace labrelay::units {

/// A reported text made ready for the grammar: full-width and other look-alikes in ASCII, small
/// letters, superscripts as ^n, outer blanks gone and inner ones single; with the way back to the
/// bytes that were sent. Holds at most kMost bytes and allocates nothing, because every observation
/// passes here. `text` must outlive it.
class FoldedText {
public:
    static constexpr std::size_t kMost = 512;

    explicit FoldedText(std::string_view text);

    /// Byte of the sent text that is not UTF-8, or where it is too long to be a value.
    std::optional<std::size_t> unreadable_at() const { return unreadable_at_; }
    std::string_view view() const { return {folded_.data(), size_}; }

    /// Byte of the sent text that folded position `at` (size included) came from.
    std::size_t sent_offset(std::size_t at) const;
    /// What was sent where [begin, end) stands.
    std::string_view sent(std::size_t begin, std::size_t end) const;

private:
    void append(char c, std::size_t from);

    std::string_view text_;
    std::array<char, kMost> folded_;
    std::array<std::uint16_t, kMost> from_;
    std::size_t size_ = 0;
    std::size_t end_ = 0;  // of the sent text without its outer blanks
    std::optional<std::size_t> unreadable_at_;
};

/// Outer blanks of any width removed.
std::string_view trimmed(std::string_view text);

/// Compares without case and outer blanks, as FoldedText would make them.
bool same_words(std::string_view left, std::string_view right);

}  // namespace labrelay::units
