#include "sameness.hpp"

#include <string>

#include "labrelay/crypto/digest.hpp"

namespace labrelay::pipeline {

std::array<std::uint8_t, 32> sameness_of(const hl7::Message& message) {
    const hl7::Segment header = message.header();
    const std::string_view text = message.text();
    const std::size_t end = header.offset() + header.raw().size();
    std::string lasting;
    lasting.reserve(text.size());
    std::size_t copied = 0;
    for (const std::size_t number : {std::size_t{7}, std::size_t{8}, std::size_t{13}}) {
        const hl7::Element field = header.field(number);
        if (field.offset() != Place::kNoOffset) {
            lasting += text.substr(copied, field.offset() - copied);
            copied = field.offset() + field.raw().size();
        }
    }
    lasting += text.substr(copied, end - copied);
    // A field that is left out and one that was never written are the same.
    while (!lasting.empty() && lasting.back() == message.delimiters().field) {
        lasting.pop_back();
    }
    lasting += text.substr(end);
    return crypto::sha256(lasting);
}

std::array<std::uint8_t, 32> sameness_of(std::string_view bytes) {
    return crypto::sha256(bytes);
}

}  // namespace labrelay::pipeline
