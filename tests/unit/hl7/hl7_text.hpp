#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "labrelay/hl7/message.hpp"

namespace labrelay::hl7 {

inline constexpr std::string_view kMshOru =
    "MSH|^~\\&|ANALYZER|LAB|LABRELAY|TRIAL|20260301080000||ORU^R01^ORU_R01|C1|P|2.5.1";

/// Segments joined by CR, each ended.
inline std::string text_of(std::initializer_list<std::string_view> segments) {
    std::string text;
    for (const std::string_view segment : segments) {
        text += segment;
        text += '\r';
    }
    return text;
}

/// A message that must parse.
inline Message parsed(std::string text) {
    Result<Message> message = Message::parse(std::move(text));
    if (!message) {
        ADD_FAILURE() << describe(message.error());
        return Message::parse(std::string(kMshOru)).value();
    }
    return std::move(message).value();
}

inline Message parsed(std::initializer_list<std::string_view> segments) {
    return parsed(text_of(segments));
}

}  // namespace labrelay::hl7
