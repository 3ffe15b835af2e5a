#pragma once

#include "labrelay/core/said.hpp"

namespace labrelay {

enum class Sentence : std::uint16_t {
#define LABRELAY_SENTENCE(name, english) name,
#include "labrelay/core/sentences.def"
#undef LABRELAY_SENTENCE
};

}  // namespace labrelay
