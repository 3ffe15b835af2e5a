#include "labrelay/crypto/random.hpp"

#include <sodium.h>

#include <vector>

#include "sodium.hpp"

namespace labrelay::crypto {

std::string random_hex(std::size_t bytes) {
    start_sodium();
    std::vector<unsigned char> random(bytes);
    randombytes_buf(random.data(), random.size());
    std::string text(bytes * 2 + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), random.data(), random.size());
    text.pop_back();
    return text;
}

}  // namespace labrelay::crypto
