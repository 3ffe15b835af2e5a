#include "folded_text.hpp"

#include <algorithm>

#include "look_alikes.hpp"

namespace labrelay::units {
namespace {

char small_letter(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// À … Þ: their small letters differ in one bit of the second byte.
bool is_capital_latin1(char32_t value) {
    return value >= U'\u00C0' && value <= U'\u00DE' && value != U'\u00D7';
}

}  // namespace

FoldedText::FoldedText(std::string_view text) : text_(text) {
    bool in_superscript = false;
    for (std::size_t at = 0; at < text.size();) {
        // Nearly every character is one that folds to itself or to its small letter.
        if (text[at] > ' ' && text[at] < '\x7f' && at < kMost) {
            append(small_letter(text[at]), at);
            in_superscript = false;
            end_ = ++at;
            continue;
        }
        const CodePoint point = code_point_at(text, at);
        if (point.length == 0 || at + point.length > kMost) {
            unreadable_at_ = at;
            return;
        }
        const std::string_view bytes = text.substr(at, point.length);
        const std::string_view look_alike = ascii_look_alike(point.value);
        const std::string_view meant = look_alike.empty() ? bytes : look_alike;
        const char superscript = superscript_meaning(point.value);
        if (superscript != '\0') {
            if (!in_superscript) {
                append('^', at);
            }
            append(superscript, at);
        } else if (meant == " ") {
            if (size_ != 0 && folded_[size_ - 1] != ' ') {
                append(' ', at);
            }
        } else if (is_capital_latin1(point.value)) {
            append(bytes[0], at);
            append(static_cast<char>(static_cast<unsigned char>(bytes[1]) | 0x20U), at);
        } else {
            for (const char c : meant) {
                append(small_letter(c), at);
            }
        }
        in_superscript = superscript != '\0';
        at += point.length;
        end_ = meant == " " ? end_ : at;
    }
    if (size_ != 0 && folded_[size_ - 1] == ' ') {
        --size_;
    }
}

// No character grows by folding, so what fits before fits after.
void FoldedText::append(char c, std::size_t from) {
    folded_[size_] = c;
    from_[size_] = static_cast<std::uint16_t>(from);
    ++size_;
}

std::size_t FoldedText::sent_offset(std::size_t at) const {
    return at < size_ ? from_[at] : std::min(end_, text_.size());
}

std::string_view FoldedText::sent(std::size_t begin, std::size_t end) const {
    const std::size_t first = sent_offset(begin);
    return trimmed(text_.substr(first, sent_offset(end) - first));
}

std::string_view trimmed(std::string_view text) {
    const auto is_blank = [&text](std::size_t at) {
        return text[at] == ' ' || ascii_look_alike(code_point_at(text, at).value) == " ";
    };
    while (!text.empty() && is_blank(0)) {
        text.remove_prefix(code_point_at(text, 0).length);
    }
    while (!text.empty()) {
        std::size_t last = text.size() - 1;
        while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0U) == 0x80U) {
            --last;
        }
        const CodePoint point = code_point_at(text, last);
        if (point.length != text.size() - last || !is_blank(last)) {
            break;
        }
        text.remove_suffix(point.length);
    }
    return text;
}

bool same_words(std::string_view left, std::string_view right) {
    left = trimmed(left);
    right = trimmed(right);
    if (is_ascii(left) && is_ascii(right)) {
        return std::ranges::equal(left, right, {}, small_letter, small_letter);
    }
    const FoldedText folded_left(left);
    const FoldedText folded_right(right);
    return !folded_left.unreadable_at() && !folded_right.unreadable_at() &&
           folded_left.view() == folded_right.view();
}

}  // namespace labrelay::units
