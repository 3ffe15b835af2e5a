#include "sameness.hpp"

#include <string>

#include "labrelay/crypto/digest.hpp"

namespace labrelay::pipeline {

std::array<std::uint8_t, 32> sameness_of(const hl7::Message& message) {
    const std::string_view text = message.text();
    std::string lasting;
    lasting.reserve(text.size());
    std::size_t copied = 0;
    for (const std::size_t number : {std::size_t{7}, std::size_t{8}, std::size_t{13}}) {
        const hl7::Element field = message.header().field(number);
        if (field.offset() != Place::kNoOffset) {
            lasting += text.substr(copied, field.offset() - copied);
            copied = field.offset() + field.raw().size();
        }
    }
    lasting += text.substr(copied);
    return crypto::sha256(lasting);
}

std::array<std::uint8_t, 32> sameness_of(std::string_view bytes) {
    return crypto::sha256(bytes);
}

}  // namespace labrelay::pipeline
