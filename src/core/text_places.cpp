#include "labrelay/core/text_places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace labrelay {

TextPlaces::TextPlaces(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)), lines_{0} {
    for (std::size_t at = 0; at < text_.size(); ++at) {
        if (text_[at] == '\n') {
            lines_.push_back(at + 1);
        }
    }
}

Place TextPlaces::at(std::size_t offset) const {
    offset = std::min(offset, text_.size());
    const auto after = std::upper_bound(lines_.begin(), lines_.end(), offset);
    const auto line = static_cast<std::size_t>(after - lines_.begin());
    std::size_t column = 1;
    for (std::size_t at = lines_[line - 1]; at < offset; ++at) {
        const bool continues = (static_cast<unsigned char>(text_[at]) & 0xC0U) == 0x80U;
        column += continues ? 0 : 1;
    }
    return Place{fmt::format("{}:{}:{}", name_, line, column), offset};
}

}  // namespace labrelay
