#include <algorithm>

#include "labrelay/hl7/escape.hpp"
#include "labrelay/hl7/message.hpp"
#include "scan.hpp"

namespace labrelay::hl7 {
namespace {

constexpr std::string_view kNull = "\"\"";

}  // namespace

Presence Element::presence() const {
    if (notation_ == nullptr) {
        return Presence::absent;
    }
    if (literal_) {
        return Presence::value;
    }
    const Delimiters& d = notation_->delimiters;
    const auto separates = [&](char c) {
        return (c == d.subcomponent && level_ <= Level::component) ||
               (c == d.component && level_ <= Level::repetition) ||
               (c == d.repetition && level_ == Level::field);
    };
    // Trailing separators say nothing: `^^` is as empty as nothing, `""^^` as null as `""`.
    std::size_t end = raw_.size();
    while (end > 0 && separates(raw_[end - 1])) {
        --end;
    }
    if (end == 0) {
        return Presence::empty;
    }
    return raw_.substr(0, end) == kNull ? Presence::null : Presence::value;
}

Element Element::nth(std::size_t number, char separator, Level level) const {
    std::size_t begin = 0;
    for (std::size_t skip = 1; skip < number; ++skip) {
        const std::size_t end = separator == 0 ? raw_.npos : raw_.find(separator, begin);
        if (end == raw_.npos) {
            return {};
        }
        begin = end + 1;
    }
    const std::size_t end = separator == 0 ? raw_.npos : raw_.find(separator, begin);
    const std::size_t length = (end == raw_.npos ? raw_.size() : end) - begin;
    return {raw_.substr(begin, length), offset_ + begin, notation_, level, false};
}

std::size_t Element::count(char separator) const {
    if (raw_.empty()) {
        return 0;
    }
    if (separator == 0 || literal_) {
        return 1;
    }
    return 1 + static_cast<std::size_t>(std::count(raw_.begin(), raw_.end(), separator));
}

std::vector<Element> Element::split(char separator, Level level) const {
    std::vector<Element> pieces;
    if (raw_.empty()) {
        return pieces;
    }
    for_each_piece(raw_, separator, [&](std::string_view piece, std::size_t at) {
        pieces.push_back(Element{piece, offset_ + at, notation_, level, false});
    });
    return pieces;
}

std::size_t Element::repetition_count() const {
    const bool splits = level_ == Level::field && notation_ != nullptr;
    return count(splits ? notation_->delimiters.repetition : '\0');
}

Element Element::repetition(std::size_t number) const {
    if (notation_ == nullptr || number == 0) {
        return {};
    }
    if (literal_ || level_ != Level::field) {
        return number == 1 ? *this : Element{};
    }
    return nth(number, notation_->delimiters.repetition, Level::repetition);
}

std::size_t Element::component_count() const {
    if (level_ == Level::field && !literal_) {
        const Element first = repetition(1);
        return first.count(notation_ == nullptr ? '\0' : notation_->delimiters.component);
    }
    const bool splits = level_ == Level::repetition && notation_ != nullptr;
    return count(splits ? notation_->delimiters.component : '\0');
}

Element Element::component(std::size_t number) const {
    if (notation_ == nullptr || number == 0) {
        return {};
    }
    if (literal_ || level_ > Level::repetition) {
        return number == 1 ? *this : Element{};
    }
    if (level_ == Level::field) {
        return repetition(1).component(number);
    }
    return nth(number, notation_->delimiters.component, Level::component);
}

std::size_t Element::subcomponent_count() const {
    if (level_ <= Level::repetition && !literal_) {
        const Element first = component(1);
        return first.count(notation_ == nullptr ? '\0' : notation_->delimiters.subcomponent);
    }
    const bool splits = level_ == Level::component && notation_ != nullptr;
    return count(splits ? notation_->delimiters.subcomponent : '\0');
}

Element Element::subcomponent(std::size_t number) const {
    if (notation_ == nullptr || number == 0) {
        return {};
    }
    if (literal_ || level_ == Level::subcomponent) {
        return number == 1 ? *this : Element{};
    }
    if (level_ <= Level::repetition) {
        return component(1).subcomponent(number);
    }
    return nth(number, notation_->delimiters.subcomponent, Level::subcomponent);
}

std::vector<Element> Element::repetitions() const {
    if (notation_ == nullptr) {
        return {};
    }
    if (literal_ || level_ != Level::field) {
        return raw_.empty() ? std::vector<Element>{} : std::vector<Element>{*this};
    }
    return split(notation_->delimiters.repetition, Level::repetition);
}

std::vector<Element> Element::components() const {
    if (notation_ == nullptr) {
        return {};
    }
    if (literal_ || level_ > Level::repetition) {
        return raw_.empty() ? std::vector<Element>{} : std::vector<Element>{*this};
    }
    return repetition(1).split(notation_->delimiters.component, Level::component);
}

std::vector<Element> Element::subcomponents() const {
    if (notation_ == nullptr) {
        return {};
    }
    if (literal_ || level_ == Level::subcomponent) {
        return raw_.empty() ? std::vector<Element>{} : std::vector<Element>{*this};
    }
    return component(1).split(notation_->delimiters.subcomponent, Level::subcomponent);
}

std::string Element::text() const {
    if (notation_ == nullptr) {
        return {};
    }
    const std::string_view leaf = subcomponent(1).raw_;
    if (literal_) {
        return std::string(leaf);
    }
    return leaf == kNull ? std::string()
                         : unescape(leaf, notation_->delimiters, notation_->charset);
}

std::string Element::text_with_delimiters() const {
    if (notation_ == nullptr || presence() == Presence::null) {
        return {};
    }
    return literal_ ? std::string(raw_) : unescape(raw_, notation_->delimiters, notation_->charset);
}

bool Element::is_truncated() const {
    return notation_ != nullptr && notation_->delimiters.truncation != 0 && !literal_ &&
           !raw_.empty() && raw_.back() == notation_->delimiters.truncation;
}

}  // namespace labrelay::hl7
